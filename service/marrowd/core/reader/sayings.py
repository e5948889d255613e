"""What a predicate says, as plain names; the reason is that of `kinds`."""

from typing import Final

from marrowd.core.reader.predicates import Said

EDEMA: Final[Said] = Said.EDEMA
NORMAL_MARROW: Final[Said] = Said.NORMAL_MARROW
NORMAL: Final[Said] = Said.NORMAL
SPARED: Final[Said] = Said.SPARED
NOTHING: Final[Said] = Said.NOTHING
