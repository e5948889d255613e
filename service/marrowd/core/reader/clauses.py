"""
Reads one sentence from left to right and says what is said of which bones.

A small machine with one pass over the pieces. It keeps the bones named but not yet spoken of
(`waiting`), the predicate that is open for bones to come (`open`), and the cues that still reach
forward. What each piece does is one method; what it knows of the world is vocabulary.
"""

from collections.abc import Callable
from typing import ClassVar

from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.predicates import Predicate, Said
from marrowd.core.reader.vocabulary import Kind
from marrowd.core.reading import Severity

_FINDINGS = frozenset({Kind.EDEMA, Kind.HIGH, Kind.MARROW, Kind.SIGNAL, Kind.NORMAL_MARROW})
_NOUNS = _FINDINGS | {Kind.DISEASE, Kind.SOFT, Kind.DITTO, Kind.ARTIFACT, Kind.NORMAL}
_SAID_AFTER_VERB = frozenset(
    {Kind.NORMAL, Kind.NORMAL_MARROW, Kind.SPARED, Kind.EDEMA, Kind.HIGH, Kind.NEGATED, Kind.DITTO}
)
_NO_VERB_NEEDED = frozenset({Kind.SPARED, Kind.NORMAL_MARROW, Kind.ANSWER, Kind.NORMAL})
_ENDS_PLACE = frozenset({Kind.BONE, Kind.BREAK, Kind.THERE, Kind.NEGATED, Kind.JOIN, Kind.WITH})
_BEFORE_SOFT = frozenset(
    {Kind.JOIN, Kind.SEVERITY, Kind.PART, Kind.CURRENT, Kind.NOTHING, Kind.NEGATED, Kind.SIDE}
)
_MORE = frozenset({Kind.NORMAL_MARROW, Kind.DISEASE, Kind.SPARED, Kind.NORMAL, Kind.NEGATED, Kind.HISTORICAL})
_SOFT_REACH = 5
_SMALL = frozenset({Kind.PART, Kind.SIDE, Kind.SEVERITY, Kind.ORDINAL, Kind.NOTHING, Kind.CURRENT})
_IN_LIST = frozenset({Kind.BONE, Kind.JOIN, Kind.PART, Kind.SIDE, Kind.OTHER, Kind.PREPOSITION})
_WINDOW = 40
_AFTER_NORMAL = frozenset("and or in on for but with without throughout apart except of as at while whereas bilaterally too however also now today again when compared allowing although given if then once only , other aside marrow signal bone to".split())
_TO_SIGNAL = frozenset(
    {
        Kind.SEQUENCE,
        Kind.PART,
        Kind.JOIN,
        Kind.BONE,
        Kind.RANGE,
        Kind.OTHER,
        Kind.ANAPHOR,
        Kind.PREPOSITION,
    }
)
_PARTICIPLES = frozenset(
    {
        "documented",
        "reported",
        "described",
        "seen",
        "noted",
        "present",
        "shown",
        "demonstrated",
        "recorded",
        "visible",
        "found",
    }
)
_POINTING = frozenset({"it", "these", "this", "they"})
_EQUALS = frozenset({"=", ":", "|"})
_MANNER = frozenset({"likewise", "similarly"})
_ROW = frozenset(
    {Kind.BONE, Kind.SIDE, Kind.JOIN, Kind.PART, Kind.PREPOSITION, Kind.REGION, Kind.ORDINAL}
)
_PAST = frozenset({"was", "were", "had", "showed", "demonstrated", "revealed", "exhibited"})
_STOPS = frozenset({",", ")", "]", ";", ".", "\n", "("})


