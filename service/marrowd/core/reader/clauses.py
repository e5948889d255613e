"""
Reads one sentence from left to right and says what is said of which bones.

A small machine with one pass over the pieces. It keeps the bones named but not yet spoken of
(waiting), the predicate that is open for bones to come, and the cues that still reach forward.
What each kind of piece does is its step; what it knows of the world is vocabulary. The steps of
bones, findings and cues are those of the classes it stands on, one upon the other, since a compiled
class has a single base; those of the words between them are here.
"""

from marrowd.core.reader import kinds, sayings
from marrowd.core.reader.named_bones import number_by_row
from marrowd.core.reader.negations import Negations
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.predicates import Predicate
from marrowd.core.reader.steps import Steps
from marrowd.core.reader.walks import BONE_OF_LIST, FINDING
from marrowd.core.reading import Severity

_POINTING = frozenset({"it", "these", "this", "they"})
_WINDOW = 40
_OR = frozenset({"or", "nor", "/"})
_TAKES = frozenset({"affects", "affect", "involves", "involve", "occupies", "reaches", "includes"})
_OF_TWO = {"latter": -1, "former": 0}
_TOLD_ASIDE = frozenset({kinds.BONE, kinds.EDEMA, kinds.MARROW, kinds.SIGNAL})
_SAID_ASIDE = _TOLD_ASIDE | {
    kinds.NORMAL,
    kinds.NORMAL_MARROW,
    kinds.SPARED,
    kinds.HIGH,
    kinds.NEGATED,
    kinds.EXCEPT,
    kinds.NOT_IN,
    kinds.DISEASE,
}
_ASIDE = 14  # words
_ALONE = frozenset({"only", "merely", "just", "simply", "solely", "still", "now"})
_WITHIN = 8  # words: "now only the third is"
_ASIDES = frozenset({"however", "hand", "contrast", "though", "nevertheless"})
_ROW = frozenset(
    {kinds.BONE, kinds.SIDE, kinds.JOIN, kinds.PART, kinds.PREPOSITION, kinds.REGION, kinds.ORDINAL}
)
_ATTRIBUTES = frozenset({"previously", "previous", "prior", "earlier", "once"})
_BESIDE = 4  # words: "previously noted patchy marrow edema"
_FREE = frozenset({kinds.NORMAL, kinds.NORMAL_MARROW, kinds.SPARED})
_NOW = frozenset({"is", "are", "remains", "s"})
_ARTICLES = (["a"], ["an"])
_NOUN = 8  # words
_TAUGHT = frozenset(
    {"sign", "finding", "feature", "response", "phenomenon", "marker", "manifestation", "process"}
    | {"reaction", "entity", "term", "pattern", "sequela", "observation"}
)
_USUAL = frozenset(
    {"nonspecific", "specific", "common", "frequent", "known", "recognized", "recognised", "usual"}
    | {"typical", "ubiquitous", "physiological", "physiologic", "sensitive", "reversible"}
)
_HAS_PLACE = frozenset({kinds.SEQUENCE, kinds.MARROW, kinds.SIGNAL, kinds.EDEMA})
_OSSEOUS = frozenset({"bone", "bones", "osseous", "marrow", "bony", "osteochondral"})
_PAST = frozenset({"was", "were", "had", "showed", "demonstrated", "revealed", "exhibited"})


