"""
Tells the bone of a list from the bone that something new is said of.

"edema in the talus and the cuboid" names two bones, "edema in the talus and the cuboid is normal"
opens a new statement with the second. Every look is bounded.
"""

from marrowd.core.anatomy import Bone
from marrowd.core.reader import kinds
from marrowd.core.reader.lookahead import Lookahead
from marrowd.core.reader.vocabulary import Kind
from marrowd.core.reader.walks import FINDING, FINDINGS, NOUNS, SAID_AFTER_VERB, SMALL

_NO_VERB_NEEDED = frozenset({kinds.SPARED, kinds.NORMAL_MARROW, kinds.NORMAL, kinds.HIGH})
_IN = frozenset({"in", "within", "at"})
_ONLY = frozenset({"only", "just"})
_GROUPS = frozenset({Bone.METATARSAL_UNSPECIFIED, Bone.CUNEIFORM_UNSPECIFIED, Bone.PHALANX})
_OR = frozenset({"or", "/"})
_PLACE = frozenset({kinds.PREPOSITION, kinds.PART, kinds.SIDE, kinds.SEVERITY, kinds.DITTO})
_IN_LIST = frozenset(
    {kinds.BONE, kinds.JOIN, kinds.PART, kinds.SIDE, kinds.OTHER, kinds.PREPOSITION}
)
_IN_FINDING = _IN_LIST | SMALL | {kinds.HISTORICAL}
_WINDOW = 40
_NAMES_FINDING = frozenset({kinds.EDEMA, kinds.HIGH})
_BEHIND_FINDING = frozenset({kinds.PREPOSITION, kinds.HISTORICAL, kinds.SIGNAL, kinds.MARROW})


