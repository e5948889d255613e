"""
Why something could not be read: the closed list of the `screen` contract.

Only those that this room gives. Plain strings, because facts are stored and printed as they are.
"""

from typing import Final

SCAN: Final = "scan"  # pages without a text layer
LANGUAGE: Final = "language"  # one that the report reader does not know
NO_TEXT: Final = "no_text"  # nothing there, or nothing that describes bone, joint or soft tissue
TYPE: Final = "type"  # a media type that is not read
NOT_FETCHED: Final = "not_fetched"  # content that nobody could get
BROKEN: Final = "broken"  # content that is not what it says it is, or too large
VALUE: Final = "value"
UNIT: Final = "unit"
IMPLAUSIBLE: Final = "implausible"
RESOURCE: Final = "resource"  # no usable id, or no patient to be found