class Clauses(Negations):
    """The machine; `run` leaves `predicates`, `excluded` and `mentioned` behind."""

    __slots__ = ()

    def run(self, found: list[Predicate] | None = None) -> None:
        """Read the sentence, or hold what was *found* in all of it."""
        if found:
            self.predicates = found
            self.mentioned = [bone for predicate in found for bone in predicate.bones]
            return
        if self.previous is not None and self.pieces:
            self._goes_on()
        self._go_through(_STEPS)

    def _skips_aside(self, place: int) -> bool:
        """Pass over what parts a bone from its verb: "the talus, though near it, is normal"."""
        piece = self.pieces[place]
        if not self._waiting or self.words[piece.first - 1] != ",":
            return False
        ahead = self.words[piece.last : min(self.last, piece.last + _ASIDE)]
        end = piece.last + ahead.index(",") if "," in ahead else self.last
        at = place + 1
        while at < len(self.pieces) and self.pieces[at].first <= end:
            if self.pieces[at].kind in _TOLD_ASIDE:
                return False
            at += 1
        behind = self.pieces[at] if at < len(self.pieces) else piece
        if behind.kind is not kinds.VERB or behind.first != end + 1:
            return False
        for passed in self.pieces[place + 1 : at]:
            passed.kind = kinds.NOTHING
        return True

    def _skips_clause(self, place: int) -> None:
        """Pass over an aside of words we do not know: "the cuboids, as far as included, show"."""
        comma = self.pieces[place]
        ahead = self.words[comma.last : min(self.last, comma.last + _ASIDE)]
        if "," not in ahead or self._waiting[-1].last != comma.first:
            return
        end = comma.last + ahead.index(",")
        at = place + 1
        while at < len(self.pieces) and self.pieces[at].first < end:
            if self.pieces[at].kind in _SAID_ASIDE or self.pieces[at].value == "was":
                return
            at += 1
        if at + 1 >= len(self.pieces) or self.pieces[at + 1].kind is not kinds.VERB:
            return
        if at > place + 1 and self.pieces[at + 1].first == end + 1:
            for passed in self.pieces[place + 1 : at + 1]:
                passed.kind = kinds.NOTHING

    def _disease(self, place: int, piece: Piece) -> None:
        before = self.pieces[place - 1] if place else None
        if before is not None and before.kind is kinds.HISTORICAL and before.last == piece.first:
            self._end_old()  # "an old fracture, no edema"
        if self._is_landmark(place):
            self.points_back = True  # "deep to the lesion"
            self._over = False
        self._nouns += 1
        self._noun_at = piece.first
        opened = self._open
        if opened is not None and opened.bones and self._is_place_next(place):
            self._open = None
        self._mass = self._mass or piece.value == "mass"
        if piece.term.cue:
            self._cue(piece)

    def _soft(self, place: int, piece: Piece) -> None:
        opened = self._open
        if (
            opened is not None
            and opened.bones
            and not opened.strong
            and self._is_said_to_lie(place)
        ):
            opened.dropped = "of soft tissue"
        self._nouns += 1
        self._noun_at = piece.first

    def _verb(self, place: int, piece: Piece) -> None:
        self._over = False
        if self._negation_is_spent(place):
            self._close_cues()
        if self._past and self._is_normal_since(place):
            return  # "was edematous, is normal"
        opened = self._open
        if opened is not None and not opened.bones and self._defines(place, opened):
            opened.hypothetical = True
            self._forward[kinds.HYPOTHETICAL] = piece.term.rule
        self._past = self.words[piece.first] in _PAST
        self._present = self._present or not (self._past or self.words[piece.first] in ":=")
        opened = self._open
        if opened is not None and opened.historical and self._is_told_of_now(piece, opened):
            opened.current = True
        if self.words[piece.first] == ":" and place < _WINDOW and not self.predicates:
            before = {p.kind for p in self.pieces[:place]}
            head = self.words[max(0, self.pieces[0].first - 1) : piece.first]
            is_soft = kinds.SOFT in before and kinds.BONE not in before
            self.soft_row = is_soft and _OSSEOUS.isdisjoint(head)  # "Bones and cartilage:"
        if (
            (
                self.opens_row
                and self.words[piece.first] == ":"
                and self._waiting
                and not self.predicates
            )
            and place < _WINDOW
            and all(p.kind in _ROW for p in self.pieces[:place])
        ):
            self.row, self._waiting = self._waiting, []
            number_by_row(
                [p for p in self.pieces[place + 1 : place + _WINDOW] if p.bones], self.row
            )
        self._verb_at = piece.first
        if not (
            self.words[piece.first] == ":" and self._turn is not None and self._opens_list(place)
        ):
            self.skips_others = self.skips_others or self._turn is kinds.OTHER
            self._turn = None
        if self._nouns:
            self._close_cues()

    def _defines(self, place: int, opened: Predicate) -> bool:
        """Say whether a sentence teaches what edema is: "marrow edema is a nonspecific sign"."""
        verb = self.pieces[place]
        if opened.said is not sayings.EDEMA or self.pieces[0].first != opened.first:
            return False
        if verb.first - opened.last > 1 or self.words[verb.last : verb.last + 1] not in _ARTICLES:
            return False
        noun = self.words[verb.last + 1 : min(self.last, verb.last + _NOUN)]
        return not _TAUGHT.isdisjoint(noun) and not _USUAL.isdisjoint(noun)

    def _is_normal_since(self, place: int) -> bool:
        """Read "was edematous, is normal": what was said by a past verb has gone."""
        opened, words = self._open, self.words
        if opened is None or self._waiting or opened.said is not sayings.EDEMA or opened.negated:
            return False
        before, following = self.pieces[place - 1], self.pieces[place + 1 : place + 2]
        if before.kind is not kinds.JOIN or before.last != self.pieces[place].first:
            return False
        if words[self.pieces[place].first] not in _NOW or not following:
            return False
        if following[0].kind not in _FREE or not (opened.bones or self.row):
            return False
        opened.resolved, following[0].kind = True, kinds.NOTHING
        return True

    def _is_told_of_now(self, piece: Piece, opened: Predicate) -> bool:
        """Say whether what was seen once is what a verb speaks of: "the prior edema measures"."""
        if self._past or not opened.bones or self.words[piece.first] in ":=":
            return False
        is_adjective = self.words[self._historical_at] in _ATTRIBUTES
        return is_adjective and 0 < opened.first - self._historical_at <= _BESIDE

    def _range(self, place: int, piece: Piece) -> None:
        if self._is_row_sign(place):
            self._verb(place, piece)
        elif self._moves and self.words[piece.first] == "to":
            self._moves = False
            self._open, self._waiting = None, []
            self._say(sayings.EDEMA, piece, elliptic=True).current = True

    def _join(  # noqa: C901, PLR0912 -- one case after the other
        self, place: int, piece: Piece
    ) -> None:
        is_comma = self.words[piece.first] == "," and not (
            self._waiting and self._waiting[-1].first > self._historical_at
        )
        if kinds.HISTORICAL in self._forward:
            is_told = self.words[self._historical_at - 1] in _NOW  # "is old and surrounded by"
            if is_told or (is_comma and self._historical_at != piece.first - 1):  # "on the prior,"
                self._end_old()
        self._over = False
        if self._waiting and self._open is None and self.words[piece.first] == ",":
            following = self.pieces[place + 1 : place + 2]
            if following and following[0].first > piece.last:  # words we do not know
                self._skips_clause(place)
        if self._is_told_by_verb(place):
            self._say(sayings.EDEMA, self.pieces[place - 1], elliptic=True).current = True
            self._open = None
            self._forward.pop(kinds.HISTORICAL, None)
        self._join_at = piece.first
        if self._forward.get(kinds.HYPOTHETICAL) == "whether" and self._ends_whether(place):
            del self._forward[kinds.HYPOTHETICAL]
        if self._open is not None and self._is_said_otherwise(place, self._open):
            return
        if kinds.NEGATED in self._forward and self._waiting and self._opens_relative(place):
            self._close_cues()
        if self._negation_is_spent(place) and not self._goes_on_denying(place):
            self._close_cues()
        if kinds.NEGATED in self._forward and self._opens_definite(place):
            self._close_cues()
        if self._negated_at == self.pieces[0].first and self._opens_main_clause(piece):
            self._close_cues()
        if self._nouns and kinds.POSSIBLE in self._forward:
            self._forward.pop(kinds.POSSIBLE)
        if self._turn is not None and (
            not self._ahead(BONE_OF_LIST, place)
            or (
                self._turn is kinds.NOT_IN and self._open is None and self.words[piece.first] == ","
            )
        ):
            self._turn = None

    def _is_told_by_verb(self, place: int) -> bool:
        """Read a verb with nothing behind it before a comma: "now only the third is, and"."""
        before = self.pieces[place - 1] if place else None
        if before is None or before.kind is not kinds.VERB or not self._waiting:
            return False
        words = self.words
        if words[before.first] not in _NOW or before.last != self.pieces[place].first:
            return False
        told = words[max(0, before.first - _WITHIN) : before.first]
        return bool(self.topic or self.predicates) and not (self._nouns or _ALONE.isdisjoint(told))

    def _goes_on_denying(self, place: int) -> bool:
        """Say whether "or" holds a finding under a negation: "is not displaced or edematous"."""
        return (
            self.words[self.pieces[place].first] in _OR and self._ahead(FINDING, place) is not None
        )

    def _opens_relative(self, place: int) -> bool:
        """Say whether a clause tells how a bone is: "nor to the talus, which is edematous"."""
        comma, following = self.pieces[place], self.pieces[place + 1 : place + 2]
        if self.words[comma.first : comma.last + 1] != [",", "which"] or not following:
            return False
        verb = following[0]
        near = verb.kind is kinds.VERB and verb.first == comma.last + 1
        return near and self._ahead(FINDING, place + 1) is not None

    def _opens_definite(self, place: int) -> bool:
        """Say whether a finding known already follows: "no displacement and the edema is mild"."""
        piece = self.pieces[place]
        if self.words[piece.first] != "and" or self.words[piece.last : piece.last + 1] != ["the"]:
            return False
        named = self.words[self._negated_at : min(piece.first, self._negated_at + _WINDOW)]
        return len(named) > 1 and self._ahead(FINDING, place) is not None

    def _ends_whether(self, place: int) -> bool:
        """Say whether a comma ends an aside: "Whether due to overload or not, there is"."""
        if self.predicates or self._waiting or self.words[self.pieces[place].first] != ",":
            return False
        following = self.pieces[place + 1 : place + 2]
        near = bool(following) and following[0].first - self.pieces[place].last <= 1
        return near and following[0].kind in (kinds.BONE, kinds.THERE, kinds.SIDE, kinds.EDEMA)

    def _with(self, _place: int, piece: Piece) -> None:
        self._with_at = piece.first
        if self._possible_at == piece.first - 1:
            return  # "might just contain edema"
        if self._nouns or self.words[piece.last - 1] in _ALONE:
            self._forward.pop(kinds.HISTORICAL, None)
            self._close_cues()
        self._turn = None

    def _over_word(self, _place: int, piece: Piece) -> None:
        self._over = True
        self._over_at = piece.last

    def _preposition(self, place: int, piece: Piece) -> None:
        opened = self._open
        if (
            opened is not None
            and self.pieces[place - 1].kind is kinds.VERB
            and self._lies_elsewhere(place, opened)
        ):
            opened.denied, opened.bones = opened.bones, []
            return
        if self._takes_up(place):
            self._say(sayings.EDEMA, piece, elliptic=True)
            return
        of_part = place > 0 and self.pieces[place - 1].kind is kinds.PART
        if not (self._over and of_part and self.words[piece.first] == "of"):
            self._over = False

    def _takes_up(self, place: int) -> bool:
        """Say whether a verb takes up what was spoken of: "spares the cuboid but affects"."""
        if self._open is not None or self._waiting:
            return False
        if self.words[self.pieces[place].first] == "involvement" and not self.predicates:
            known = self.previous is not None and self.previous.said is sayings.EDEMA
            return known and not self._nouns and self._ahead(BONE_OF_LIST, place) is not None
        if not self.predicates or not place:
            return False
        opens = self.pieces[place - 1].kind is kinds.BREAK
        return opens and self.words[self.pieces[place].first] in _TAKES

    def _there(self, place: int, piece: Piece) -> None:
        if self._is_adverb(place):
            self.points_back = True  # "the marrow there is normal"
            if self.row and self.row[0].first < self.pieces[0].first:
                self.row = []
            self._verb(place, piece)
            return
        if self._is_elliptic_there(place) and (self.topic or self.predicates):
            self._open, self._waiting = None, []
            self._say(sayings.EDEMA, piece, elliptic=True).current = True
            return
        if self.words[piece.first] in _POINTING:
            self.points_back = True
            before = self.pieces[place - 1] if place else None
            is_place = before is not None and before.kind is kinds.PREPOSITION
            if is_place and self.pieces[place - 1].last == piece.first:
                return  # "and the signal in it is considered artifactual"
        if (
            self._forward.get(kinds.HISTORICAL) == "when"
            and not self.predicates
            and self.words[piece.last - 1] in _NOW
        ):
            del self._forward[kinds.HISTORICAL]  # "after surgery in 2020 there is edema"
        if (
            self.words[piece.first - 1] == ","
            and self._forward.get(kinds.HYPOTHETICAL) == "whether"
        ):
            del self._forward[kinds.HYPOTHETICAL]  # "whether due to load or not, there is"
        if self._is_governed(place):
            self._is_whole = True  # "I am not convinced there is edema"
        else:
            self._close_cues()
        self._turn = None
        if self._open is not None and self._open.bones:
            self._open = None

    def _is_adverb(self, place: int) -> bool:
        """Say whether "there" is a place, of the noun before it: "STIR there is bland"."""
        before = self.pieces[place - 1] if place else None
        if before is None or self.words[self.pieces[place].first] != "there":
            return False
        return before.last == self.pieces[place].first and before.kind in _HAS_PLACE

    def _anaphor(self, place: int, piece: Piece) -> None:
        self.points_back = True
        if piece.value == "marrow":
            if self._beside is not None and self._open is None and not self._waiting:
                self._waiting.append(self._beside)  # "abutting the talus, whose marrow is"
            self._marrow(place, piece)
            return
        which = self.words[piece.last - 1]
        if which in _OF_TWO and len(self._waiting) > 1:
            self._waiting = [self._waiting[_OF_TWO[which]]]

    def _grade(self, place: int, piece: Piece) -> None:
        self._severity = Severity(piece.value)
        if self.row and self.topic and self._is_amount_of_row(place):
            self._say(sayings.EDEMA, piece, elliptic=True)

    def _is_amount_of_row(self, place: int) -> bool:
        """Say whether how much is all that a row says of its bone: "Cuboid: trace"."""
        before = self.pieces[place - 1] if place else None
        if before is None or self.words[before.first] not in ":=" or self.predicates:
            return False
        piece = self.pieces[place]
        is_whole = before.last == piece.first and piece.last >= self.last
        return is_whole and not (self._waiting or self.row[0].broad or self.soft_row)

    def _out_of_view(self, _place: int, _piece: Piece) -> None:
        if kinds.HISTORICAL in self._forward:
            return  # "at that time was not imaged"
        opened = self._open
        if not self._waiting and opened is not None and opened.said is sayings.EDEMA:
            behind = [bone for bone in opened.bones if bone.first > opened.first]
            self.excluded.extend(behind or opened.bones)
            if behind and len(behind) < len(opened.bones):
                del opened.bones[-len(behind) :]  # "talus: no edema, cuboid out of view"
            else:
                opened.dropped = "not assessed"
        self.excluded.extend(self._waiting)
        self._waiting = []

    def _void(self, _place: int, _piece: Piece) -> None:
        self.voids = True

    def _break(self, place: int, piece: Piece) -> None:
        if self.words[piece.first] == "but" and self._is_behind_not_only(place):
            return
        around = (self.words[piece.first - 1], *self.words[piece.last : piece.last + 1])
        if around == (",", ",") and self.words[piece.last - 1] in _ASIDES:
            return  # "is, however, normal"
        is_aside = self._is_aside(place) or self._skips_aside(place)
        if is_aside or self._is_denied_beside(place):
            return
        if self._loose and not self.predicates and self._ahead(BONE_OF_LIST, place):
            self._turn = None
            return  # "not the talus but the cuboid shows edema"
        if self._open is not None and self._is_left_out(place):
            if self._open.bones or not self._open.denied:
                self._turn = kinds.EXCEPT
            return  # "it is not the talus that shows edema but the cuboid"
        before = self.predicates[-1] if self.predicates else None
        self._end_clause(piece.first)
        if self.words[piece.first] != "but" or not self._turns_to_bones(place, before):
            self._is_said_otherwise(place, before)

    def _is_denied_beside(self, place: int) -> bool:
        """Say whether only another finding is denied: "edema but no fracture in the talus"."""
        opened = self._open
        if opened is None or opened.bones or opened.said is not sayings.EDEMA or self._waiting:
            return False
        following = [piece.kind for piece in self.pieces[place + 1 : place + 3]]
        return following == [kinds.NEGATED, kinds.DISEASE] and self._is_place_next(place + 2)

    @classmethod
    def steps(cls) -> Steps:
        """Give what each kind of piece does."""
        return {
            **cls.said_steps(),
            **cls.answer_steps(),
            **cls.naming_steps(),
            **cls.negation_steps(),
            **cls.doubt_steps(),
            **cls.time_steps(),
            **cls.turn_steps(),
            kinds.DISEASE: cls._disease,
            kinds.SOFT: cls._soft,
            kinds.VERB: cls._verb,
            kinds.JOIN: cls._join,
            kinds.RANGE: cls._range,
            kinds.WITH: cls._with,
            kinds.OVER: cls._over_word,
            kinds.PREPOSITION: cls._preposition,
            kinds.THERE: cls._there,
            kinds.ANAPHOR: cls._anaphor,
            kinds.SEVERITY: cls._grade,
            kinds.OUT_OF_VIEW: cls._out_of_view,
            kinds.VOID: cls._void,
            kinds.BREAK: cls._break,
        }


_STEPS = Clauses.steps()
