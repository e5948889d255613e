"""The state of the clause reader while it goes through a sentence, and what every step shares."""

from itertools import pairwise

from marrowd.core.reader import kinds, sayings
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.predicates import Predicate, Said
from marrowd.core.reader.steps import Steps
from marrowd.core.reader.subjects import Subjects
from marrowd.core.reader.vocabulary import Kind
from marrowd.core.reading import Severity

# "altered signal, likely marrow edema": the signal itself is not in doubt
_KEEPS_SIGNAL = frozenset({"likely", "probably", "probable", "possibly", "presumably", "most"})
_SETS_APART = frozenset({",", "(", "-", "\u2013", "\u2014"})
_NEAR = 12  # words
_EMPTY = frozenset(
    """
    not no any at all either such this that it of the these them today now here show shows showing
    demonstrate exhibit display contain have reveal share same one similar
    """.split()
)
_OLD = frozenset({"old", "prior", "previous", "former", "past", "earlier"})
_FREE = frozenset({"free", "devoid", "void", "without", "lacks", "lack", "lacking"})
_GOES_ON = frozenset({"of", "to", "at", "in", "on", "and", "or", "with"})
_BE = frozenset({"is", "are", "was", "were", "does", "do", "did"})
_FREED = frozenset({sayings.NORMAL_MARROW, sayings.SPARED})
_OF_SUBJECT = frozenset(
    {
        "but",
        "although",
        "though",
        "yet",
        "albeit",
        "of",
        "with",
        "its",
        "their",
        "has",
        "have",
        "is",
    }
)
_STAYS = frozenset({"remains", "remain", "remained", "stays", "stay", "endures"})


def _weigh_together(predicates: list[Predicate]) -> None:
    """Read what one predicate of a sentence says of another."""
    first = predicates[0]
    if first.is_that and first.current and first.bones:
        first.said = sayings.EDEMA  # "that of the cuboid is still visible"
    if len(predicates) == 1:
        return
    if any(p.possible and p.is_artifact for p in predicates[1:]):
        for predicate in predicates:
            left_open = predicate.said is sayings.EDEMA and not predicate.strong
            predicate.possible = predicate.possible or left_open
    _weigh_named_again(predicates)
    for before, predicate in pairwise(predicates):
        if predicate.is_that and predicate.said is sayings.NOTHING:
            predicate.said, predicate.possible = before.said, before.possible
            predicate.negated = before.negated and not predicate.current


def _weigh_named_again(predicates: list[Predicate]) -> None:
    """Read an edema without bones of its own by what was said of it before."""
    first = predicates[0]
    is_either = first.possible and first.is_artifact  # "either red marrow or edema"
    is_gone = False
    for predicate in predicates:
        if predicate.bones:
            is_gone = is_gone or predicate.resolved
        elif predicate.said is sayings.EDEMA and predicate is not first:
            predicate.possible = predicate.possible or is_either
            if is_gone and not (predicate.elliptic or predicate.current or predicate.negated):
                predicate.resolved = True  # "is normal since the scan that showed edema"