class Subjects(Lookahead):
    """Whether a bone goes on with a list, or opens what is said of it."""

    __slots__ = ()

    def _is_subject(self, place: int) -> bool:
        """Say whether this bone opens a new statement: "... and the calcaneus is normal"."""
        pieces = self.pieces
        if place and self.words[pieces[place - 1].first] == ">":
            return False
        at = self._end_of_list(place)
        behind = pieces[at - 1].kind
        if at < len(pieces) and pieces[at].kind in (kinds.CURRENT, kinds.SEVERITY):
            if self.words[pieces[place].first] == "latter":
                return True  # "the former has resolved, the latter is unchanged"
            at += 1  # "and the cuboid now looks normal"
        if at >= min(len(pieces), place + _WINDOW):
            return False
        told, before = pieces[at], pieces[at - 1]
        if self.words[told.first] == "there" and told.first == before.last:
            return self._opens_place(place)
        if told.kind is kinds.VERB or told.kind is kinds.RANGE:
            return self._is_told_behind_verb(place, at, behind)
        return self._is_told_without_verb(place, at, behind)

    def _end_of_list(self, place: int) -> int:
        """Give the place behind a list of bones: "the talus, the head of the cuboid and M3"."""
        pieces = self.pieces
        end = min(len(pieces), place + _WINDOW)
        at = place + 1
        while at < end and pieces[at].kind in _IN_LIST:
            if pieces[at].kind is kinds.PREPOSITION and pieces[at - 1].kind is kinds.BONE:
                break
            at += 1
        return at

    def _is_told_without_verb(self, place: int, at: int, behind: Kind) -> bool:
        """Say whether what follows needs no verb: "calcaneus normal", "the cuboid spared"."""
        told, before = self.pieces[at], self.pieces[at - 1]
        kind, is_joined = told.kind, behind is kinds.JOIN
        if kind is kinds.NEGATED:
            return self._is_denied_here(place, at)
        if kind is kinds.POSSIBLE:
            is_some = self.pieces[-1].value == "some" and self.pieces[-1].first == told.last
            return is_some or (told.last >= self.last and self.words[self.last - 1] == "be")
        if kind is kinds.EDEMA:
            return not is_joined
        if kind is kinds.ANSWER:  # but not "edema in the talus and found none"
            is_apart = before.kind is kinds.JOIN and told.first > before.last
            return told.term.direction != "forward" and not is_apart
        if kind in _NO_VERB_NEEDED:
            return told.term.direction != "forward" and not is_joined
        is_gone = kind is kinds.HISTORICAL and told.value == "resolved"
        return is_gone and not is_joined and not self._is_listed(place)

    def _is_told_behind_verb(self, place: int, at: int, behind: Kind) -> bool:
        """Say whether a verb leads to what is said: "is normal", "shows mild edema"."""
        pieces = self.pieces
        end = min(len(pieces), place + _WINDOW)
        between = self.words[pieces[at - 1].last : pieces[at].first]
        if len(between) > 1 and (behind is kinds.JOIN or "the" in between):
            return False  # "edema of the talus and cuboid, the study is normal"
        is_dash = pieces[at].kind is kinds.RANGE
        at += 1
        if is_dash and at < end and pieces[at].kind is kinds.EDEMA:
            return not self._is_listed(place)  # "edema in the talus and cuboid - contusion"
        while at < end and pieces[at].kind in SMALL:
            at += 1
        if at < end and pieces[at].kind is kinds.NEGATED:
            return pieces[at].term.direction != "backward" and self._is_denied_here(place, at)
        if at < end and pieces[at].kind is kinds.ANSWER:
            is_sign = self.words[pieces[at - 1].first] in ":="
            return self._is_last_word(pieces[at]) and not is_sign  # "the calcaneal ones have none"
        return at < end and pieces[at].kind in SAID_AFTER_VERB

    def _is_denied_here(self, place: int, at: int) -> bool:
        """Say whether a negation opens what is said of this bone, not what follows by itself."""
        cue = self.pieces[at]
        if self._ahead(FINDING, at):
            return not self._has_own_place(at)  # "edema of the talus without edema of the cuboid"
        if cue.term.direction == "backward" or not self._ends_after(at):
            return False
        return self._is_last_word(cue) or not self._is_listed(place)

    def _has_own_place(self, place: int) -> bool:
        """Say whether the finding behind a cue names its bones: "without edema of the cuboid"."""
        for piece in self.pieces[place + 1 : place + 6]:
            if piece.kind in FINDINGS:
                return self._place_follows(piece.last)
        return False

    def _opens_place(self, place: int) -> bool:
        """Say whether a bone is the place of what follows: "and in the cuboid there may be"."""
        word = self.words[self.pieces[place - 1].last - 1] if place else ""
        return word in _IN

    def _is_listed(self, place: int) -> bool:
        """Say whether a bone goes on with a finding's list: "edema in the talus and the cuboid"."""
        after = self.pieces[place]
        for piece in reversed(self.pieces[max(0, place - _WINDOW) : place]):
            if piece.kind in _NAMES_FINDING or piece.value == "was":
                return after.kind in _BEHIND_FINDING
            if piece.kind not in _IN_FINDING and piece.kind not in _BEHIND_FINDING:
                return False
            after = piece
        return False

    def _is_one_more(self, place: int) -> bool:
        """Say whether a bone is named for itself behind others: "the other rays and the talus"."""
        piece = self.pieces[place]
        before = self.pieces[place - 1].kind if place else None
        return before is kinds.JOIN and not piece.broad and piece.bones[0] not in _GROUPS

    def _is_or_list(self, place: int) -> bool:
        """Say whether "or" holds a bone in the list: "no talar contusion or calcaneal edema"."""
        at = place - 1
        while at > 0 and self.pieces[at].kind in SMALL:
            at -= 1
        if at < 0 or self.pieces[at].kind is not kinds.JOIN:
            return False
        word = self.words[self.pieces[at].first]
        if word != ",":
            return word in _OR
        for piece in self.pieces[place : place + _WINDOW]:
            if piece.kind is kinds.JOIN and self.words[piece.first] in _OR:
                return True
            if piece.kind in (kinds.VERB, kinds.BREAK, kinds.THERE, kinds.NEGATED):
                return False
        return False

    def _is_only_bone_next(self, place: int) -> bool:
        """Say whether a cue bears on one more bone of a list: "and possibly the navicular"."""
        before = self.pieces[place - 1].kind if place else None
        if before not in (kinds.JOIN, kinds.WITH):
            return False
        at = place + 1
        while at < len(self.pieces) and (
            self.pieces[at].kind in _PLACE or self.words[self.pieces[at].first] == "also"
        ):
            at += 1
        if at >= len(self.pieces) or self.pieces[at].kind is not kinds.BONE:
            return False
        if at + 1 < len(self.pieces) and self.pieces[at + 1].kind is kinds.VERB:
            return False
        return not self._bone_then_finding(at)

    def _is_left_out(self, place: int) -> bool:
        """Say whether nothing but bones follow "but": "in all metatarsals but the fifth"."""
        piece = self.pieces[place]
        following = self.pieces[place + 1 : place + _WINDOW]
        if self.words[piece.first] != "but" or not following:
            return False
        near = following[0].first - piece.last <= 1 and following[0].kind is kinds.BONE
        return near and all(p.kind in (kinds.BONE, kinds.JOIN, kinds.SIDE) for p in following)

    def _is_behind_not_only(self, place: int) -> bool:
        """Say whether "but" goes on with a list: "not only the talus but also the cuboid"."""
        for piece in self.pieces[max(0, place - 8) : place]:
            if piece.kind is kinds.NOTHING and self.words[piece.first] == "not":
                return self.words[piece.last - 1] in _ONLY
        return False

    def _is_compound(self, place: int) -> bool:
        """Say whether two bones share the noun that follows: "talar or navicular edema"."""
        if self.words[self.pieces[place].first] == ",":
            return False
        at = place + 1
        while at < len(self.pieces) and self.pieces[at].kind in SMALL:
            at += 1
        if at + 1 >= len(self.pieces) or self.pieces[at].kind is not kinds.BONE:
            return False
        bone, noun = self.pieces[at : at + 2]
        return noun.kind in FINDINGS and noun.first - bone.last <= 1

    def _bone_then_finding(self, place: int) -> bool:
        for at in range(place, min(place + 8, len(self.pieces))):
            piece = self.pieces[at]
            if piece.kind in NOUNS:
                return True
            if piece.kind is kinds.JOIN and self._is_compound(at):
                continue
            if piece.kind in (kinds.JOIN, kinds.VERB, kinds.BREAK, kinds.THERE):
                return False
        return False
