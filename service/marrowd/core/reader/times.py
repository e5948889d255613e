"""What words of time do: what has gone, what was seen once, and what is there still."""

from marrowd.core.reader import kinds, sayings
from marrowd.core.reader.backward import Backward
from marrowd.core.reader.bearings import is_resolution, is_short_of_end
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.steps import Steps, any_of, ending, first_of, opening, valued
from marrowd.core.reader.walks import FINDING, FINDING_OF_BONES, FINDING_SHOWN, MORE

_PARTICIPLES = frozenset(
    {"documented", "reported", "described", "seen", "noted", "present"}
    | {"shown", "demonstrated", "recorded", "visible", "found"}
)
_APART = frozenset({",", ":", "-", "\u2013", "("})
_NORMAL = frozenset({kinds.NORMAL, kinds.NORMAL_MARROW, kinds.SPARED})
_EDEMATOUS = frozenset({"edematous", "bruised", "bright", "hyperintense"})
_MOVED = frozenset({"migrated", "moved", "shifted", "wandered", "travelled"})
_PERSISTS = frozenset({"persists", "persist", "lingers", "linger", "remains", "remain"})
_STILL = frozenset({"still", "remaining"})
_OF_TWO = frozenset({"former", "latter"})
_HAVE = frozenset({"has", "have", "had", "fully", "completely"})
_THEN = frozenset({"previously", "formerly"})
_ONCE = _THEN | {"prior", "earlier", "before", "originally", "initially", "baseline", "seen"}
_NONE = frozenset({"none", "nil", "no", "not", "absent", "normal", "too", "also"})
_UNKNOWN = 2  # words
_FEW = 4