class ClauseState(Subjects):
    """Bones waiting, the predicate open, the cues that reach forward, and what was found."""

    __slots__ = (
        "_asks_course",
        "_beside",
        "_carried",
        "_excepted",
        "_forward",
        "_historical_at",
        "_is_whole",
        "_join_at",
        "_loose",
        "_mass",
        "_moves",
        "_negated_at",
        "_noun_at",
        "_nouns",
        "_open",
        "_other_at",
        "_over",
        "_over_at",
        "_past",
        "_possible_at",
        "_present",
        "_severity",
        "_turn",
        "_verb_at",
        "_waiting",
        "_with_at",
        "artifact",
        "clause",
        "cues",
        "excluded",
        "is_cell",
        "is_global",
        "joint",
        "latest",
        "mentioned",
        "opens_row",
        "points_back",
        "predicates",
        "previous",
        "row",
        "says_resolved",
        "skips_others",
        "soft_row",
        "topic",
        "voids",
    )

    def __init__(
        self,
        words: list[str],
        last: int,
        pieces: list[Piece],
        *,
        row: list[Piece],
        previous: Predicate | None,
        opens_row: bool,
        topic: bool,
        is_cell: bool = False,
    ) -> None:
        self.words = words
        self.last = last
        self.pieces = pieces
        self.topic = topic
        self.previous = previous
        self.latest: Predicate | None = None  # of the row before, though it named no finding
        self.row = row
        self.opens_row = opens_row
        self.is_cell = is_cell
        self.predicates: list[Predicate] = []
        self.excluded: list[Piece] = []
        self.mentioned: list[Piece] = []
        self.cues: list[Piece] = []
        self._waiting: list[Piece] = []
        self._loose: list[Piece] = []
        self._excepted: list[Piece] = []
        self._carried: list[Piece] = []
        self._forward: dict[Kind, str] = {}
        self.artifact: Kind | None = None
        self.joint: Piece | None = None
        self._open: Predicate | None = None
        self._turn: Kind | None = None
        self._severity: Severity | None = None
        self._beside: Piece | None = None  # a bone that a soft tissue lies over
        self.clause = self._nouns = 0
        self._verb_at = self._with_at = self._join_at = self._noun_at = -1
        self._negated_at = self._possible_at = self._over_at = self._other_at = -1
        self._historical_at = -1
        self.points_back = self.is_global = self.skips_others = self.says_resolved = False
        self.voids = self.soft_row = self._over = self._past = self._present = self._mass = False
        self._moves = False  # "has moved from the talus to the cuboid"
        self._asks_course = False  # "whether the edema will progress cannot be said"
        self._is_whole = False  # "improbable that ...": the cue reaches to the end of its clause

    def _go_through(self, steps: Steps) -> None:
        for place, piece in enumerate(self.pieces):
            kind = piece.kind
            if kind in steps:
                steps[kind](self, place, piece)
        self._end_clause(self.last)
        if self.words[self.last - 1] == "there":
            self.points_back = True  # "no edema is seen there"
        if self.predicates:
            self._round_off(self.predicates)

    def _round_off(self, predicates: list[Predicate]) -> None:
        """Read of each predicate what only the whole sentence tells."""
        for predicate in predicates:
            if self.points_back:
                predicate.points_back = True
            if predicate.opposite and not (predicate.bones or predicate.elliptic):
                predicate.bones = list(self.row)  # "Midfoot: edema except in the cuboid"
            if self.is_global:
                predicate.points_back = False
            if predicate.fallback and not predicate.bones:
                self._give_subject(predicate)
            if predicate.is_timed and not self._present:
                predicate.historical = True
            is_hinted = predicate.said is sayings.NOTHING and predicate.possible
            if is_hinted and (predicate.bones or predicate.fallback):
                predicate.said = sayings.EDEMA
        _weigh_together(predicates)

    def _give_subject(self, predicate: Predicate) -> None:
        """Say of its subject what an adjective parts from it: "bowed but of normal marrow"."""
        if predicate.said not in _FREED or self.is_global or self.skips_others:
            return
        if self.words[predicate.first - 1] in _OF_SUBJECT:
            predicate.bones = list(predicate.fallback)

    def _say(
        self, said: Said, piece: Piece, *, strong: bool = False, elliptic: bool = False
    ) -> Predicate:
        before = self._open
        forward = self._forward
        new = Predicate(
            said,
            piece.first,
            piece.last,
            strong,
            negated=kinds.NEGATED in forward,
            possible=kinds.POSSIBLE in forward and not self._is_apposition(before),
            historical=kinds.HISTORICAL in forward
            and (forward[kinds.HISTORICAL] != "when" or self._past),
            current=kinds.CURRENT in forward,
            is_timed=forward.get(kinds.HISTORICAL) == "when",
            hypothetical=kinds.HYPOTHETICAL in forward,
            other_person=forward.get(kinds.HYPOTHETICAL) == "other_person",
            elliptic=elliptic,
            clause=self.clause,
            fallback=self._carried,
            severity=self._severity,
            rules=[piece.term.rule, *filter(None, forward.values())],
        )
        if kinds.CURRENT in forward:
            new.historical = False
        new.opens = self._opens_at(piece.first)
        self._severity = None
        if self._waiting:
            if not self._has_places_of_other(piece):
                new.bones = self._waiting
            self._waiting = []
        elif before is not None and before.said is sayings.NOTHING and before.bones:
            new.bones, before.dropped = before.bones, "the subject of what follows"
        elif (
            before is not None
            and said is sayings.EDEMA
            and new.possible
            and before.said is sayings.EDEMA
            and not before.strong
            and not before.negated
            and self._join_at < before.first
            and self.words[self._possible_at] not in _KEEPS_SIGNAL
        ):
            new.bones, before.dropped = before.bones, "hedged by what follows"
        elif strong and new.negated and self._beside is not None:
            new.bones = [self._beside]
        if self._loose:
            new.denied, self._loose = self._loose, []
        if self._excepted:
            new.opposite, self._excepted = self._excepted, []
        if self._turn is kinds.OTHER and not new.bones:
            self.skips_others = True  # "5th: no edema, rest normal"
        self._turn = None
        self._over = False
        self._nouns += 1
        self.predicates.append(new)
        self._open = new
        return new

    def _has_places_of_other(self, piece: Piece) -> bool:
        """Say whether the bones that wait are of another noun: "erosions in the talus, with"."""
        if self._with_at > self._verb_at and self._place_follows(piece.last):
            return True
        first, last = self._waiting[0].first, self._waiting[-1].last
        is_other = 0 <= self._noun_at < first or self._noun_at == last  # "talar fracture, edema in"
        if not (is_other and self._join_at > self._waiting[-1].first):
            return False
        return self._is_of_ones_next(piece) or self._place_follows(piece.last)

    def _is_apposition(self, before: Predicate | None) -> bool:
        """Say whether a hedged name is set beside an edema: "edema, likely a contusion, in"."""
        if before is None or before.said is not sayings.EDEMA or before.bones:
            return False
        if before.negated or before.possible:
            return False
        words, at = self.words, self._possible_at
        return words[at] in _KEEPS_SIGNAL and words[at - 1] in _SETS_APART

    def _opens_at(self, first: int) -> int:
        """Give the first word of the cues that bear on a finding, for its evidence."""
        if kinds.NEGATED in self._forward and 0 < first - self._negated_at <= _NEAR:
            first = self._negated_at
        if kinds.POSSIBLE in self._forward and 0 < first - self._possible_at <= _NEAR:
            first = self._possible_at
        return first

    def _deny(self, piece: Piece) -> None:
        """Let a negation reach forward, to the end of its list of nouns."""
        self._forward[kinds.NEGATED] = piece.term.rule
        self._negated_at = piece.first
        self._nouns = 0

    def _doubt(self, piece: Piece) -> None:
        """Let a doubt reach forward, in the place of a negation."""
        self._forward[kinds.POSSIBLE] = piece.term.rule
        self._possible_at = piece.first
        self._forward.pop(kinds.NEGATED, None)
        self._nouns = 0

    def _close_cues(self) -> None:
        if self._is_whole:
            return
        self._forward.pop(kinds.NEGATED, None)
        self._forward.pop(kinds.POSSIBLE, None)

    def _close_cues_before(self, first: int) -> None:
        """End the reach of cues that stand before a word; later ones belong to what follows."""
        if self._negated_at < first:
            self._forward.pop(kinds.NEGATED, None)
        if self._possible_at < first:
            self._forward.pop(kinds.POSSIBLE, None)

    def _cue(self, piece: Piece) -> None:
        if kinds.NEGATED not in self._forward and kinds.HYPOTHETICAL not in self._forward:
            self.cues.append(piece)

    def _end_old(self) -> None:
        """End the reach of an adjective such as "old" with its own noun."""
        word = self.words[self._historical_at] if kinds.HISTORICAL in self._forward else ""
        if word in _OLD or (word == "history" and self._noun_at > self._historical_at):
            del self._forward[kinds.HISTORICAL]

    def _is_far_landmark(self, piece: Piece) -> bool:
        """Say whether a noun we do not know took the word before it: "distal to the portal the"."""
        between = self.words[self._over_at : min(piece.first, self._over_at + _NEAR)]
        if len(between) < 2 or between[-1] != "the":  # noqa: PLR2004
            return False
        return between[-2].isalpha() and between[-2] not in _GOES_ON

    def _say_that_ends(self) -> None:
        """Read a verb with nothing behind it: "only the cuboid still is"."""
        last = self.pieces[-1] if self.pieces else None
        if last is None or last.last < self.last:
            return
        if self._open is not None and self.words[last.first] in _STAYS:
            self._open.current = True  # "the edema noted previously remains"
        if self._nouns:
            return
        if last.kind is kinds.CURRENT and len(self.pieces) > 1:  # "but is now"
            verb = self.pieces[-2]
            last = verb if verb.last == last.first else last
        if self.words[last.first] not in _BE or last.last - last.first > 1:
            return
        is_said_again = bool(self.predicates and self._carried) and self.clause > 1
        if is_said_again or (self._waiting and (self.topic or self.predicates)):
            self._say(sayings.EDEMA, last, elliptic=True).current = True

    def _deny_the_rest(self, stops_at: int, rule: str) -> None:
        """Read a negation with nothing behind it: "the calcaneus does not show any"."""
        first = self._negated_at
        behind = self.words[first + 1 : stops_at]
        is_nil = self.words[first] == "nil" and self._waiting[0].first == first + 1
        is_nil = is_nil or self.words[first] == "neither"
        if not is_nil and (len(behind) > _NEAR or not _EMPTY.issuperset(behind)):
            return
        if self.topic or self.predicates:
            denied = Predicate(sayings.EDEMA, self._negated_at, stops_at, elliptic=True)
            denied.negated, denied.bones, denied.rules = True, self._waiting, [rule]
            before = self.predicates[-1] if self.predicates else self.previous
            if self._is_bare_not(first) and before is not None and self._was_freed(before):
                denied.negated, denied.current = False, True
            denied.clause = self.clause
            self.predicates.append(denied)

    def _is_bare_not(self, first: int) -> bool:
        """Say whether a verb alone is denied: "the cuboid is not", "the cuboid does not"."""
        if self.words[first] in _BE:
            return self.words[first + 1 : first + 2] == ["not"]
        return self.words[first] == "not" and self.words[first - 1] in _BE

    def _was_freed(self, before: Predicate) -> bool:
        """Say whether "is not" denies that a bone is free: "free of edema, the cuboid is not"."""
        if before.said in (sayings.NORMAL_MARROW, sayings.SPARED):
            return before.clause == self.clause - 1 or before.clause == self.clause
        return before.negated and self.words[max(0, before.opens)] in _FREE

    def _end_clause(self, stops_at: int) -> None:
        self.clause += 1
        forward = dict(self._forward)
        hypothetical = forward.get(kinds.HYPOTHETICAL)
        self._forward.clear()
        if hypothetical:
            self._forward[kinds.HYPOTHETICAL] = hypothetical
        self._say_that_ends()
        if kinds.NEGATED in forward and self._waiting and not self._nouns:
            self._deny_the_rest(stops_at, forward[kinds.NEGATED])
        if self._loose and (self.topic or self.predicates):
            denied = Predicate(sayings.EDEMA, self._loose[0].first, self._loose[-1].last)
            denied.denied, denied.elliptic = self._loose, True
            self.predicates.append(denied)
        if self._waiting:
            self._carried = self._waiting
        elif self._open is not None:
            self._carried = self._open.bones
        self._loose = []
        self._excepted = []
        self._waiting = []
        self._open = None
        self._turn = None
        self._over = False
        self._nouns = 0
        self._mass = False
        self._is_whole = False
