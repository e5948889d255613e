"""
The kinds of terms as plain names.

In Python 3.11 a member looked up on its enum costs fifteen times as much as a name of a module,
and the clause reader looks one up at every step.
"""

from marrowd.core.reader.vocabulary import Kind

BONE = Kind.BONE
HEAD = Kind.HEAD
ORDINAL = Kind.ORDINAL
JOINT = Kind.JOINT
REGION = Kind.REGION
PART = Kind.PART
SIDE = Kind.SIDE
EDEMA = Kind.EDEMA
MARROW = Kind.MARROW
SIGNAL = Kind.SIGNAL
HIGH = Kind.HIGH
SEQUENCE = Kind.SEQUENCE
NORMAL = Kind.NORMAL
NORMAL_MARROW = Kind.NORMAL_MARROW
SPARED = Kind.SPARED
SOFT = Kind.SOFT
DISEASE = Kind.DISEASE
NEGATED = Kind.NEGATED
POSSIBLE = Kind.POSSIBLE
HISTORICAL = Kind.HISTORICAL
HYPOTHETICAL = Kind.HYPOTHETICAL
CURRENT = Kind.CURRENT
EXCEPT = Kind.EXCEPT
NOT_IN = Kind.NOT_IN
OTHER = Kind.OTHER
GLOBAL = Kind.GLOBAL
ANSWER = Kind.ANSWER
DITTO = Kind.DITTO
ANAPHOR = Kind.ANAPHOR
ARTIFACT = Kind.ARTIFACT
BREAK = Kind.BREAK
VERB = Kind.VERB
JOIN = Kind.JOIN
WITH = Kind.WITH
PREPOSITION = Kind.PREPOSITION
OVER = Kind.OVER
THERE = Kind.THERE
RANGE = Kind.RANGE
SEVERITY = Kind.SEVERITY
OUT_OF_VIEW = Kind.OUT_OF_VIEW
VOID = Kind.VOID
NOTHING = Kind.NOTHING
