"""
Reads forms: of a line of tick boxes only the ticked options count.

"[x] talus [ ] calcaneus" says something of the talus and nothing of the calcaneus.
Source: LABELS.md section 3, unticked template options.
"""

from marrowd.core.reader.pieces import Piece

_TICKS = frozenset({"x", "\u2713", "\u2714", "*", "v", "y"})
_TICKED_SIGNS = frozenset({"\u2611", "\u2612"})
_EMPTY_SIGNS = frozenset({"\u2610"})


def ticked(words: list[str], first: int, last: int, marks: list[Piece]) -> list[Piece]:
    """Drop the marks that stand in an unticked option."""
    states: list[tuple[int, bool]] = []
    place = first
    while place < last:
        word = words[place]
        if word in _TICKED_SIGNS or word in _EMPTY_SIGNS:
            states.append((place, word in _TICKED_SIGNS))
        elif word == "[":
            inside = words[place + 1 : place + 3]
            if inside[:1] == ["]"] or inside == ["_", "]"]:
                states.append((place, False))
            elif inside[:1] and inside[0] in _TICKS and inside[1:] == ["]"]:
                states.append((place, True))
        place += 1
    if not states:
        return marks
    kept: list[Piece] = []
    at, is_kept = 0, True
    for mark in marks:
        while at < len(states) and states[at][0] <= mark.first:
            is_kept = states[at][1]
            at += 1
        if is_kept:
            kept.append(mark)
    return kept
