"""What cues do: negation, doubt, time, condition, and the bones that are left out."""

from typing import ClassVar

from marrowd.core.reader import kinds, sayings
from marrowd.core.reader.bearings import (
    is_of_cause,
    is_of_other_noun,
    is_resolution,
    is_short_of_end,
)
from marrowd.core.reader.clause_state import Steps
from marrowd.core.reader.denials import EXISTS
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.turns import Turns
from marrowd.core.reader.walks import (
    BONE_OF_LIST,
    DISEASE,
    FINDING,
    FINDING_OF_BONES,
    FINDING_SHOWN,
    MORE,
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
_APART = frozenset({",", ":", "-", "\u2013", "("})
_EQUALS = frozenset({"=", ":", "|"})

_NORMAL = frozenset({kinds.NORMAL, kinds.NORMAL_MARROW, kinds.SPARED})
_EDEMATOUS = frozenset({"edematous", "bruised", "bright", "hyperintense"})
_MOVED = frozenset({"migrated", "moved", "shifted", "wandered", "travelled"})
_PERSISTS = frozenset({"persists", "persist", "lingers", "linger", "remains", "remain"})
_SEEMING = frozenset({"be", "represent"})
_WHOLE = frozenset({"that", "whether", "if"})
_STILL = frozenset({"still", "remaining"})
_HAVE = frozenset({"has", "have", "had", "fully", "completely"})
_OPENING = frozenset({"that", "wrong"})
_THEN = frozenset({"previously", "formerly"})
_UNKNOWN = 2  # words
_FEW = 4
_AMOUNTS = frozenset({kinds.SEVERITY, kinds.PART, kinds.NOTHING, kinds.ORDINAL, kinds.PREPOSITION})
_POINTING = frozenset({"this", "these", "it"})
_NAMINGS = frozenset(
    {"interpret", "regard", "read", "classify", "view", "construe", "label", "count"}
)
_THEM = frozenset({"them", "this", "these", "it", "that", "those"})
_REFUSALS = frozenset(
    """
    see find identify detect demonstrate appreciate discern perceive recognize confirm reproduce
    agree accept believe concur endorse support corroborate disagree
    """.split()
)


class Hedges(Turns):
    """The steps for cues, forward and backward."""

    __slots__ = ()

    def _negated(self, place: int, piece: Piece) -> None:  # noqa: C901, PLR0911, PLR0912 -- one case after the other
        if (
            self.words[piece.first] == "0"
            and not self._is_cell_answer(place)
            and self.words[piece.first - 1] not in _EQUALS
            and (
                self.words[piece.last : piece.last + 1] != ["ml"] and piece.last - piece.first == 1
            )
        ):
            return
        opened = self._open
        if (
            opened is None
            and not self.predicates
            and self.words[piece.last - 1] == "absent"
            and (self.points_back and self._is_on_stir(place))
        ):
            self.artifact = kinds.NEGATED  # "this is absent on STIR"
            return
        if is_of_other_noun(self.words, piece):
            return
        if kinds.POSSIBLE in self._forward and self._is_whole:
            return  # "not certain that the talus is free of edema"
        if self._is_read_by_its_words(place, piece):
            return
        if self.words[piece.last - 1] in _NAMINGS and not _THEM.isdisjoint(
            self.words[piece.last : piece.last + 1]
        ):
            self.artifact = kinds.NEGATED  # "I do not interpret these as edema"
        if self.words[piece.last - 1] in _REFUSALS and self._ends_after(place):
            self._refuse(piece)
            return
        if (
            self.words[piece.last - 1] in _SEEMING
            and opened is not None
            and opened.said is sayings.EDEMA
            and opened.bones
            and not (opened.strong or self._waiting)
            and self._ahead(FINDING, place)
        ):
            opened.negated = True  # "bright foci in the talus are unlikely to be edema"
        if self.words[piece.last - 1] == "unlikely" and self._ahead(DISEASE, place):
            return  # "unlikely to represent infection" leaves the edema as it is
        if self.words[piece.first] == "0" and opened is not None and opened.bones:
            self._waiting = [opened.bones.pop()]  # "talus 2, calcaneus 0"
            self._say(sayings.EDEMA, piece, elliptic=True).negated = True
            self._open = opened
            return
        if self.words[piece.last - 1] == "without" and self._is_last_word(piece):
            return  # "with or without", "than one without"
        is_ahead = opened is None and not self._nouns and self._ahead(FINDING, place)
        if (piece.term.direction == "backward" and not is_ahead) or (
            self._is_last_word(piece) and not self._is_of_adjectives(piece)
        ):
            self._apply_back(kinds.NEGATED, piece)
            return
        if kinds.NEGATED in self._forward and self._waiting and self.words[piece.first] == "nor":
            return
        if (
            self.words[piece.first] == "neither"
            and opened is not None
            and (
                opened.said is sayings.EDEMA
                and not opened.bones
                and not self._ahead(FINDING, place)
            )
        ):
            self._turn = kinds.NOT_IN
            return
        if self._turn is kinds.NOT_IN and self.words[piece.first] == "nor":
            return
        if self.words[piece.first] == "neither":
            if place + 1 < len(self.pieces) and self.pieces[place + 1].kind is kinds.VERB:
                self.points_back = True
            self._forward[kinds.NEGATED] = piece.term.rule
            self._negated_at = piece.first
            self._nouns = 0
            return
        if self._denies_side(place):
            return
        following = self.pieces[place + 1] if place + 1 < len(self.pieces) else None
        if (
            following is not None
            and following.kind in (kinds.BONE, kinds.SIDE, kinds.PREPOSITION)
            and (not self._bone_then_finding(place + 1))
        ) and (self._waiting or self._open is not None):
            self._turn = kinds.NOT_IN
            return
        self._forward[kinds.NEGATED] = piece.term.rule
        self._negated_at = piece.first
        self._is_whole = self.words[piece.last - 1] in _OPENING
        self._forward.pop(kinds.POSSIBLE, None)
        self._nouns = 0

    def _refuse(self, piece: Piece) -> None:
        """Read a refusal with nothing behind it: "which I do not see", "I do not agree"."""
        if self._open is not None:
            self._apply_back(kinds.NEGATED, piece)
        elif not (self.predicates or self._waiting):
            self.artifact = kinds.NEGATED

    def _is_some_next(self, place: int) -> bool:
        """Say whether an amount is all that is in doubt: "the cuboid could harbor some"."""
        following = self.pieces[place + 1 : place + 2]
        return bool(self._waiting and following) and following[0].value == "some"

    def _is_of_course(self, place: int) -> bool:
        """Say whether a hedge in brackets bears on the course: "residual (or possibly new)"."""
        following = self.pieces[place + 1 : place + 2]
        if not following or following[0].kind is not kinds.CURRENT:
            return False
        return self.words[following[0].last : following[0].last + 1] == [")"]

    def _is_bare_doubt(self, place: int) -> bool:
        """Say whether a row holds a doubt and at most an amount: "Talus: ?trace"."""
        if not (self.row and self.topic) or self.predicates or self._waiting or self._nouns:
            return False
        return all(piece.kind in _AMOUNTS for piece in self.pieces[place + 1 : place + _FEW])

    def _possible(self, place: int, piece: Piece) -> None:  # noqa: C901, PLR0911, PLR0912 -- one case after the other
        opened = self._open
        if self._is_of_course(place) or self._is_of_cause(piece) or self._is_of_known(place):
            return
        is_be = self.words[piece.last - 1] == "be" and not self._waiting
        if piece.value == "may" or (
            is_be and opened is not None and self._word_behind(piece) in EXISTS
        ):
            self._may(place, piece)
            return
        if self._waiting and piece.last >= self.last and self.words[piece.last - 1] == "be":
            if self.topic or self.predicates:  # "and the navicular may be"
                self._say(sayings.EDEMA, piece, elliptic=True).possible = True
            return
        if (
            piece.term.direction == "both"
            and opened is not None
            and opened.said is sayings.EDEMA
            and not (opened.bones or self._waiting)
            and self._is_place_next(place)
        ):
            self._apply_back(kinds.POSSIBLE, piece)
            return
        if self.words[piece.last - 2] in _POINTING and piece.last - piece.first > 1:
            self.points_back = True  # "whether this is"
        if (
            piece.term.direction != "backward"
            and opened is not None
            and opened.said is sayings.EDEMA
            and opened.bones
            and self._is_only_bone_next(place)
        ):
            self._say(sayings.EDEMA, piece, elliptic=True).possible = True
            return
        if (
            opened is not None
            and self.words[piece.first] == "?"
            and opened.said is sayings.EDEMA
            and not opened.bones
            and self._is_list_of_bones(place)
        ):
            opened.possible = True  # "BME ?talus"
            return
        if self._is_bare_doubt(place):
            self._say(sayings.EDEMA, piece, elliptic=True).possible = True
            return
        if piece.term.direction == "backward" or (
            piece.term.direction == "both" and self._ends_after(place)
        ):
            finding = opened.first if opened is not None else 0
            if not is_of_cause(self.words, self.pieces, place, self.last, finding):
                self._apply_back(kinds.POSSIBLE, piece)
            return
        if (
            opened is not None
            and opened.bones
            and self.pieces[place - 1].kind is kinds.JOIN
            and self._ahead(BONE_OF_LIST, place)
            and self._bone_then_finding(place + 1)
        ):
            self._open = None  # "calcaneal edema, uncertain navicular signal"
        opens = place == 0 and self.words[piece.last : piece.last + 1] == [","]
        if self._ends_after(place) and not (
            opens
            or self._is_some_next(place)
            or self._governs_next(place)
            or self._is_aside_next(place)
        ):
            if self._is_last_word(piece) and self.words[piece.first - 1] in _APART:
                self._apply_back(kinds.POSSIBLE, piece)  # "edema of the talus: doubtful"
            return
        if kinds.NEGATED in self._forward and self._join_at < self._negated_at:
            return
        self._doubt(piece)
        self._is_whole = self.words[piece.last - 1] in _WHOLE

    def _historical(self, place: int, piece: Piece) -> None:  # noqa: C901, PLR0911, PLR0912, PLR0915 -- one case after the other
        if self.words[piece.first] not in _HAVE and self._is_on_stir(place):
            self._steps[kinds.ARTIFACT](self, place, piece)
            return  # "gone on STIR: artifact"
        if self.words[piece.first - 1] in _APART and self._is_former_state(place):
            return
        if self._is_of_tissue(place):
            return  # "marrow edema, periosteum lifted"
        if is_short_of_end(self.words, self.pieces, place):
            self._forward.pop(kinds.NEGATED, None)
            self._current(place, piece)
            return
        if (
            piece.value == "resolved"
            and self.words[piece.first] == "no"
            and self._ahead(FINDING_SHOWN, place)
        ):
            self._forward[kinds.HISTORICAL] = piece.term.rule
            self._forward.pop(kinds.CURRENT, None)
            self._forward.pop(kinds.NEGATED, None)
            return
        if (
            self._is_list_of_bones(place)
            and is_resolution(self.words, piece)
            and not self._ahead(FINDING_OF_BONES, place)
        ):
            self._open = None
            self._say(sayings.EDEMA, piece, elliptic=True).resolved = True
            return  # "with clearing of the tibia"
        if piece.value == "resolved" and self._heads_list(place):
            self._open = None
            self._say(sayings.EDEMA, piece, elliptic=True).resolved = True
            return
        if self._is_adjective(place) and self._bone_then_finding(place + 1):
            self._forward[kinds.HISTORICAL] = piece.term.rule
            self._forward.pop(kinds.CURRENT, None)
            return
        if piece.value == "resolved" and (
            self._waiting or (self._open is not None and not self._is_place_next(place))
        ):
            self._apply_back(kinds.HISTORICAL, piece)
            return
        if piece.value == "resolved" and self._is_place_next(place):
            self._open = None
            self._say(sayings.EDEMA, piece, elliptic=True).resolved = True
            return
        if self.words[piece.first] in _THEN and self._is_of_unknown(place):
            return  # "a previously drilled track"
        opened = self._open
        if (
            self.words[piece.last - 1] in _THEN
            and opened is not None
            and opened.said is sayings.EDEMA
            and not opened.bones
            and self._is_place_next(place)
        ):
            opened.historical = True
            return  # "edema previously in the talus"
        if (
            piece.value == "was"
            and self.words[piece.last - 1] in _EDEMATOUS
            and (opened is None and not self._is_soft(place))
        ):
            self._say(sayings.EDEMA, piece).historical = True
            return  # "the formerly edematous marrow of the talus"
        if piece.value == "healed":
            following = self.pieces[place + 1 : place + 2]
            if following and following[0].kind is kinds.DISEASE:
                return  # "edema outlines the healed fracture"
            if opened is not None and opened.said is sayings.EDEMA:
                opened.resolved = True
            elif self._waiting and self.words[piece.first - 1] in _HAVE:
                if self.topic or self.predicates or self._is_edema_ahead(place):
                    self._say(sayings.EDEMA, piece, elliptic=True).resolved = True
            elif self._ahead(FINDING_OF_BONES, place):
                self._forward[kinds.HISTORICAL] = piece.term.rule
            return
        if piece.value == "when":
            said = self.words[max(0, piece.first - 3) : piece.first + 1]
            if "first" in said:
                return  # "first described in 2021"
            if opened is not None and (
                (self._past and self._verb_at < opened.first)
                or not _PARTICIPLES.isdisjoint(said)
                or (self._is_dated(place) and not self._present)
            ):
                opened.historical = True
            self._forward.setdefault(kinds.HISTORICAL, "when")
            return
        if (
            opened is not None
            and opened.said is sayings.EDEMA
            and self.words[piece.first] == "had"
            and not self._ahead(FINDING, place)
        ):
            amount = "".join(self.words[piece.last : piece.last + 1])
            opened.historical = not amount[:1].isdigit()  # "had been 20 mm"
            return
        if (
            opened is not None
            and piece.value != "resolved"
            and self._ends_after(place)
            and (self._join_at < opened.first or self._past or self._is_listed(place))
        ):
            opened.historical = True
            return
        is_said = piece.value == "resolved" and self.words[piece.first - 1] in _HAVE
        if piece.value == "resolved" and (is_said or not self._ahead(FINDING_OF_BONES, place)):
            if opened is None and self.predicates and not self.points_back:
                self._apply_back(kinds.HISTORICAL, piece)
            is_that = self.words[self.pieces[0].first - 1] == "that"  # "that has disappeared"
            self.says_resolved = self.says_resolved or self.points_back or is_that
            return
        if (
            piece.value == "was"
            and opened is not None
            and opened.said is sayings.EDEMA
            and not opened.bones
        ):
            opened.historical = True  # "edema, previously florid in the navicular"
            return
        self._forward[kinds.HISTORICAL] = piece.term.rule
        self._historical_at = piece.first
        self._forward.pop(kinds.CURRENT, None)

    def _is_of_unknown(self, place: int) -> bool:
        """Say whether an adverb of time bears on words we do not know."""
        piece = self.pieces[place]
        if piece.last - piece.first > 1 or place + 1 >= len(self.pieces):
            return False
        following = self.pieces[place + 1]
        gap = following.first - piece.last
        return gap >= _UNKNOWN or (gap > 0 and following.kind is kinds.DISEASE)

    def _current(self, place: int, piece: Piece) -> None:
        if piece.value == "confirmed":
            opened = None if self._is_whole else self._open  # "uncertain whether it is real"
            if opened is not None and opened.said is sayings.EDEMA:
                opened.possible, opened.current = False, True
            return
        if piece.value == "partly" and self._open is not None:
            self._open.resolved = False
        if self._open is not None and self._is_left_behind(piece):
            self._moves = True
            self._say(sayings.EDEMA, piece, elliptic=True).resolved = True
            return
        named = self.predicates if self._open is None else self._open.bones
        if self._persists(place) or (named and self._is_place_next(place)):
            self._open = None
            self._say(sayings.EDEMA, piece, elliptic=True).current = True
            return
        following = self.pieces[place + 1 : place + 2]
        if self._is_normal_now(place) or self._is_there_still(place):
            return
        if following and following[0].kind in MORE:
            return
        said_normal = place > 0 and self.pieces[place - 1].kind is kinds.NORMAL
        of_other = self._open is not None and self._waiting
        if self._open is not None and not (said_normal or of_other or self._ahead(FINDING, place)):
            self._open.current = True
        self._forward.pop(kinds.HISTORICAL, None)
        self._forward[kinds.CURRENT] = ""

    def _persists(self, place: int) -> bool:
        """Say whether a bone stands for its finding: "the talar one persists, smaller"."""
        piece = self.pieces[place]
        if not self._waiting or self._open is not None or self._nouns or not self.topic:
            return False
        is_so = self.words[piece.last - 1] == "so"  # "the cuboid is still so"
        return (is_so or self.words[piece.first] in _PERSISTS) and self._ends_after(place)

    def _is_there_still(self, place: int) -> bool:
        """Read "has faded but is still visible": it has not gone."""
        last = self.predicates[-1] if self.predicates else None
        if last is None or self._open is not None or self._waiting or not last.resolved:
            return False
        if self.words[self.pieces[place].first] != "still" or not self._ends_after(place):
            return False
        last.resolved, last.current = False, True
        return True

    def _is_left_behind(self, piece: Piece) -> bool:
        """Say whether an edema went elsewhere: "has migrated from the navicular"."""
        moved = self.words[piece.last - 1] in _MOVED
        return moved and self.words[piece.last : piece.last + 1] == ["from"]

    def _is_normal_now(self, place: int) -> bool:
        """Read "was bright in January and is dark now": it has gone."""
        opened = self._open
        if opened is None or opened.said is not sayings.EDEMA or opened.negated or self._waiting:
            return False
        piece = self.pieces[place]
        if self.words[piece.last - 1] in _STILL or self._is_t1_only(place):
            return False  # "T1 still fatty" has not changed
        near = self.pieces[place - 1 : place] if place else []
        near = [p for p in near if p.last == piece.first and p.first > opened.first]
        for follower in self.pieces[place + 1 : place + 3]:
            if follower.first - piece.last > 1:
                break
            near.append(follower)
            if follower.kind not in (kinds.PREPOSITION, kinds.VERB):
                break
        if not any(p.kind in _NORMAL or (p.kind is kinds.HIGH and p.value == "low") for p in near):
            return False
        if not (opened.bones or self.row):
            return False
        opened.resolved = True
        return True

    def _hypothetical(self, place: int, piece: Piece) -> None:
        if piece.term.direction == "both" and self._open is not None:
            is_placed = self.words[piece.last - 1] == "in" and self._is_list_of_bones(place)
            self._open.hypothetical = self._open.hypothetical or not is_placed
            return  # "edema can be seen in", and no bone behind it
        if piece.value == "whether" and self._is_of_known(place):
            return
        if self.words[piece.first] == "may" and self._waiting and self._is_edema_ahead(place):
            self._doubt(piece)
            return  # "the talus may show a trace of edema"
        self._forward[kinds.HYPOTHETICAL] = piece.value or piece.term.rule

    hedge_steps: ClassVar[Steps] = {
        kinds.NEGATED: _negated,
        kinds.POSSIBLE: _possible,
        kinds.HISTORICAL: _historical,
        kinds.CURRENT: _current,
        kinds.HYPOTHETICAL: _hypothetical,
        **Turns.turn_steps,
    }
