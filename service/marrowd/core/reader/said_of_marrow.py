"""What findings, adjectives and answers do: they open a predicate, or fill one that is open."""

from marrowd.core.reader import kinds, sayings
from marrowd.core.reader.bearings import is_explained, is_resolution_at
from marrowd.core.reader.landmarks import is_at_insertion
from marrowd.core.reader.naming import Naming
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.predicates import Predicate
from marrowd.core.reader.steps import Steps, any_of, first_of, valued

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
_BEFORE_MARROW = frozenset({kinds.HIGH, kinds.SIGNAL, kinds.MARROW})
_ADJECTIVES = frozenset({"edematous", "bruised", "contused", "hyperintense", "bright"})
_REPLACED = frozenset({"replaced", "lost"})

_EITHER = frozenset({"or", "versus", "vs", "/"})
_CHANGES = frozenset({"elevation", "increase", "brightening", "hyperintensity", "hypersignal"})
_NEAR = 3  # words: "signal in the marrow"
_CLOSE = 2  # words: "normal T2 signal"
_OF = 2  # words: "spared from any edema"
_BEFORE_SPARED = frozenset({"from", "by", "of", "any", "the", "in", "edema"})


class SaidOfMarrow(Naming):
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
        strong = strong or (self._open is not None and self._is_of_marrow(self._open))
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

    @staticmethod
    def _is_of_marrow(opened: Predicate) -> bool:
        """Say whether the marrow of a bone is what has it: "talar marrow shows edema next to"."""
        return opened.said is sayings.NOTHING and opened.strong and bool(opened.bones)

    def _is_of_subject(self, place: int, *, within: bool = False) -> bool:
        """Say whether a bone has the edema and a soft tissue lies over it: "under the tendon"."""
        if within and self._waiting and is_at_insertion(self.words, self.pieces, place):
            return True
        behind = self.pieces[place + 1 : place + 2]
        return bool(self._waiting and behind) and behind[0].kind is kinds.OVER

    def _normal_marrow(self, place: int, piece: Piece) -> None:
        if not self._waiting and self._is_dark_on_fluid(place, piece):
            return
        opened = self._open
        if opened is not None and opened.said is sayings.NOTHING and not self._waiting:
            opened.said, opened.last, opened.strong = sayings.NORMAL_MARROW, piece.last, True
            return
        self._say(sayings.NORMAL_MARROW, piece, strong=True)

    def _normal(self, place: int, piece: Piece) -> None:
        if not self._waiting and self._is_dark_on_fluid(place, piece):
            return
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

    def _marrow(self, place: int, piece: Piece) -> None:
        """Name what an adjective will be said of: "the marrow signal of the talus is"."""
        opened = self._open
        is_that = self.words[piece.first] == "that"
        if is_that and opened is not None and opened.bones:
            self._say(sayings.NOTHING, piece, strong=True).is_that = True
            return
        if opened is not None and self._goes_on_with(place, piece, opened):
            return
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
        nothing.is_that = is_that
        before = self.pieces[place - 1] if place else None
        if before is not None and before.kind is kinds.SEQUENCE and before.value == "fluid":
            nothing.is_fluid = not self._mass

    def _goes_on_with(self, place: int, piece: Piece, opened: Predicate) -> bool:
        """Say whether the word is still of what is open: "edema in the marrow", "normal signal"."""
        is_marrow = piece.kind is kinds.MARROW
        gap = piece.first - opened.last
        is_edema = opened.said is sayings.EDEMA
        if opened.said is sayings.NORMAL_MARROW and gap <= _CLOSE and not self._waiting:
            opened.last = piece.last
            return True
        is_near = is_edema and gap <= _NEAR and not (opened.bones or self._waiting)
        before = self.pieces[place - 1] if place else piece
        of_it = before.value == "marrow"  # "its marrow signal"
        if is_near or (gap <= 1 and place and (of_it or before.kind in _BEFORE_MARROW)):
            opened.last = piece.last
            opened.strong = opened.strong or is_marrow
            return True
        if is_edema and not opened.strong:
            opened.strong = is_marrow
            if not self._waiting:
                return True
        is_signal = piece.kind is kinds.SIGNAL
        return is_signal and not (self._waiting or opened.said is sayings.NOTHING)

    def _high_in_cell(self, _place: int, piece: Piece) -> bool:
        """Read a cell that says no more than how bright: "increased", "low"."""
        if not self.is_cell or self._open is not None or piece.value not in ("much", "low"):
            return False
        if piece.value == "much":
            self._say(sayings.EDEMA, piece, strong=True)
        else:
            self._say(sayings.EDEMA, piece, elliptic=True).negated = True
        return True

    def _high_not(self, _place: int, piece: Piece) -> bool:
        """Read dark beside bright as free: "the talus is bright, the cuboid dark"."""
        last = self.predicates[-1] if self.predicates else None
        if not self._waiting or last is None or not last.is_signal:
            return False
        dark = self._say(sayings.EDEMA, piece, elliptic=True)
        dark.negated = dark.is_signal = True
        return True

    def _high_denied(self, _place: int, piece: Piece) -> bool:
        """Read a change that is denied with no noun of its own: "shows no elevation"."""
        if not self._waiting or not self._is_denied_noun(piece):
            return False
        self._say(sayings.EDEMA, piece, elliptic=True)
        return True

    def _high_on_t1(self, place: int, piece: Piece) -> bool:
        """Take low or T1 signal for no edema: "normal fatty marrow is replaced by edema"."""
        if piece.value != "low" and not self._is_t1_only(place):
            return False
        lost = self._open if self.words[piece.first] in _REPLACED else None
        if lost is not None and lost.said is sayings.NORMAL_MARROW:
            lost.said = sayings.NOTHING
        self._nouns += 1
        self._noun_at = piece.first
        return True

    def _high_behind(self, _place: int, piece: Piece) -> bool:
        """Say it of the marrow or signal that is open: "the marrow signal is increased"."""
        opened = self._open
        if opened is None or opened.said is not sayings.NOTHING:
            return False
        opened.said = sayings.EDEMA
        opened.last = piece.last
        opened.negated = kinds.NEGATED in self._forward
        opened.possible = kinds.POSSIBLE in self._forward
        return True

    def _high_ahead(self, place: int, piece: Piece) -> bool:
        """Read brightness of what follows, or of a bone: "bright marrow", "bright on STIR"."""
        near, strong = self._is_of_signal(place)
        if not near and self._waiting and self._is_known_on_fluid(place):
            self._say(sayings.EDEMA, piece).is_signal = True
            return True
        if not near and self._is_normal_on_other(place):
            return True
        if not near and piece.value != "bright":
            return True
        if not strong and (self._mass or self._is_mass_next(place)):
            return True
        if not strong and self._is_soft(place) and not self._is_of_subject(place, within=True):
            self._nouns += 1
            self._open = None
            return True
        self._say(sayings.EDEMA, piece, strong=strong).is_signal = True
        return True

    def _is_normal_on_other(self, place: int) -> bool:
        """Read what is normal on T1 by the other sequence: "normal on T1 but raised on STIR"."""
        before = self._open or (self.predicates[-1] if self.predicates else None)
        if before is None or self._waiting or before.said is not sayings.NORMAL_MARROW:
            return False
        if before.negated or not self._is_on_stir(place):
            return False
        before.said = sayings.EDEMA
        return True

    def _is_of_signal(self, place: int) -> tuple[bool, bool]:
        """Say whether signal or marrow follows, and whether it is marrow: "high T2 signal"."""
        near = False
        for follower in self.pieces[place + 1 : place + 5]:
            if follower.kind is kinds.MARROW:
                return True, True
            if follower.kind is kinds.SIGNAL:
                near = True
            elif follower.kind not in _TO_SIGNAL:
                break
        return near, False

    def _spared(self, place: int, piece: Piece) -> None:
        """Read what is free of the process: "the cuboid is spared", "sparing the cuboid"."""
        if self._is_marrow_next(place):
            self._say(sayings.NORMAL_MARROW, piece, strong=True)
            return  # "inconspicuous marrow"
        if self._is_of_another(place):
            return  # "spared from degeneration"
        opened = self._open
        strong = piece.value == "edema" or self._is_on_fluid(place)
        if strong and opened is None and not self._waiting:
            self._say(sayings.SPARED, piece, strong=True)
        elif opened is not None and opened.said is sayings.NOTHING:
            opened.said, opened.strong, opened.last = sayings.SPARED, True, piece.last
        elif (
            strong
            or self._is_complement(piece)
            or self._is_shunned_next(place)
            or self._spares_next(place)
        ):
            self._spare(place, piece, strong=strong)

    def _spares_next(self, place: int) -> bool:
        """Say whether the bone that is spared follows: "sparing the cuboid"."""
        following = self.pieces[place + 1 : place + 2]
        if not following or following[0].kind is not kinds.BONE or self._waiting:
            return False
        if self._open is not None and self._open.said is not sayings.SPARED:
            return False
        self._open = None
        return True

    def _spare(self, place: int, piece: Piece, *, strong: bool) -> None:
        """Say it of the bones that wait, or of the last one named: "edema, the cuboid spared"."""
        opened = self._open
        if opened is not None and not self._waiting:
            if self.pieces[place - 1].kind is not kinds.BONE or not opened.bones:
                return
            self._waiting.append(opened.bones.pop())
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
        is_doubted = kinds.POSSIBLE in self._forward or opened.possible or is_either
        if is_doubted and piece.value != "dissent":
            opened.possible = True
        else:
            opened.negated, opened.possible = True, False

    @classmethod
    def said_steps(cls) -> Steps:
        """Give the steps of what is said of marrow."""
        return {
            kinds.EDEMA: cls._edema,
            kinds.NORMAL_MARROW: cls._normal_marrow,
            kinds.NORMAL: cls._normal,
            kinds.MARROW: cls._marrow,
            kinds.SIGNAL: cls._marrow,
            kinds.HIGH: first_of(
                any_of(cls._high_in_cell),
                valued("low", cls._is_dark_on_fluid),
                valued("low", cls._high_not),
                valued("much", cls._high_denied),
                any_of(cls._high_on_t1),
                any_of(cls._high_behind),
                any_of(cls._high_ahead),
            ),
            kinds.SPARED: cls._spared,
            kinds.ARTIFACT: cls._artifact,
        }
