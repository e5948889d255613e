"""What findings, adjectives and answers do: they open a predicate, or fill one that is open."""

from typing import ClassVar

from marrowd.core.reader import kinds, sayings
from marrowd.core.reader.bearings import is_explained, is_resolution_at
from marrowd.core.reader.clause_state import ClauseState
from marrowd.core.reader.landmarks import is_at_insertion
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.steps import Steps

_TO_SIGNAL = frozenset(
    {
        kinds.SEQUENCE,
        kinds.PART,
        kinds.JOIN,
        kinds.BONE,
        kinds.RANGE,
        kinds.OTHER,
        kinds.ANAPHOR,
        kinds.PREPOSITION,
    }
)
_ADJECTIVES = frozenset({"edematous", "bruised", "contused", "hyperintense", "bright"})
_REPLACED = frozenset({"replaced", "lost"})

_EITHER = frozenset({"or", "versus", "vs", "/"})
_CHANGES = frozenset({"elevation", "increase", "brightening", "hyperintensity", "hypersignal"})
_NEAR = 3  # words: "signal in the marrow"
_OF = 2  # words: "spared from any edema"
_BEFORE_SPARED = frozenset({"from", "by", "of", "any", "the", "in", "edema"})


class SaidOfMarrow(ClauseState):
    """The steps for what is said of marrow."""

    __slots__ = ()

    def _edema(self, place: int, piece: Piece) -> None:
        if self.words[piece.last : piece.last + 1] == [":"] and self._is_gap(piece.last + 1):
            return  # "Marrow edema: ____"
        strong = piece.value == "strong"
        marrow = self.pieces[place + 1 : place + 2]
        if piece.value == "bright" and marrow and marrow[0].kind is kinds.MARROW:
            strong = marrow[0].first - piece.last <= 1
        strong = strong or self._is_marrow_of_bone_next(place)
        is_within = bool(self._waiting or self.row) and is_at_insertion(
            self.words, self.pieces, place
        )
        if not (strong or is_within) and (
            (self.soft_row and not self._waiting)
            or (self._is_soft(place) and not self._is_of_subject(place))
        ):
            self._nouns += 1
            self._open = None
            self._waiting.clear()
            return
        opened = self._open
        if (
            opened is not None
            and opened.said is sayings.SPARED
            and (
                piece.first == opened.last
                or (piece.first - opened.last <= _OF and self.words[opened.last] in _BEFORE_SPARED)
            )
        ):
            opened.strong = True
            return  # "untouched by edema", "has escaped bruising"
        before = self.pieces[place - 1] if place else None
        if before is not None and before.kind is kinds.DISEASE and before.last == piece.first:
            self._close_cues()
        if piece.value == "bright" and not strong and (self._mass or self._is_mass_next(place)):
            return
        if (
            self.words[piece.first] in _ADJECTIVES
            and self._noun_at > self._negated_at
            and self.pieces[place + 1 : place + 2]
            and self.pieces[place + 1].kind is kinds.BONE
        ):
            self._close_cues()  # "no fracture line within the edematous talus"
        if is_explained(self.words, piece.first):
            self._close_cues()  # "the cause of the edema is not known"
        said = self._say(sayings.EDEMA, piece, strong=strong)
        said.needs_bones = piece.term.cue == "transient_osteoporosis"
        if piece.term.cue:
            self._cue(piece)

    def _is_of_subject(self, place: int) -> bool:
        """Say whether a bone has the edema and a soft tissue lies over it: "under the tendon"."""
        behind = self.pieces[place + 1 : place + 2]
        return bool(self._waiting and behind) and behind[0].kind is kinds.OVER

    def _normal_marrow(self, _place: int, piece: Piece) -> None:
        opened = self._open
        if opened is not None and opened.said is sayings.NOTHING and not self._waiting:
            opened.said, opened.last, opened.strong = sayings.NORMAL_MARROW, piece.last, True
            return
        self._say(sayings.NORMAL_MARROW, piece, strong=True)

    def _normal(self, place: int, piece: Piece) -> None:
        opened = self._open
        if (
            opened is not None
            and opened.said is sayings.NORMAL_MARROW
            and (piece.first - opened.last <= 1)
        ):
            opened.last = piece.last
            return
        before = self.pieces[place - 1] if place else None
        if before is not None and before.value == "t1" and before.last == piece.first:
            return  # "T1 maintained"
        if self._is_marrow_next(place) or (self._waiting and self._is_on_fluid(place)):
            self._say(sayings.NORMAL_MARROW, piece, strong=True)
            return
        opened = self._open
        if not self._is_complement(piece):
            return
        if opened is not None and opened.said is sayings.NOTHING:
            opened.said = sayings.NORMAL_MARROW
            opened.last = piece.last
            opened.strong = True
        elif self._waiting or (self.is_cell and opened is None):
            self._say(sayings.NORMAL, piece)

    def _marrow(self, place: int, piece: Piece) -> None:  # noqa: C901, PLR0911, PLR0912 -- one case after the other
        opened = self._open
        if self.words[piece.first] == "that" and opened is not None and opened.bones:
            self._say(sayings.NOTHING, piece, strong=True).is_that = True
            return
        if (
            opened is not None
            and opened.said is sayings.EDEMA
            and not opened.bones
            and not self._waiting
            and piece.first - opened.last <= _NEAR
        ):
            opened.last = piece.last
            opened.strong = opened.strong or piece.kind is kinds.MARROW
            return
        if (
            opened is not None
            and opened.said is sayings.NORMAL_MARROW
            and (
                piece.first - opened.last <= 2 and not self._waiting  # noqa: PLR2004
            )
        ):
            opened.last = piece.last
            return
        if place and self.pieces[place - 1].kind in (kinds.HIGH, kinds.SIGNAL, kinds.MARROW):
            opened = self._open
            if opened is not None and piece.first - opened.last <= 1:
                opened.last = piece.last
                opened.strong = opened.strong or piece.kind is kinds.MARROW
                return
        opened = self._open
        if opened is not None and opened.said is sayings.EDEMA and not opened.strong:
            opened.strong = piece.kind is kinds.MARROW
            if not self._waiting:
                return
        if (
            opened is not None
            and not self._waiting
            and opened.said is not sayings.NOTHING
            and (piece.kind is kinds.SIGNAL)
        ):
            return
        before = self.pieces[place - 1] if place else None
        if self._is_of_disease(place):
            return
        if piece.kind is kinds.SIGNAL and self._is_soft(place):
            self._open = None
            return
        nothing = self._say(sayings.NOTHING, piece, strong=piece.kind is kinds.MARROW)
        is_free = self.words[piece.first - 2 : piece.first] == ["free", "of"]
        if nothing.negated and (piece.kind is kinds.MARROW or is_free):
            nothing.said = sayings.EDEMA
        if kinds.HISTORICAL in self._forward and is_resolution_at(
            self.words, self._historical_at, piece.first
        ):
            nothing.said, nothing.resolved = sayings.EDEMA, True
        nothing.is_that = self.words[piece.first] == "that"
        if (
            before is not None
            and before.kind is kinds.SEQUENCE
            and (before.value == "fluid" and not self._mass)
        ):
            self.predicates[-1].is_fluid = True

    def _high(self, place: int, piece: Piece) -> None:  # noqa: C901, PLR0911, PLR0912 -- one case after the other
        if self.is_cell and self._open is None and piece.value == "much":
            self._say(sayings.EDEMA, piece, strong=True)
            return
        if self.is_cell and self._open is None and piece.value == "low":
            self._say(sayings.EDEMA, piece, elliptic=True).negated = True
            return
        last = self.predicates[-1] if self.predicates else None
        if piece.value == "low" and self._waiting and last is not None and last.is_signal:
            dark = self._say(sayings.EDEMA, piece, elliptic=True)
            dark.negated = dark.is_signal = True
            return
        if piece.value == "much" and self._waiting and self._is_denied_noun(piece):
            self._say(sayings.EDEMA, piece, elliptic=True)
            return  # "shows no elevation"
        if piece.value == "low" or self._is_t1_only(place):
            lost = self._open if self.words[piece.first] in _REPLACED else None
            if lost is not None and lost.said is sayings.NORMAL_MARROW:
                lost.said = sayings.NOTHING  # "normal fatty marrow is replaced by edema"
            self._nouns += 1
            self._noun_at = piece.first
            return
        opened = self._open
        if opened is not None and opened.said is sayings.NOTHING:
            opened.said = sayings.EDEMA
            opened.last = piece.last
            opened.negated = kinds.NEGATED in self._forward
            opened.possible = kinds.POSSIBLE in self._forward
            return
        strong = False
        near = False
        for follower in self.pieces[place + 1 : place + 5]:
            if follower.kind is kinds.MARROW:
                strong = near = True
            elif follower.kind is kinds.SIGNAL:
                near = True
            elif follower.kind not in _TO_SIGNAL:
                break
        if not near and self._waiting and self._is_known_on_fluid(place):
            self._say(sayings.EDEMA, piece).is_signal = True
            return  # "the cuboid is mildly increased on STIR"
        if not near and piece.value != "bright":
            return
        if not strong and (self._mass or self._is_mass_next(place)):
            return
        if not strong and self._is_soft(place) and not self._is_of_subject(place):
            self._nouns += 1
            self._open = None
            return
        self._say(sayings.EDEMA, piece, strong=strong).is_signal = True

    def _spared(self, place: int, piece: Piece) -> None:  # noqa: C901 -- one case after the other
        if self._is_marrow_next(place):
            self._say(sayings.NORMAL_MARROW, piece, strong=True)
            return  # "inconspicuous marrow"
        if self._is_of_another(place):
            return  # "spared from degeneration"
        strong = piece.value == "edema" or self._is_on_fluid(place)
        if strong and self._open is None and not self._waiting:
            self._say(sayings.SPARED, piece, strong=True)
            return
        opened = self._open
        if opened is not None and opened.said is sayings.NOTHING:
            opened.said, opened.strong, opened.last = sayings.SPARED, True, piece.last
            return
        if not (strong or self._is_complement(piece) or self._is_shunned_next(place)):
            following = self.pieces[place + 1 : place + 2]
            if not (following and following[0].kind is kinds.BONE and not self._waiting):
                return
            if self._open is not None and self._open.said is not sayings.SPARED:
                return
            self._open = None
        if self._waiting:
            self._say(sayings.SPARED, piece, strong=strong)
        elif (
            self._open is not None
            and self.pieces[place - 1].kind is kinds.BONE
            and self._open.bones
        ):
            bone = self._open.bones.pop()
            self._waiting.append(bone)
            self._say(sayings.SPARED, piece, strong=strong)
        elif self._open is None:
            self._say(sayings.SPARED, piece, strong=strong)

    def _is_of_another(self, place: int) -> bool:
        """Say whether a bone is spared something else: "from wear", "of arthropathy"."""
        last = self.pieces[place].last
        behind = self.words[last : last + 1]
        if behind != ["from"] and not (behind == ["of"] and self.words[last - 1] == "spared"):
            return False
        following = self.pieces[place + 1 : place + 3]
        return not any(follower.kind in (kinds.EDEMA, kinds.ANAPHOR) for follower in following)

    def _is_known_on_fluid(self, place: int) -> bool:
        return (self.topic or bool(self.predicates)) and self._is_on_fluid(place)

    def _is_denied_noun(self, piece: Piece) -> bool:
        """Say whether a word for a change of signal stands alone behind a negation."""
        near = piece.first - self._negated_at <= _NEAR and kinds.NEGATED in self._forward
        known = self.topic or bool(self.predicates)
        return near and known and self.words[piece.first] in _CHANGES and self._is_last_word(piece)

    def _is_gap(self, index: int) -> bool:
        """Say whether a form was left unfilled at a word."""
        return index < len(self.words) and self.words[index][0] == "_"

    def _artifact(self, place: int, piece: Piece) -> None:
        if self._is_marrow_next(place):
            self._say(sayings.NORMAL_MARROW, piece, strong=True)
            return  # "physiological marrow signal"
        opened = self._open
        if opened is None and self.predicates and kinds.POSSIBLE in self._forward:
            opened = self.predicates[-1]
        if opened is None and not piece.value and self.words[piece.last : piece.last + 1] == [":"]:
            self._forward[kinds.NEGATED] = piece.term.rule
            self._negated_at = piece.first
            return
        is_bare = opened is None or (opened.said is sayings.NOTHING and not opened.bones)
        is_bare = is_bare and self.predicates[:1] == [opened] * len(self.predicates)
        if is_bare and (self.points_back or (piece.value and not self.predicates)):
            self.artifact = kinds.POSSIBLE if kinds.POSSIBLE in self._forward else kinds.NEGATED
            return
        if opened is None or opened.negated:
            return
        if kinds.NEGATED in self._forward and self.words[piece.first - 1] == "not":
            return  # "is real and not artifactual"
        if opened.said is sayings.NOTHING and opened.bones:
            opened.said, opened.strong = sayings.EDEMA, True
        if opened.said is not sayings.EDEMA:
            return
        opened.rules.append(piece.term.rule)
        opened.is_artifact = True
        opened.resolved = False  # "is gone on the second series, hence an artifact"
        is_either = place > 0 and self.words[piece.first - 1] in _EITHER and not opened.negated
        behind = self.pieces[place + 1 : place + 3]
        is_either = is_either or (
            len(behind) > 1
            and self.words[behind[0].first] in _EITHER
            and behind[1].kind is kinds.EDEMA
        )
        if kinds.POSSIBLE in self._forward or opened.possible or is_either:
            opened.possible = True
        else:
            opened.negated = True

    said_steps: ClassVar[Steps] = {
        kinds.EDEMA: _edema,
        kinds.NORMAL_MARROW: _normal_marrow,
        kinds.NORMAL: _normal,
        kinds.MARROW: _marrow,
        kinds.SIGNAL: _marrow,
        kinds.HIGH: _high,
        kinds.SPARED: _spared,
        kinds.ARTIFACT: _artifact,
    }
