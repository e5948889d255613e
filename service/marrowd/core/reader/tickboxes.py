"""
Reads forms: of a line of tick boxes only the ticked options count.

"[x] talus [ ] calcaneus" says something of the talus and nothing of the calcaneus; a box may also
stand behind its option, "talus [x] calcaneus [ ]", or a star, "talus: yes / no*".
Source: LABELS.md section 3, unticked template options.
"""

from marrowd.core.reader import kinds
from marrowd.core.reader.pieces import Piece

_TICKS = frozenset({"x", "\u2713", "\u2714", "*", "v", "y"})
_TICKED_SIGNS = frozenset({"\u2611", "\u2612"})
_EMPTY_SIGNS = frozenset({"\u2610"})
_PARTS = frozenset({"/", "|"})
MARKED = frozenset({*"[(*", *_TICKED_SIGNS, *_EMPTY_SIGNS})  # without one, no form
_CLOSING = {"[": "]", "(": ")"}


def ticked(words: list[str], first: int, last: int, marks: list[Piece]) -> list[Piece]:
    """Drop the marks that stand in an unticked option."""
    if "*" in words[first:last]:
        marks = _starred(words, first, last, marks)
    boxes = _boxes(words, first, last)
    if not boxes or (words[boxes[0][0]] == "(" and len(boxes) == 1 and boxes[0][1]):
        return marks
    if _stand_behind(words, boxes, last, marks):
        return _kept_before(boxes, marks)
    kept: list[Piece] = []
    at, is_kept = 0, True
    for mark in marks:
        while at < len(boxes) and boxes[at][0] <= mark.first:
            is_kept = boxes[at][1]
            at += 1
        if is_kept:
            kept.append(mark)
    return kept


def _starred(words: list[str], first: int, last: int, marks: list[Piece]) -> list[Piece]:
    """Keep of the options behind a colon those with a star: "talus: yes / no*"."""
    here = words[first:last]
    if ":" not in here or _PARTS.isdisjoint(here):
        return marks
    opens = at = first + here.index(":") + 1
    options: list[tuple[int, int]] = []
    for place in range(opens, last + 1):
        if place == last or words[place] in _PARTS:
            options.append((at, place))
            at = place + 1
    kept = [(start, end) for start, end in options if words[end - 1] == "*"]
    if not kept or len(kept) == len(options):
        return marks
    return [
        mark
        for mark in marks
        if mark.first < opens or any(start <= mark.first < end for start, end in kept)
    ]


def _boxes(words: list[str], first: int, last: int) -> list[tuple[int, bool]]:
    """List the places of the boxes, and whether each is ticked."""
    boxes: list[tuple[int, bool]] = []
    for place in range(first, last):
        word = words[place]
        if word in _TICKED_SIGNS or word in _EMPTY_SIGNS:
            boxes.append((place, word in _TICKED_SIGNS))
            continue
        closing = _CLOSING.get(word)
        if closing is None:
            continue
        inside = words[place + 1 : place + 3]
        if inside[:1] == [closing] or inside == ["_", closing]:
            boxes.append((place, False))
        elif inside[:1] and inside[0] in _TICKS and inside[1:] == [closing]:
            boxes.append((place, True))
    return boxes


def _stand_behind(
    words: list[str], boxes: list[tuple[int, bool]], last: int, marks: list[Piece]
) -> bool:
    """Say whether every box follows its option: a bone stands first and a box last."""
    names = any(
        mark.kind in (kinds.BONE, kinds.HEAD) and mark.first < boxes[0][0] for mark in marks
    )
    end = boxes[-1][0] + (3 if boxes[-1][1] else 2)
    return names and all(not word.isalnum() for word in words[end:last])


def _kept_before(boxes: list[tuple[int, bool]], marks: list[Piece]) -> list[Piece]:
    kept: list[Piece] = []
    at = 0
    for mark in marks:
        while at < len(boxes) and boxes[at][0] < mark.first:
            at += 1
        is_option = mark.kind in (kinds.BONE, kinds.HEAD, kinds.JOINT, kinds.REGION)
        if not is_option or (at < len(boxes) and boxes[at][1]):
            kept.append(mark)
    return kept