class Times(Backward):
    """The steps for what was, and for what is now."""

    __slots__ = ()

    def _once_on_stir(self, place: int, piece: Piece) -> bool:
        """Read what one sequence does not show as artifact: "gone on STIR"."""
        if self.words[piece.first] in _HAVE or not self._is_on_stir(place):
            return False
        self._artifact(place, piece)
        return True

    def _once_otherwise(self, place: int, piece: Piece) -> bool:
        """Pass over how it was: "mild edema (previously moderate)", "8 mm, previously 20 mm"."""
        return self.words[piece.first - 1] in _APART and self._is_former_state(place)

    def _once_of_tissue(self, place: int, _piece: Piece) -> bool:
        """Pass over what is said of a soft tissue: "marrow edema, periosteum lifted"."""
        return self._is_of_tissue(place)

    def _once_and_still(self, place: int, piece: Piece) -> bool:
        """Read what goes and has not gone as there: "partial regression"."""
        if not is_short_of_end(self.words, self.pieces, place):
            return False
        self._forward.pop(kinds.NEGATED, None)
        self._current(place, piece)
        return True

    def _gone_ahead(self, place: int, piece: Piece) -> bool:
        """Read what has gone before its name: "no longer shows edema"."""
        if self.words[piece.first] != "no" or not self._ahead(FINDING_SHOWN, place):
            return False
        self._forward[kinds.HISTORICAL] = piece.term.rule
        self._forward.pop(kinds.CURRENT, None)
        self._forward.pop(kinds.NEGATED, None)
        return True

    def _gone_from_bones(self, place: int, piece: Piece) -> bool:
        """Read bones of which something has gone: "clearing of the tibia", "Resolved: talus"."""
        is_noun = (
            self._is_list_of_bones(place)
            and is_resolution(self.words, piece)
            and not self._ahead(FINDING_OF_BONES, place)
        )
        if not is_noun and not (piece.value == "resolved" and self._heads_list(place)):
            return False
        self._say_gone(piece)
        return True

    def _gone_of_noun(self, place: int, piece: Piece) -> bool:
        """Read an adjective of a finding: "resolved talar edema"."""
        if not (self._is_adjective(place) and self._bone_then_finding(place + 1)):
            return False
        self._forward[kinds.HISTORICAL] = piece.term.rule
        self._forward.pop(kinds.CURRENT, None)
        return True

    def _gone_behind(self, place: int, piece: Piece) -> bool:
        """Read what has gone behind its name: "talar edema has resolved", "has gone in the"."""
        is_placed = not self._waiting and self._is_place_next(place)
        if self._waiting or (self._open is not None and not is_placed):
            self._apply_back(kinds.HISTORICAL, piece)
        elif is_placed:
            self._say_gone(piece)
        else:
            return False
        return True

    def _once_unknown(self, place: int, _piece: Piece) -> bool:
        """Pass over a time of words we do not know: "a previously drilled track"."""
        return self._is_of_unknown(place)

    def _once_in(self, place: int, _piece: Piece) -> bool:
        """Read a time between an edema and its place: "edema previously in the talus"."""
        opened = self._open
        if opened is None or opened.bones:
            return False
        if opened.said is not sayings.EDEMA or not self._is_place_next(place):
            return False
        opened.historical = True
        return True

    def _once_edematous(self, place: int, piece: Piece) -> bool:
        """Read a finding that its time is one term with: "the formerly edematous marrow of"."""
        if _EDEMATOUS.isdisjoint((self.words[piece.first], self.words[piece.last - 1])):
            return False
        if self._open is not None or self._is_soft(place):
            return False
        self._say(sayings.EDEMA, piece).historical = True
        return True

    def _once_healed(self, place: int, piece: Piece) -> bool:
        """Read "healed", of an edema or a bone, but not in "edema outlines the healed fracture"."""
        following = self.pieces[place + 1 : place + 2]
        if following and following[0].kind is kinds.DISEASE:
            return True
        opened = self._open
        if opened is not None and opened.said is sayings.EDEMA:
            opened.resolved = True
        elif self._waiting and self.words[piece.first - 1] in _HAVE:
            if self.topic or self.predicates or self._is_edema_ahead(place):
                self._say(sayings.EDEMA, piece, elliptic=True).resolved = True
        elif self._ahead(FINDING_OF_BONES, place):
            self._forward[kinds.HISTORICAL] = piece.term.rule
        return True

    def _once_dated(self, place: int, piece: Piece) -> bool:
        """Read a date: "edema in March", "was seen in 2021", but not "first described in 2021"."""
        said = self.words[max(0, piece.first - 3) : piece.first + 1]
        if "first" in said:
            return True
        opened = self._open
        if opened is not None and (
            (self._past and self._verb_at < opened.first)
            or not _PARTICIPLES.isdisjoint(said)
            or (self._is_dated(place) and not self._present)
        ):
            opened.historical = True
        self._forward.setdefault(kinds.HISTORICAL, "when")
        return True

    def _once_had(self, place: int, piece: Piece) -> bool:
        """Read what an edema had been, unless in size: "edema that had", not "had been 20 mm"."""
        opened = self._open
        if opened is None or opened.said is not sayings.EDEMA:
            return False
        if self._ahead(FINDING, place):
            return False
        amount = "".join(self.words[piece.last : piece.last + 1])
        opened.historical = not amount[:1].isdigit()
        return True

    def _once_behind(self, place: int, piece: Piece) -> bool:
        """Read a time behind what is said, in its own clause: "edema of the talus previously"."""
        opened = self._open
        if opened is None or piece.value == "resolved" or not self._ends_after(place):
            return False
        if not (self._join_at < opened.first or self._past or self._is_listed(place)):
            return False
        opened.historical = True
        return True

    def _gone_alone(self, place: int, piece: Piece) -> bool:
        """Read what has gone of the sentence before: "this has resolved", "that disappeared"."""
        if self.words[piece.first - 1] not in _HAVE and self._ahead(FINDING_OF_BONES, place):
            return False
        if self._open is None and self.predicates and not self.points_back:
            self._apply_back(kinds.HISTORICAL, piece)
        is_that = self.words[self.pieces[0].first - 1] == "that"
        self.says_resolved = self.says_resolved or self.points_back or is_that
        return True

    def _once_told(self, _place: int, _piece: Piece) -> bool:
        """Read how an edema was, before its place: "edema, previously florid in the navicular"."""
        opened = self._open
        if opened is None or opened.bones or opened.said is not sayings.EDEMA:
            return False
        opened.historical = True
        return True

    def _once_ahead(self, _place: int, piece: Piece) -> bool:
        """Put what follows in the past: "previous talar edema"."""
        self._forward[kinds.HISTORICAL] = piece.term.rule
        self._historical_at = piece.first
        self._forward.pop(kinds.CURRENT, None)
        return True

    def _say_gone(self, piece: Piece) -> None:
        self._open = None
        self._say(sayings.EDEMA, piece, elliptic=True).resolved = True

    def _is_former_state(self, place: int) -> bool:
        """Read how much it was: "mild edema (previously moderate)", "8 mm, previously 20 mm"."""
        piece, opened = self.pieces[place], self._open
        if opened is None or opened.said is not sayings.EDEMA:
            return False
        is_amount = self.words[piece.last - 1] in _ONCE
        following = self.pieces[place + 1 : place + 2]
        if is_amount and following and following[0].kind is kinds.SEVERITY:
            return self._is_last_word(following[0])
        behind = self.words[piece.last : piece.last + _FEW + _FEW]
        if self.words[piece.first - 1] != "(" or ")" not in behind:
            return is_amount and "".join(behind[:1])[:1].isdigit()
        end = piece.last + behind.index(")")
        inside = [p for p in self.pieces[place + 1 : place + _FEW] if p.first < end]
        named = any(p.kind in (kinds.EDEMA, kinds.BONE) for p in inside)
        if named or not (is_amount or opened.negated):
            return False
        opened.resolved = opened.negated and _NONE.isdisjoint(behind)
        for within in inside:
            within.kind = kinds.NOTHING
        return True

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
        is_placed = bool(named) and self._is_place_next(place)
        is_placed = is_placed or (place == 0 and self.topic and self._heads_list(place))
        if is_placed or self._persists(place):
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
        if not self._waiting or self._open is not None or not (self.topic or self.predicates):
            return False
        is_of_two = self.words[self._waiting[-1].first] in _OF_TWO  # "the latter is unchanged"
        if self._nouns and not is_of_two:
            return False
        is_so = is_of_two or self.words[piece.last - 1] == "so"  # "the cuboid is still so"
        return (is_so or self.words[piece.first] in _PERSISTS) and self._ends_after(place)

    def _is_there_still(self, place: int) -> bool:
        """Read "has faded but is still visible", "was seen, and this is stable": it is there."""
        last = self.predicates[-1] if self.predicates else None
        if last is None or self._open is not None or self._waiting:
            return False
        if last.historical and self.points_back and not last.resolved and self._ends_after(place):
            last.current = True
            return True
        if not last.resolved:
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
        at = piece.last
        for follower in self.pieces[place + 1 : place + 3]:
            if follower.first - at > 1:
                break
            near.append(follower)
            at = follower.last  # "now looks entirely normal"
            if follower.kind not in (kinds.PREPOSITION, kinds.VERB):
                break
        if not any(p.kind in _NORMAL or (p.kind is kinds.HIGH and p.value == "low") for p in near):
            return False
        if not (opened.bones or self.row):
            return False
        opened.resolved = True
        return True

    @classmethod
    def time_steps(cls) -> Steps:
        """Give the steps of what was, and of what is now."""
        return {
            kinds.HISTORICAL: first_of(
                any_of(cls._once_on_stir),
                any_of(cls._once_otherwise),
                any_of(cls._once_of_tissue),
                any_of(cls._once_and_still),
                valued("resolved", cls._gone_ahead),
                any_of(cls._gone_from_bones),
                any_of(cls._gone_of_noun),
                valued("resolved", cls._gone_behind),
                opening(_THEN, cls._once_unknown),
                ending(_THEN, cls._once_in),
                valued("was", cls._once_edematous),
                valued("healed", cls._once_healed),
                valued("when", cls._once_dated),
                opening({"had"}, cls._once_had),
                any_of(cls._once_behind),
                valued("resolved", cls._gone_alone),
                valued("was", cls._once_told),
                any_of(cls._once_ahead),
            ),
            kinds.CURRENT: cls._current,
        }