class Clauses:
    """The machine; `run` leaves `predicates`, `excluded` and `mentioned` behind."""

    def __init__(self, words: list[str], last: int, pieces: list[Piece], *, row: list[Piece], previous: Predicate | None, opens_row: bool, topic: bool, is_cell: bool = False
    ) -> None:
        self.words = words
        self.last = last
        self.pieces = pieces
        self.predicates: list[Predicate] = []
        self.excluded: list[Piece] = []
        self.mentioned: list[Piece] = []
        self.cues: list[Piece] = []
        self.points_back = False
        self.is_global = False
        self.skips_others = False
        self.says_resolved = False
        self.voids = False
        self.topic = topic
        self.previous = previous
        self.row: list[Piece] = row
        self.opens_row = opens_row
        self.is_cell = is_cell
        self.clause = 0
        self._waiting: list[Piece] = []
        self._loose: list[Piece] = []
        self._excepted: list[Piece] = []
        self._open: Predicate | None = None
        self._turn: Kind | None = None
        self._severity: Severity | None = None
        self._nouns = 0
        self._over = False
        self._forward: dict[Kind, str] = {}
        self._verb_at = -1
        self._with_at = -1
        self._past = False
        self._present = False
        self.artifact: Kind | None = None
        self._join_at = -1
        self._negated_at = -1
        self._mass = False
        self._carried: list[Piece] = []

    def run(self) -> None:
        """Read the sentence."""
        for place, piece in enumerate(self.pieces):
            act = self._acts.get(piece.kind)
            if act is not None:
                act(self, place, piece)
        self._end_clause()
        for predicate in self.predicates:
            back = predicate.points_back or self.points_back
            predicate.points_back = back and not self.is_global
            if predicate.is_timed and not self._present:
                predicate.historical = True
        for place, predicate in enumerate(self.predicates[1:]):
            if predicate.is_that and predicate.said is Said.NOTHING:
                before = self.predicates[place]
                predicate.said, predicate.negated = before.said, before.negated
                predicate.possible = before.possible

    # -- bones ---------------------------------------------------------------------------------

    def _bone(self, place: int, piece: Piece) -> None:
        if piece.broad and self._is_modifier(place):
            return
        self.mentioned.append(piece)
        opened = self._open
        if self.words[piece.first - 1] == "its" and opened is not None and opened.bones:
            return
        if self._turn is Kind.OTHER:
            self.skips_others = True
            return
        if self._turn is Kind.NOT_IN or (self._turn is Kind.EXCEPT and not self._is_subject(place)):
            target = self._open
            if target is not None and self._turn is Kind.NOT_IN:
                target.denied.append(piece)
            elif target is not None:
                target.opposite.append(piece)
            elif self._turn is Kind.EXCEPT:
                self._excepted.append(piece)
            else:
                self._loose.append(piece)
            return
        self._turn = None
        if opened is not None and not (
            opened.bones and opened.said is not Said.NOTHING and self._is_subject(place)
        ):
            if self._over and not opened.strong and opened.said is Said.EDEMA:
                if not opened.bones:
                    opened.dropped = "beside a bone, not in it"
                return
            opened.bones.append(piece)
            return
        if self._over:
            self._over = False
            return
        if opened is not None:
            self._close_cues()
            self._open = None
        self._waiting.append(piece)

    def _is_modifier(self, place: int) -> bool:
        """Say whether a joint or region only names a disease: "ankle joint effusion"."""
        for piece in self.pieces[place + 1 : place + 4]:
            if piece.kind in (Kind.DISEASE, Kind.SOFT):
                return piece.first - self.pieces[place].last <= 1 or not piece.term.cue
            if piece.kind not in _SMALL:
                return False
        return False

    def _is_subject(self, place: int) -> bool:
        """Say whether this bone opens a new statement: "... and the calcaneus is normal"."""
        pieces = self.pieces
        if place and self.words[pieces[place - 1].first] == ">":
            return False
        end = min(len(pieces), place + _WINDOW)
        at = place + 1
        while at < end and pieces[at].kind in _IN_LIST:
            if pieces[at].kind is Kind.PREPOSITION and pieces[at - 1].kind is Kind.BONE:
                break
            at += 1
        if at >= end:
            return False
        kind = pieces[at].kind
        if kind is Kind.NEGATED:
            return self._is_finding_next(at) or (
                pieces[at].term.direction != "backward" and self._ends_after(at)
            )
        if kind is Kind.EDEMA:
            return pieces[at - 1].kind is not Kind.JOIN
        if kind in _NO_VERB_NEEDED:
            return pieces[at].term.direction != "forward"
        if kind is not Kind.VERB:
            return False
        at += 1
        while at < end and pieces[at].kind in _SMALL:
            at += 1
        return at < end and (
            pieces[at].kind in _SAID_AFTER_VERB
            and not (pieces[at].kind is Kind.NEGATED and pieces[at].term.direction == "backward")
        )

    def _is_finding_next(self, place: int) -> bool:
        for piece in self.pieces[place + 1 : place + 6]:
            if piece.kind in _FINDINGS or piece.kind is Kind.DITTO:
                return True
            if piece.kind not in _SMALL and piece.kind not in (Kind.SEQUENCE, Kind.ANAPHOR):
                return False
        return False

    def _is_finding_or_bone_next(self, place: int) -> bool:
        for piece in self.pieces[place + 1 : place + 8]:
            if piece.kind in (Kind.EDEMA, Kind.MARROW, Kind.SIGNAL):
                return True
            if piece.kind not in _SMALL and piece.kind not in (Kind.BONE, Kind.JOIN):
                return False
        return False

    def _ends_after(self, place: int) -> bool:
        """Say whether nothing that a cue could reach stands behind it in its clause."""
        for piece in self.pieces[place + 1 : place + _WINDOW]:
            if piece.kind in _NOUNS or piece.kind is Kind.BONE:
                return False
            if piece.kind in (Kind.BREAK, Kind.JOIN, Kind.THERE):
                return True
        return True

    # -- what is said --------------------------------------------------------------------------

    def _edema(self, place: int, piece: Piece) -> None:
        strong = piece.value == "strong"
        marrow = self.pieces[place + 1 : place + 2]
        if piece.value == "bright" and marrow and marrow[0].kind is Kind.MARROW:
            strong = marrow[0].first - piece.last <= 1
        if not strong and self._is_soft(place):
            self._nouns += 1
            self._open = None
            self._waiting.clear()
            return
        before = self.pieces[place - 1] if place else None
        if before is not None and before.kind is Kind.DISEASE and before.last == piece.first:
            self._close_cues()
        if piece.value == "bright" and not strong and (self._mass or self._mass_next(place)):
            return
        said = self._say(Said.EDEMA, piece, strong=strong)
        said.needs_bones = piece.term.cue == "transient_osteoporosis"
        if piece.term.cue:
            self._cue(piece)

    def _is_soft(self, place: int) -> bool:
        """Say whether an edema is of soft tissue: named beside it, as its place or its subject."""
        pieces = self.pieces
        for piece in pieces[place + 1 : place + 8]:
            if piece.kind is Kind.SOFT:
                return True
            if piece.kind in _ENDS_PLACE:
                break
        at = place - 1
        near = True
        while at >= 0 and place - at <= _SOFT_REACH:
            piece = pieces[at]
            if piece.kind is Kind.SOFT:
                return near or not self._place_follows(pieces[place])
            if piece.kind is Kind.VERB:
                near = False
            elif piece.kind not in _BEFORE_SOFT:
                return False
            elif piece.kind is not Kind.JOIN and piece.kind not in _SMALL:
                near = False
            at -= 1
        return False

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
            negated=Kind.NEGATED in forward,
            possible=Kind.POSSIBLE in forward,
            historical=Kind.HISTORICAL in forward
            and (forward[Kind.HISTORICAL] != "when" or self._past),
            current=Kind.CURRENT in forward,
            is_timed=forward.get(Kind.HISTORICAL) == "when",
            hypothetical=Kind.HYPOTHETICAL in forward,
            other_person=forward.get(Kind.HYPOTHETICAL) == "other_person",
            elliptic=elliptic,
            clause=self.clause,
            severity=self._severity,
            rules=[piece.term.rule, *filter(None, forward.values())],
        )
        if Kind.CURRENT in forward:
            new.historical = False
        self._severity = None
        if self._waiting:
            if not (self._with_at > self._verb_at and self._place_follows(piece)):
                new.bones = self._waiting
            self._waiting = []
        elif before is not None and before.said is Said.NOTHING and before.bones:
            new.bones, before.dropped = before.bones, "the subject of what follows"
        elif (
            before is not None
            and said is Said.EDEMA
            and new.possible
            and before.said is Said.EDEMA
            and not before.strong
            and not before.negated
            and self._join_at < before.first
        ):
            new.bones, before.dropped = before.bones, "hedged by what follows"
        new.fallback = self._carried
        new.denied, self._loose = self._loose, []
        new.opposite, self._excepted = self._excepted, []
        self._turn = None
        self._over = False
        self._nouns += 1
        self.predicates.append(new)
        self._open = new
        return new

    def _place_follows(self, piece: Piece) -> bool:
        """Say whether a finding names its own bone behind a preposition."""
        placed = False
        for follower in self.pieces:
            if follower.first < piece.last:
                continue
            if follower.kind is Kind.PREPOSITION:
                placed = True
            elif follower.kind is Kind.BONE:
                return placed
            elif follower.kind not in _SMALL:
                return False
        return False

    def _normal_marrow(self, _place: int, piece: Piece) -> None:
        opened = self._open
        if opened is not None and opened.said is Said.NOTHING and not self._waiting:
            opened.said, opened.last, opened.strong = Said.NORMAL_MARROW, piece.last, True
            return
        self._say(Said.NORMAL_MARROW, piece, strong=True)

    def _normal(self, place: int, piece: Piece) -> None:
        if self._is_marrow_next(place):
            self._say(Said.NORMAL_MARROW, piece, strong=True)
            return
        opened = self._open
        if not self._is_complement(piece):
            return
        if opened is not None and opened.said is Said.NOTHING:
            opened.said = Said.NORMAL_MARROW
            opened.last = piece.last
            opened.strong = True
        elif self._waiting or (self.is_cell and opened is None):
            self._say(Said.NORMAL, piece)

    def _is_marrow_next(self, place: int) -> bool:
        """Say whether the adjective belongs to marrow or signal: "normal T2 signal"."""
        at = self.pieces[place].last
        for piece in self.pieces[place + 1 : place + 4]:
            if piece.first - at > 1 or piece.kind not in (
                Kind.SEQUENCE,
                Kind.MARROW,
                Kind.SIGNAL,
                Kind.NORMAL,
            ):
                return False
            if piece.kind in (Kind.MARROW, Kind.SIGNAL):
                return piece.value != "low"
            at = piece.last
        return False

    def _is_complement(self, piece: Piece) -> bool:
        """Say whether an adjective stands alone ("is normal"), not before a noun of its own."""
        if piece.last >= self.last:
            return True
        following = self.words[piece.last]
        return not following.isalpha() or following in _AFTER_NORMAL

    def _marrow(self, place: int, piece: Piece) -> None:
        opened = self._open
        if (
            opened is not None
            and opened.said is Said.EDEMA
            and not opened.bones
            and piece.first - opened.last <= 1
        ):
            opened.last = piece.last
            opened.strong = opened.strong or piece.kind is Kind.MARROW
            return
        if opened is not None and opened.said is Said.NORMAL_MARROW and (
            piece.first - opened.last <= 2 and not self._waiting  # noqa: PLR2004
        ):
            opened.last = piece.last
            return
        if place and self.pieces[place - 1].kind in (Kind.HIGH, Kind.SIGNAL, Kind.MARROW):
            opened = self._open
            if opened is not None and piece.first - opened.last <= 1:
                opened.last = piece.last
                opened.strong = opened.strong or piece.kind is Kind.MARROW
                return
        opened = self._open
        if opened is not None and opened.said is Said.EDEMA and not opened.strong:
            opened.strong = piece.kind is Kind.MARROW
            if not self._waiting:
                return
        if (
            opened is not None
            and not self._waiting
            and opened.said is not Said.NOTHING
            and (piece.kind is Kind.SIGNAL)
        ):
            return
        before = self.pieces[place - 1] if place else None
        if piece.kind is Kind.SIGNAL and self._is_soft(place):
            self._open = None
            return
        nothing = self._say(Said.NOTHING, piece, strong=piece.kind is Kind.MARROW)
        if nothing.negated and piece.kind is Kind.MARROW:
            nothing.said = Said.EDEMA
        nothing.is_that = self.words[piece.first] == "that"
        if before is not None and before.kind is Kind.SEQUENCE and (
            before.value == "fluid" and not self._mass
        ):
            self.predicates[-1].is_fluid = True

    def _high(self, place: int, piece: Piece) -> None:
        if self.is_cell and self._open is None and piece.value == "much":
            self._say(Said.EDEMA, piece, strong=True)
            return
        if self.is_cell and self._open is None and piece.value == "low":
            self._say(Said.EDEMA, piece, elliptic=True).negated = True
            return
        if piece.value == "low" or self._is_t1_only(place):
            self._nouns += 1
            return
        opened = self._open
        if opened is not None and opened.said is Said.NOTHING:
            opened.said = Said.EDEMA
            opened.last = piece.last
            opened.negated = Kind.NEGATED in self._forward
            opened.possible = Kind.POSSIBLE in self._forward
            return
        strong = False
        near = False
        for follower in self.pieces[place + 1 : place + 5]:
            if follower.kind is Kind.MARROW:
                strong = near = True
            elif follower.kind is Kind.SIGNAL:
                near = True
            elif follower.kind not in _TO_SIGNAL:
                break
        if not near and piece.value != "bright":
            return
        if not strong and (self._mass or self._mass_next(place)):
            return
        if not strong and self._is_soft(place):
            self._nouns += 1
            self._open = None
            return
        self._say(Said.EDEMA, piece, strong=strong).is_signal = True

    def _mass_next(self, place: int) -> bool:
        for piece in self.pieces[place + 1 : place + 4]:
            if piece.kind is Kind.DISEASE:
                return piece.value == "mass" and piece.first - self.pieces[place].last <= _SOFT_REACH
            if piece.kind not in _SMALL:
                return False
        return False

    def _is_t1_only(self, place: int) -> bool:
        around = self.pieces[max(0, place - 2) : place + 4]
        sequences = {p.value for p in around if p.kind is Kind.SEQUENCE}
        return sequences == {"t1"}

    def _spared(self, place: int, piece: Piece) -> None:
        strong = piece.value == "edema"
        if strong and self._open is None and not self._waiting:
            self._say(Said.SPARED, piece, strong=True)
            return
        opened = self._open
        if opened is not None and opened.said is Said.NOTHING and opened.bones:
            opened.said, opened.strong, opened.last = Said.SPARED, True, piece.last
            return
        if not strong and not self._is_complement(piece):
            following = self.pieces[place + 1 : place + 2]
            if not (following and following[0].kind is Kind.BONE and not self._waiting):
                return
            if self._open is not None and self._open.said is not Said.SPARED:
                return
            self._open = None
        if self._waiting:
            self._say(Said.SPARED, piece, strong=strong)
        elif (
            self._open is not None and self.pieces[place - 1].kind is Kind.BONE and self._open.bones
        ):
            bone = self._open.bones.pop()
            self._waiting.append(bone)
            self._say(Said.SPARED, piece, strong=strong)
        elif self._open is None:
            self._say(Said.SPARED, piece, strong=strong)

    def _answer(self, place: int, piece: Piece) -> None:
        no = piece.value == "no"
        self._turn = None
        if place and self.pieces[place - 1].kind in (Kind.DISEASE, Kind.SOFT):
            return
        if self.words[piece.first] == "present" and self._waiting and not self.predicates and not (
            self.words[piece.first - 1] == ":"
        ):
            return
        back = piece.last - piece.first > 2 and self.words[piece.first + 1] == "of"
        if piece.term.direction == "forward" and no and not back and self._is_finding_next(place):
            self._forward[Kind.NEGATED] = piece.term.rule
            self._negated_at = piece.first
            self._nouns = 0
            return
        if piece.term.direction == "forward":
            self._open = None
            new = self._say(Said.EDEMA, piece, elliptic=True)
            new.negated, new.points_back = no, self._ends_after(place)
            new.needs_bones = not new.points_back
            return
        if self.words[piece.first] == "present" and not self._waiting and not self.row:
            return
        if self._waiting or self._open is None:
            if self.topic or self.predicates:
                self._say(Said.EDEMA, piece, elliptic=True).negated = no
        elif no and self._open.said is Said.EDEMA:
            if self._open.bones and self._verb_at < self._open.last:
                bone = self._open.bones.pop()
                self._waiting.append(bone)
                self._say(Said.EDEMA, piece, elliptic=True).negated = True
                return
            self._open.negated = True
            self._open.last = max(self._open.last, piece.last)

    def _ditto(self, place: int, piece: Piece) -> None:
        opened = self._open
        if opened is not None and opened.elliptic and not self._waiting:
            return
        if self.words[piece.first] in _MANNER and not self._ends_after(place):
            return
        if self._says_more(place):
            return
        last = self.predicates[-1] if self.predicates else self.previous
        said = last.said if last is not None else Said.EDEMA
        if last is None and not self.topic:
            return
        if Kind.NEGATED in self._forward:
            said = Said.EDEMA
        waiting = self._waiting
        new = self._say(said, piece, elliptic=True)
        new.needs_bones = True
        if last is not None and Kind.NEGATED not in self._forward:
            new.negated, new.possible = last.negated, last.possible
            new.historical = new.historical or last.historical
            new.resolved = last.resolved
        if not waiting and last is not None:
            new.strong = True

    def _says_more(self, place: int) -> bool:
        """Say whether "likewise" only leads to what is said in full."""
        for piece in self.pieces[place + 1 : place + 4]:
            if piece.kind in _FINDINGS or piece.kind in _MORE:
                return True
            if piece.kind not in _SMALL and piece.kind is not Kind.VERB:
                return False
        return False

    def _artifact(self, _place: int, piece: Piece) -> None:
        opened = self._open
        if opened is None and self.predicates and Kind.POSSIBLE in self._forward:
            opened = self.predicates[-1]
        if opened is None and self.words[piece.last : piece.last + 1] == [":"]:
            self._forward[Kind.NEGATED] = piece.term.rule
            self._negated_at = piece.first
            return
        if opened is None and not self.predicates and self.points_back:
            self.artifact = Kind.POSSIBLE if Kind.POSSIBLE in self._forward else Kind.NEGATED
            return
        if opened is None or opened.negated:
            return
        if opened.said is Said.NOTHING and opened.bones:
            opened.said, opened.strong = Said.EDEMA, True
        if opened.said is not Said.EDEMA:
            return
        opened.rules.append(piece.term.rule)
        if Kind.POSSIBLE in self._forward or opened.possible:
            opened.possible = True
        else:
            opened.negated = True

    # -- cues ----------------------------------------------------------------------------------

    def _negated(self, place: int, piece: Piece) -> None:
        if self.words[piece.first] == "0" and self.words[piece.first - 1] not in _EQUALS and (
            self.words[piece.last : piece.last + 1] != ["ml"] and piece.last - piece.first == 1
        ):
            return
        if piece.term.direction == "backward" or self._is_last_word(piece):
            self._apply_back(Kind.NEGATED, piece)
            return
        if Kind.NEGATED in self._forward and self._waiting and self.words[piece.first] == "nor":
            return
        following = self.pieces[place + 1] if place + 1 < len(self.pieces) else None
        opened = self._open
        if self.words[piece.first] == "neither" and opened is not None and (
            opened.said is Said.EDEMA and not opened.bones and not self._is_finding_next(place)
        ):
            self._turn = Kind.NOT_IN
            return
        if self._turn is Kind.NOT_IN and self.words[piece.first] == "nor":
            return
        if self.words[piece.first] == "neither":
            self._forward[Kind.NEGATED] = piece.term.rule
            self._negated_at = piece.first
            self._nouns = 0
            return
        following = self.pieces[place + 1] if place + 1 < len(self.pieces) else None
        if (
            following is not None
            and following.kind in (Kind.BONE, Kind.SIDE, Kind.PREPOSITION)
            and (not self._bone_then_finding(place + 1))
        ):
            if self._waiting or self._open is not None:
                self._turn = Kind.NOT_IN
                return
        self._forward[Kind.NEGATED] = piece.term.rule
        self._negated_at = piece.first
        self._forward.pop(Kind.POSSIBLE, None)
        self._nouns = 0

    def _is_last_word(self, piece: Piece) -> bool:
        return piece.last >= self.last or self.words[piece.last] in _STOPS

    def _bone_then_finding(self, place: int) -> bool:
        for piece in self.pieces[place : place + 8]:
            if piece.kind in _NOUNS:
                return True
            if piece.kind in (Kind.JOIN, Kind.VERB, Kind.BREAK, Kind.THERE):
                return False
        return False

    def _possible(self, place: int, piece: Piece) -> None:
        if piece.term.direction == "backward" or (piece.term.direction == "both" and self._ends_after(place)):
            self._apply_back(Kind.POSSIBLE, piece)
            return
        if self._ends_after(place):
            return
        if Kind.NEGATED in self._forward and self._join_at < self._negated_at:
            return
        self._forward[Kind.POSSIBLE] = piece.term.rule
        self._forward.pop(Kind.NEGATED, None)
        self._nouns = 0

    def _historical(self, place: int, piece: Piece) -> None:
        if piece.value == "resolved" and (
            self._waiting or (self._open is not None and not self._is_place_next(place))
        ):
            self._apply_back(Kind.HISTORICAL, piece)
            return
        if piece.value == "resolved" and self._is_place_next(place):
            self._open = None
            self._say(Said.EDEMA, piece, elliptic=True).resolved = True
            return
        opened = self._open
        if piece.value == "healed":
            if opened is not None and opened.said is Said.EDEMA:
                opened.resolved = True
            elif self._is_finding_or_bone_next(place):
                self._forward[Kind.HISTORICAL] = piece.term.rule
            return
        if piece.value == "when":
            said = self.words[max(0, piece.first - 3) : piece.first + 1]
            if opened is not None and (
                (self._past and self._verb_at < opened.first) or not _PARTICIPLES.isdisjoint(said)
            ):
                opened.historical = True
            self._forward.setdefault(Kind.HISTORICAL, "when")
            return
        if opened is not None and piece.value != "resolved" and self._ends_after(place) and (
            self._join_at < opened.first or self._past
        ):
            opened.historical = True
            return
        if piece.value == "resolved" and not self._is_finding_or_bone_next(place):
            self.says_resolved = self.says_resolved or self.points_back
            return
        self._forward[Kind.HISTORICAL] = piece.term.rule
        self._forward.pop(Kind.CURRENT, None)

    def _is_place_next(self, place: int) -> bool:
        following = self.pieces[place + 1 : place + 4]
        if not following or following[0].kind is not Kind.PREPOSITION:
            return False
        return any(piece.kind is Kind.BONE for piece in following)

    def _apply_back(self, kind: Kind, piece: Piece) -> None:
        target = self._open
        if target is None and (self._waiting or self.points_back or self.row):
            if not (self.topic or self.predicates):
                return
            if kind is Kind.POSSIBLE and not self._is_last_word(piece):
                return
            if not self._waiting and self._nouns:
                return
            target = self._say(Said.EDEMA, piece, elliptic=True)
        if target is None and kind is Kind.POSSIBLE and self.predicates:
            target = self.predicates[-1]
            if target.said is not Said.EDEMA or target.negated:
                return
        if target is None:
            return
        target.rules.append(piece.term.rule)
        target.last = max(target.last, piece.last)
        if kind is Kind.NEGATED:
            target.hypothetical = False
            if target.said is Said.NOTHING and target.bones:
                target.said, target.strong = Said.EDEMA, True
            if target.possible:
                return
            target.negated = target.denied_after = True
            target.historical = target.historical or Kind.HISTORICAL in self._forward
        elif kind is Kind.POSSIBLE:
            target.possible, target.negated = True, False
        else:
            target.resolved = True
            if target.said is Said.NOTHING:
                target.said = Said.EDEMA

    def _current(self, place: int, piece: Piece) -> None:
        if self._open is not None and self._open.bones and self._is_place_next(place):
            self._open = None
            self._say(Said.EDEMA, piece, elliptic=True).current = True
            return
        following = self.pieces[place + 1 : place + 2]
        if following and following[0].kind in _MORE:
            return
        if self._open is not None and self._open.historical:
            self._open.current = True
        self._forward.pop(Kind.HISTORICAL, None)
        self._forward[Kind.CURRENT] = ""

    def _hypothetical(self, _place: int, piece: Piece) -> None:
        if piece.term.direction == "both" and self._open is not None:
            self._open.hypothetical = True
            return
        self._forward[Kind.HYPOTHETICAL] = piece.value or piece.term.rule

    def _except(self, place: int, piece: Piece) -> None:
        if piece.kind is Kind.NOT_IN and self._is_finding_next(place):
            self._forward[Kind.NEGATED] = piece.term.rule
            self._negated_at = piece.first
            self._nouns = 0
            return
        self._turn = piece.kind
        self._forward.pop(Kind.NEGATED, None)

    def _other(self, place: int, piece: Piece) -> None:
        self._turn = Kind.OTHER
        if piece.kind is Kind.GLOBAL:
            following = self.pieces[place + 1 : place + 3]
            named = bool(following) and following[0].kind is Kind.BONE
            self._turn = Kind.OTHER if named else None
            self.is_global = True

    # -- small words ---------------------------------------------------------------------------

    def _disease(self, place: int, piece: Piece) -> None:
        self._nouns += 1
        opened = self._open
        if opened is not None and opened.bones and self._is_place_next(place):
            self._open = None
        self._mass = self._mass or piece.value == "mass"
        if piece.term.cue:
            self._cue(piece)

    def _cue(self, piece: Piece) -> None:
        if Kind.NEGATED not in self._forward and Kind.HYPOTHETICAL not in self._forward:
            self.cues.append(piece)

    def _soft(self, _place: int, _piece: Piece) -> None:
        self._nouns += 1

    def _verb(self, place: int, piece: Piece) -> None:
        self._over = False
        self._past = self.words[piece.first] in _PAST
        self._present = self._present or not (self._past or self.words[piece.first] in ":=")
        if self.opens_row and self.words[piece.first] == ":" and self._waiting and not self.predicates:
            if all(p.kind in _ROW for p in self.pieces[:place]):
                self.row, self._waiting = self._waiting, []
        self._verb_at = piece.first
        self._turn = None
        if self._nouns:
            self._close_cues()

    def _close_cues(self) -> None:
        self._forward.pop(Kind.NEGATED, None)
        self._forward.pop(Kind.POSSIBLE, None)

    def _join(self, place: int, piece: Piece) -> None:
        self._over = False
        self._join_at = piece.first
        if self._nouns and Kind.POSSIBLE in self._forward:
            self._forward.pop(Kind.POSSIBLE)
        if self._turn is not None and (
            not self._list_goes_on(place)
            or (self._turn is Kind.NOT_IN and self._open is None and self.words[piece.first] == ",")
        ):
            self._turn = None

    def _list_goes_on(self, place: int) -> bool:
        for piece in self.pieces[place + 1 : place + 5]:
            if piece.kind is Kind.BONE:
                return True
            if piece.kind not in _SMALL and piece.kind not in (Kind.JOIN, Kind.PREPOSITION):
                return False
        return False

    def _with(self, _place: int, piece: Piece) -> None:
        self._with_at = piece.first
        if self._nouns:
            self._forward.pop(Kind.HISTORICAL, None)
            self._close_cues()
        self._turn = None

    def _over_word(self, _place: int, _piece: Piece) -> None:
        self._over = True

    def _preposition(self, _place: int, _piece: Piece) -> None:
        self._over = False

    def _there(self, _place: int, piece: Piece) -> None:
        if self.words[piece.first] in _POINTING:
            self.points_back = True
        self._close_cues()
        self._turn = None
        if self._open is not None and self._open.bones:
            self._open = None

    def _anaphor(self, _place: int, _piece: Piece) -> None:
        self.points_back = True

    def _grade(self, _place: int, piece: Piece) -> None:
        self._severity = Severity(piece.value)

    def _out_of_view(self, _place: int, _piece: Piece) -> None:
        opened = self._open
        if not self._waiting and opened is not None and opened.said is Said.EDEMA:
            self.excluded.extend(opened.bones)
            opened.dropped = "not assessed"
        self.excluded.extend(self._waiting)
        self._waiting = []

    def _void(self, _place: int, _piece: Piece) -> None:
        self.voids = True

    def _break(self, _place: int, _piece: Piece) -> None:
        self._end_clause()

    def _end_clause(self) -> None:
        self.clause += 1
        hypothetical = self._forward.get(Kind.HYPOTHETICAL)
        self._forward.clear()
        if hypothetical:
            self._forward[Kind.HYPOTHETICAL] = hypothetical
        if self._loose and self.topic:
            denied = Predicate(Said.EDEMA, self._loose[0].first, self._loose[-1].last)
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

    _acts: ClassVar[dict[Kind, Callable[["Clauses", int, Piece], None]]] = {
        Kind.BONE: _bone,
        Kind.EDEMA: _edema,
        Kind.NORMAL_MARROW: _normal_marrow,
        Kind.NORMAL: _normal,
        Kind.MARROW: _marrow,
        Kind.SIGNAL: _marrow,
        Kind.HIGH: _high,
        Kind.SPARED: _spared,
        Kind.ANSWER: _answer,
        Kind.DITTO: _ditto,
        Kind.ARTIFACT: _artifact,
        Kind.NEGATED: _negated,
        Kind.POSSIBLE: _possible,
        Kind.HISTORICAL: _historical,
        Kind.CURRENT: _current,
        Kind.HYPOTHETICAL: _hypothetical,
        Kind.EXCEPT: _except,
        Kind.NOT_IN: _except,
        Kind.OTHER: _other,
        Kind.GLOBAL: _other,
        Kind.DISEASE: _disease,
        Kind.SOFT: _soft,
        Kind.VERB: _verb,
        Kind.JOIN: _join,
        Kind.WITH: _with,
        Kind.OVER: _over_word,
        Kind.PREPOSITION: _preposition,
        Kind.THERE: _there,
        Kind.ANAPHOR: _anaphor,
        Kind.SEVERITY: _grade,
        Kind.OUT_OF_VIEW: _out_of_view,
        Kind.VOID: _void,
        Kind.BREAK: _break,
    }
