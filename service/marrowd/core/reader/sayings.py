"""What a predicate says, as plain names; the reason is that of `kinds`."""

from marrowd.core.reader.predicates import Said

EDEMA = Said.EDEMA
NORMAL_MARROW = Said.NORMAL_MARROW
NORMAL = Said.NORMAL
SPARED = Said.SPARED
NOTHING = Said.NOTHING
