"""
Tells a landmark from the place of a finding: "Cuboid: edema along the calcaneal articular margin".

A bone's name before "side" or "articular surface" tells where in the bone spoken of a finding lies,
and so do a tendon's footprint and what a finding lies beneath.
"""

from marrowd.core.reader import kinds
from marrowd.core.reader.pieces import Piece

_BORDERS = frozenset({"articular", "side", "facet", "articulation", "border", "margin", "surface"})
_UNDER = frozenset({"beneath", "deep", "under", "underneath", "subjacent", "below"})
_INSERTIONS = frozenset(
    """
    insertion insertions attachment attachments footprint origin enthesis entheses groove inserts
    insert attaches attach
    """.split()
)
_SMALL = frozenset({kinds.PART, kinds.SIDE, kinds.SEVERITY, kinds.ORDINAL, kinds.NOTHING})
_AHEAD = 8


def is_border(words: list[str], pieces: list[Piece], place: int, owners: list[Piece]) -> bool:
    """Say whether a bone only names a border of the bone spoken of, the last of *owners*."""
    here = pieces[place]
    if here.broad or not owners or owners[-1].broad or owners[-1].bones == here.bones:
        return False
    if here.last >= len(words) or words[here.last] not in _BORDERS:
        return False
    at = place - 1
    while at > 0 and pieces[at].kind in _SMALL:
        at -= 1
    if at < 1 or pieces[at].kind is not kinds.PREPOSITION:
        return False
    return pieces[at - 1].kind is not kinds.JOIN


def is_at_insertion(words: list[str], pieces: list[Piece], place: int) -> bool:
    """Say whether a tissue behind a finding only tells where in a bone the finding lies."""
    if place and pieces[place - 1].kind is kinds.SOFT:
        return False
    for at in range(place + 1, min(len(pieces), place + _AHEAD)):
        if pieces[at].kind is kinds.SOFT:
            if pieces[at - 1].kind is kinds.OVER and words[pieces[at - 1].first] in _UNDER:
                return True
            while at + 1 < len(pieces) and pieces[at + 1].kind is kinds.SOFT:
                at += 1  # noqa: PLW2901 -- the last word of the tissue's name
            return not _INSERTIONS.isdisjoint(words[pieces[at].last : pieces[at].last + 2])
        if pieces[at].kind in (kinds.BONE, kinds.BREAK, kinds.THERE, kinds.NEGATED):
            return False
    return False
