"""
Reads what a colon sets apart: "Doubtful: cuboid", "Calcaneal edema: right ++, left 0".

Before the colon stands how it is and behind it of which bones, or the finding and behind it how it
is on each side. Lists longer than a bounded number of marks are left to the clause reader.
"""

from dataclasses import replace

from marrowd.core.anatomy import Laterality
from marrowd.core.reader import kinds, sayings
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.predicates import Predicate
from marrowd.core.reader.sections import Sentence

_HEAD = 6  # words before the colon that say how it is
_MOST = 24  # marks
_STATES = frozenset(
    {kinds.NEGATED, kinds.POSSIBLE, kinds.HISTORICAL, kinds.ANSWER, kinds.SPARED, kinds.CURRENT}
)
_WITH_STATE = _STATES | {
    kinds.EDEMA,
    kinds.JOIN,
    kinds.RANGE,
    kinds.DITTO,
    kinds.SEVERITY,
    kinds.ANAPHOR,
}
_LISTED = frozenset(
    {
        kinds.BONE,
        kinds.SIDE,
        kinds.JOIN,
        kinds.PART,
        kinds.PREPOSITION,
        kinds.REGION,
        kinds.ORDINAL,
        kinds.SEVERITY,
        kinds.RANGE,
        kinds.EDEMA,
        kinds.MARROW,
        kinds.NOTHING,
    }
)
_SIDED = (
    _STATES
    | _LISTED - {kinds.BONE}
    | {kinds.HIGH, kinds.SIGNAL, kinds.NORMAL_MARROW, kinds.SEQUENCE, kinds.NORMAL, kinds.ARTIFACT}
)
_DOUBT = ["+", "/", "-"]
_NO = frozenset({"0", "-", "\u2013", "\u2212"})


def list_headed(words: list[str], pieces: list[Piece], first: int) -> list[Predicate]:
    """Read a list of bones under a word that says how they are; none when there is none."""
    at = 0
    while at < len(pieces) and at < _HEAD and pieces[at].kind in _WITH_STATE:
        at += 1
    if not 0 < at < len(pieces) or words[pieces[at].first] != ":" or len(pieces) > _MOST:
        return []
    head, listed = pieces[:at], pieces[at + 1 :]
    if pieces[at].first - first > _HEAD or _STATES.isdisjoint([piece.kind for piece in head]):
        return []
    bones = [piece for piece in listed if piece.kind is kinds.BONE]
    if not bones or not _LISTED.issuperset([piece.kind for piece in listed]):
        return []
    said = Predicate(sayings.EDEMA, first, pieces[at].first, elliptic=True)
    said.rules = [piece.term.rule for piece in head]
    said.bones = bones
    return [_weigh(words, head, said)]


def sides_headed(words: list[str], pieces: list[Piece]) -> list[Predicate]:
    """Read how a bone is on each side: "Talus: right edematous, left normal signal"."""
    colon = next((at for at, p in enumerate(pieces[:_HEAD]) if words[p.first] == ":"), -1)
    if colon < 1 or len(pieces) > _MOST:
        return []
    bones = [piece for piece in pieces[:colon] if piece.kind is kinds.BONE]
    behind = pieces[colon + 1 :]
    if not bones or not behind or behind[0].kind is not kinds.SIDE:
        return []
    if not _SIDED.issuperset([piece.kind for piece in behind]):
        return []
    starts = [at for at, piece in enumerate(behind) if piece.kind is kinds.SIDE]
    found: list[Predicate] = []
    for number, start in enumerate(starts):
        end = starts[number + 1] if number + 1 < len(starts) else len(behind)
        side = Laterality(behind[start].value) if behind[start].value != "opposite" else None
        cell = [p for p in behind[start + 1 : end] if p.kind not in (kinds.JOIN, kinds.RANGE)]
        sign = words[behind[start].last] if behind[start].last < len(words) else ""
        said = Predicate(sayings.EDEMA, behind[start].first, behind[start].last, strong=True)
        said.bones = [on_side(bone, side) for bone in bones]
        said.rules = [piece.term.rule for piece in cell]
        if words[behind[start].last : behind[start].last + 3] == _DOUBT:
            said.possible = True
        elif not (cell or sign == "+" or sign in _NO):
            return []
        elif sign in _NO:
            said.negated = True
        else:
            _weigh(words, cell, said)
        found.append(said)
    return found if len({piece.value for piece in behind if piece.kind is kinds.SIDE}) > 1 else []


def heads_list(said: Predicate) -> bool:
    """Say whether a finding without a bone may head a list: "Marrow edema:"."""
    return said.said is sayings.EDEMA and not (said.bones or said.hypothetical)


def first_of_list(words: list[str], sentence: Sentence, said: Predicate) -> Predicate | None:
    """Give the head of a list that semicolons part: "Bone bruises: talus, 8 mm; cuboid"."""
    if words[sentence.last : sentence.last + 1] != [";"] or not said.bones:
        return None
    behind = words[said.last : max(said.last, said.bones[0].first)]
    is_headed = said.said is sayings.EDEMA and not said.hypothetical and ":" in behind
    return replace(said, bones=[]) if is_headed else None


def is_last_item(words: list[str], sentence: Sentence) -> bool:
    """Say whether a list that semicolons part ends with a sentence."""
    return words[sentence.first - 1] == ";" != words[sentence.last]


def on_side(bone: Piece, side: Laterality | None) -> Piece:
    """Copy a bone to a side."""
    copy = bone.only(bone.bones)
    copy.side = side
    return copy


def _weigh(words: list[str], cues: list[Piece], said: Predicate) -> Predicate:
    """Let the words that say how it is bear on a predicate."""
    for piece in cues:
        kind = piece.kind
        if kind is kinds.HISTORICAL:
            said.resolved = True
        elif kind is kinds.POSSIBLE:
            said.possible = True
        elif kind in (kinds.NEGATED, kinds.SPARED, kinds.NORMAL_MARROW, kinds.NORMAL) or (
            kind is kinds.ANSWER and piece.value == "no"
        ):
            said.negated = True
    if said.possible and "not" in words[said.first : said.last]:
        said.negated = False
    return said
