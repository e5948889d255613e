"""
The kinds of terms as plain names.

In Python 3.11 a member looked up on its enum costs fifteen times as much as a name of a module,
and the clause reader looks one up at every step. Their type is written out, so that mypyc knows it
in whatever order it goes through a circle of imports.
"""

from typing import Final

from marrowd.core.reader.vocabulary import Kind

BONE: Final[Kind] = Kind.BONE
HEAD: Final[Kind] = Kind.HEAD
ORDINAL: Final[Kind] = Kind.ORDINAL
JOINT: Final[Kind] = Kind.JOINT
REGION: Final[Kind] = Kind.REGION
PART: Final[Kind] = Kind.PART
SIDE: Final[Kind] = Kind.SIDE
EDEMA: Final[Kind] = Kind.EDEMA
MARROW: Final[Kind] = Kind.MARROW
SIGNAL: Final[Kind] = Kind.SIGNAL
HIGH: Final[Kind] = Kind.HIGH
SEQUENCE: Final[Kind] = Kind.SEQUENCE
NORMAL: Final[Kind] = Kind.NORMAL
NORMAL_MARROW: Final[Kind] = Kind.NORMAL_MARROW
SPARED: Final[Kind] = Kind.SPARED
SOFT: Final[Kind] = Kind.SOFT
DISEASE: Final[Kind] = Kind.DISEASE
NEGATED: Final[Kind] = Kind.NEGATED
POSSIBLE: Final[Kind] = Kind.POSSIBLE
HISTORICAL: Final[Kind] = Kind.HISTORICAL
HYPOTHETICAL: Final[Kind] = Kind.HYPOTHETICAL
CURRENT: Final[Kind] = Kind.CURRENT
EXCEPT: Final[Kind] = Kind.EXCEPT
NOT_IN: Final[Kind] = Kind.NOT_IN
OTHER: Final[Kind] = Kind.OTHER
GLOBAL: Final[Kind] = Kind.GLOBAL
ANSWER: Final[Kind] = Kind.ANSWER
DITTO: Final[Kind] = Kind.DITTO
ANAPHOR: Final[Kind] = Kind.ANAPHOR
ARTIFACT: Final[Kind] = Kind.ARTIFACT
BREAK: Final[Kind] = Kind.BREAK
VERB: Final[Kind] = Kind.VERB
JOIN: Final[Kind] = Kind.JOIN
WITH: Final[Kind] = Kind.WITH
PREPOSITION: Final[Kind] = Kind.PREPOSITION
OVER: Final[Kind] = Kind.OVER
THERE: Final[Kind] = Kind.THERE
RANGE: Final[Kind] = Kind.RANGE
SEVERITY: Final[Kind] = Kind.SEVERITY
OUT_OF_VIEW: Final[Kind] = Kind.OUT_OF_VIEW
VOID: Final[Kind] = Kind.VOID
NOTHING: Final[Kind] = Kind.NOTHING
