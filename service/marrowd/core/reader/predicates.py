"""A predicate: one thing said of marrow, the bones it is said of, and the cues that bear on it."""

from dataclasses import dataclass, field
from enum import StrEnum

from marrowd.core.reader.pieces import Piece
from marrowd.core.reading import Certainty, Severity


class Said(StrEnum):
    """What a predicate says of its bones."""

    EDEMA = "edema"
    NORMAL_MARROW = "normal_marrow"
    NORMAL = "normal"  # of a bone, without a word on marrow
    SPARED = "spared"
    NOTHING = "nothing"  # "marrow signal" whose adjective has not come yet


@dataclass(slots=True)
class Predicate:
    """What is said, from word `first` to `last`, end exclusive, and of which bones."""

    said: Said
    first: int
    last: int
    strong: bool = False
    negated: bool = False
    possible: bool = False
    historical: bool = False
    resolved: bool = False
    current: bool = False
    hypothetical: bool = False
    other_person: bool = False
    dropped: str = ""
    elliptic: bool = False
    points_back: bool = False
    is_fluid: bool = False  # "T2 signal", with no adjective so far
    fallback: list[Piece] = field(default_factory=list)
    clause: int = 0
    severity: Severity | None = None
    bones: list[Piece] = field(default_factory=list)
    opposite: list[Piece] = field(default_factory=list)  # "except": the other way round
    denied: list[Piece] = field(default_factory=list)  # "but not": negated
    needs_bones: bool = False
    is_timed: bool = False  # "in August": historical unless a verb says it is so now
    is_that: bool = False  # "that of the talus": the same as before unless more is said
    is_signal: bool = False  # brightness, with no word on marrow
    denied_after: bool = False
    opens: int = -1  # where the cues before it open
    is_item: bool = False  # of a tally: "talus, moderate; calcaneus, none"
    is_artifact: bool = False  # an innocent explanation stands beside it
    rules: list[str] = field(default_factory=list)

    def certainty(self) -> Certainty | None:  # noqa: PLR0911 -- one case after the other
        """Weigh the cues; `None` when the predicate says nothing of this patient's marrow now."""
        if self.dropped or self.hypothetical:
            return None
        if self.said is Said.NOTHING and not self.is_fluid:
            return None
        if self.other_person:
            return None
        if self.resolved:
            return Certainty.HISTORICAL
        if self.said not in (Said.EDEMA, Said.NOTHING):
            return None if self.historical and not self.current else Certainty.NEGATED
        if self.negated and self.denied_after and self.historical:
            return Certainty.HISTORICAL
        if self.negated:
            return None if self.historical and not self.current else Certainty.NEGATED
        if self.historical and not self.current:
            return Certainty.HISTORICAL
        return Certainty.POSSIBLE if self.possible else Certainty.AFFIRMED

    def why_not(self) -> str:
        """Say why a predicate says nothing, for `explain`; "" when it says something."""
        if self.dropped:
            return self.dropped
        if self.other_person:
            return "of another person"
        if self.hypothetical:
            return "only considered"
        if self.said is Said.NOTHING:
            return "marrow or signal without a finding"
        if self.historical and not self.current:
            return "free of edema on an earlier study only"
        return ""
