"""
Writes out bones: ordinals and ranges before or after a noun, joints, regions.

"second through fourth metatarsals", "MT2-4", "medial > lateral cuneiform", "all three cuneiforms",
"3rd TMT joint", "bases of the second and third". Every step looks at a bounded number of marks, so
the work stays linear even in a list without end. Source: LABELS.md sections 4 and 5.
"""

from functools import cache

from marrowd.core.anatomy import Bone, Laterality
from marrowd.core.reader import kinds
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.sides import is_one_a_foot
from marrowd.core.reader.vocabulary import Kind

_MOST_ORDINALS = 24
_LAST_RAY = 5
_CUNEIFORMS = {
    "1": Bone.CUNEIFORM_MEDIAL,
    "2": Bone.CUNEIFORM_INTERMEDIATE,
    "3": Bone.CUNEIFORM_LATERAL,
    "medial": Bone.CUNEIFORM_MEDIAL,
    "intermediate": Bone.CUNEIFORM_INTERMEDIATE,
    "lateral": Bone.CUNEIFORM_LATERAL,
}
_METATARSALS = {str(n): Bone(f"metatarsal_{n}") for n in range(1, _LAST_RAY + 1)}
_TMT = {
    "1": (Bone.CUNEIFORM_MEDIAL, Bone.METATARSAL_1),
    "2": (Bone.CUNEIFORM_INTERMEDIATE, Bone.METATARSAL_2),
    "3": (Bone.CUNEIFORM_LATERAL, Bone.METATARSAL_3),
    "4": (Bone.CUBOID, Bone.METATARSAL_4),
    "5": (Bone.CUBOID, Bone.METATARSAL_5),
}
_SIDE_OF = 5  # words
_ENDS_OF_JOINT = {"proximal": slice(1), "distal": slice(1, 2)}
_SIDE_WORDS = frozenset({"side", "aspect", "margin", "surface", "end"})
_ONES = frozenset({"one", "ones", "bone", "bones"})
_ALL = frozenset({"all", "each"})
_ONLY_COUNTED = frozenset({"stump", "stumps", "ray", "rays"})
_NUMBERED = frozenset({"cuneiform", "metatarsal", "tmt", "mtp"})
_BOTH = frozenset({"both", "either", "neither"})
_SIGNS = {"+": "yes", "-": "no", "\u2013": "no", "\u2212": "no"}
_SAID_NEXT = frozenset(
    {
        kinds.VERB,
        kinds.PART,
        kinds.NORMAL_MARROW,
        kinds.EDEMA,
        kinds.NEGATED,
        kinds.ANSWER,
        kinds.SEVERITY,
        kinds.SPARED,
        kinds.DITTO,
        kinds.HISTORICAL,
        kinds.CURRENT,
        kinds.POSSIBLE,
        kinds.EXCEPT,
    }
)
_SAID_OF_ROW = frozenset(
    {kinds.EDEMA, kinds.NORMAL, kinds.NORMAL_MARROW, kinds.SPARED, kinds.NEGATED, kinds.ANSWER}
)
_ROW_BEFORE = frozenset({":", ",", ";", ".", "\n", "|"})
_NAMES = frozenset({kinds.BONE, kinds.REGION})
_COUNTED = frozenset({kinds.ORDINAL, kinds.HEAD, kinds.JOINT})
_SETS_APART = frozenset({"-", "\u2013", "\u2014", ":"})
_OPENS_CELL = frozenset({":", "=", "|"})
_SIDES_OF = 5  # words: "both sides of the ankle"
_ENDS_CELL = frozenset({",", ";", ".", "\n", "|"})
_COUNTED_WORDS = {"one": "1", "two": "2", "three": "3", "four": "4", "five": "5"}
_TIMES = frozenset(
    {"months", "weeks", "years", "days", "month", "week", "year", "day", "hours", "mm", "cm"}
)
_SAYS_I = frozenset(
    """
    could can cannot do did see saw find found have had am would believe think note suspect was
    """.split()
)
_LITTLE = frozenset({"the", "a", "of", "both", "and", "-", "\n"})
_HEADS = frozenset({kinds.HEAD, kinds.JOINT})
_LINKS = frozenset({kinds.JOIN, kinds.RANGE})

_WRITTEN_OUT = _NAMES | _COUNTED | _LINKS


def bone_pieces(words: list[str], marks: list[Piece], last_head: str = "") -> list[Piece]:
    """Turn the marks of a sentence into pieces, with every bone written out."""
    pieces: list[Piece] = []
    place, count = 0, len(marks)
    while place < count:
        mark = marks[place]
        kind = mark.kind
        place += 1
        if kind not in _WRITTEN_OUT:
            pieces.append(mark)
            continue
        if kind in _NAMES:
            if mark.value:
                mark.kind, mark.bones = kinds.BONE, _bones_named(mark.value)
                mark.broad = kind is kinds.REGION
                if mark.first and words[mark.first - 1] in _BOTH and is_one_a_foot(words, mark):
                    mark.side = Laterality.BILATERAL
        elif kind in _COUNTED:
            place, last_head = _counted(words, marks, place - 1, last_head)
        elif kind in _LINKS and _is_answer(words, mark):
            mark.kind, mark.value = kinds.ANSWER, _SIGNS[words[mark.first]]
        if mark.kind is not kinds.HEAD:
            pieces.append(mark)
    return pieces


@cache
def _bones_named(value: str) -> tuple[Bone, ...]:
    """Read the value of a term, "talus+navicular"; as many as the vocabulary has are kept."""
    return tuple(map(Bone, value.split("+")))


def _is_answer(words: list[str], mark: Piece) -> bool:
    """Say whether a sign answers: "talus (+)", "talus +, cuboid -"."""
    if words[mark.first] not in _SIGNS:
        return False
    before, behind = words[mark.first - 1], words[mark.last : mark.last + 1]
    if before == "(" and behind == [")"]:
        return True
    ends = not behind or behind[0] in _ENDS_CELL
    if before in _OPENS_CELL:
        return ends
    return before.isalpha() and (ends or behind[0] in ("+", ":"))


def _counted(words: list[str], marks: list[Piece], place: int, last_head: str) -> tuple[int, str]:
    """Write the bones of an ordinal or a head into its piece; where to go on, and the head."""
    mark = marks[place]
    ordinals, head = _ordinals_before(words, marks, place)
    if head >= 0:
        after, last = _ordinals_after(words, marks, head)
        if ordinals and not after and _repeats_noun(marks, head):
            after, last = _between(ordinals[-1], marks[head + 2].value), head + 3
        bones = _bones_of(marks[head].value, ordinals + after)
        broad = marks[head].kind is kinds.JOINT and not _are_both_sides(words, mark.first)
        if broad and len(bones) == 2:  # noqa: PLR2004
            bones = _on_side(words, mark.first, bones)
        last_head = _noun(marks[head].value)[0]
        if words[marks[head].first] in _ONLY_COUNTED and not ordinals:
            return head + 1, last_head
        mark.last, mark.value = marks[last].last, last_head
        mark.as_bones(bones, broad=broad)
        if mark.first and words[mark.first - 1] in _BOTH and len(bones) == 1:
            mark.side = Laterality.BILATERAL
        return last + 1, last_head
    run = _elliptic_run(words, marks, place, last_head) if ordinals else []
    if run:
        named: list[str] = []
        for at in run:
            is_range = named and marks[at - 1].kind is kinds.RANGE
            named.extend(_between(named[-1], marks[at].value) if is_range else [marks[at].value])
        mark.last = marks[run[-1]].last
        mark.as_bones(_bones_of(last_head or "metatarsal", named))
        return run[-1] + 1, last_head
    return place + 1, last_head


def _ordinals_before(words: list[str], marks: list[Piece], place: int) -> tuple[list[str], int]:
    """Read ordinals from a mark on to their head; the head's index, or -1 when there is none."""
    found: list[str] = []
    linked = ""
    end = min(len(marks), place + _MOST_ORDINALS)
    for at in range(place, end):
        mark = marks[at]
        if at > place and not _is_close(words, marks[at - 1].last, mark.first):
            return found[:1], -1
        if mark.kind is kinds.ORDINAL:
            if linked == kinds.RANGE and found:
                found.extend(_between(found[-1], mark.value))
            elif linked or not found or _is_row_of_numbers(words, marks[at - 1], mark):
                found.append(mark.value)
            else:
                return found[:1], -1
            linked = ""
        elif mark.kind in _HEADS:
            return ([] if linked and not found else found), at
        elif mark.kind in _LINKS and found:
            linked = mark.kind if mark.kind is kinds.RANGE or not linked else linked
        else:
            return found[:1], -1
    return found[:1], -1


def _ordinals_after(  # noqa: C901, PLR0912 -- one case after the other
    words: list[str], marks: list[Piece], head: int
) -> tuple[list[str], int]:
    """Read ordinals that follow their head directly ("MT2-4", "cuneiforms I-III")."""
    number = _noun(marks[head].value)[1]
    if number and _counts_time(words, marks[head]):
        number = ""
    found = [number] if number else []
    last = head
    before_last, last_before = list(found), head
    linked: Kind | None = None
    at = head + 1
    end = min(len(marks), head + _MOST_ORDINALS)
    while at < end:
        mark, before = marks[at], marks[at - 1]
        if mark.kind is kinds.PART and at == head + 1 and not found:
            at += 1
            continue
        gap = mark.first - before.last
        if gap > 1 or _counts_time(words, mark):
            break
        value = _COUNTED_WORDS.get(words[mark.first], mark.value)
        is_cuneiform = value in _CUNEIFORMS and "(" in words[marks[head].last : mark.first + 1]
        if mark.kind is kinds.ORDINAL and (value in _METATARSALS or is_cuneiform):
            before_last, last_before = list(found), last
            if linked is kinds.RANGE and found:
                found.extend(_between(found[-1], value))
            elif linked is not None or not found:
                found.append(value)
            else:
                break
            last, linked = at, None
        elif mark.kind in _LINKS and found:
            linked = mark.kind
            if at + 1 < end and marks[at + 1].kind in _LINKS:
                at += 1
        elif mark.kind is kinds.HEAD and linked is kinds.RANGE and found and _noun(mark.value)[1]:
            found.extend(_between(found[-1], _noun(mark.value)[1]))
            last, linked = at, None
        else:
            break
        at += 1
    # an ordinal that is followed by its own head belongs to that head ("MT1, 2nd cuneiform")
    if last > head and last + 1 < len(marks) and marks[last + 1].kind in _HEADS:
        gap = marks[last + 1].first - marks[last].last
        is_of_joint = marks[head].kind is kinds.JOINT and last == head + 1
        if gap == 0 and not is_of_joint:  # "the MTP 4 metatarsal head" has its number from there
            return before_last, last_before
    return found, last


def _counts_time(words: list[str], mark: Piece) -> bool:
    """Say whether a number is none of a bone: "four months ago", "I could find"."""
    behind = words[mark.last] if mark.last < len(words) else ""
    return behind in _TIMES or (words[mark.last - 1] == "i" and behind in _SAYS_I)


def _is_row_of_numbers(words: list[str], one: Piece, other: Piece) -> bool:
    """Say whether two ordinals stand side by side in figures: "4th 5th MT"."""
    firsts = (words[one.first], words[other.first])
    figures = all(word[0].isdigit() and word[-1].isalpha() for word in firsts)
    return figures and one.kind is kinds.ORDINAL and one.last == other.first


def _repeats_noun(marks: list[Piece], head: int) -> bool:
    """Say whether a range repeats its noun: "third metatarsal through fifth metatarsal"."""
    if head + 3 >= len(marks):
        return False
    link, number, noun = marks[head + 1 : head + 4]
    return (
        (link.kind, number.kind, noun.kind) == (kinds.RANGE, kinds.ORDINAL, kinds.HEAD)
        and noun.value == marks[head].value
        and link.first - marks[head].last <= 1
        and noun.first == number.last
    )


@cache
def _noun(value: str) -> tuple[str, str]:
    """Split "metatarsal_2" into noun and ordinal; names of bones stay whole."""
    noun, _, ordinal = value.partition("_")
    if noun in _NUMBERED and "+" not in value and ordinal != "unspecified":
        return noun, ordinal
    return value, ""


def _between(one: str, other: str) -> list[str]:
    if one in _METATARSALS and other in _METATARSALS:
        return [str(n) for n in range(int(one) + 1, int(other) + 1)] or [other]
    return [other]


def _bones_of(head: str, ordinals: list[str]) -> tuple[Bone, ...]:  # noqa: PLR0911 -- one case after the other
    head = _noun(head)[0]
    if head == "cuneiform":
        if "all" in ordinals:
            return tuple(dict.fromkeys(_CUNEIFORMS.values()))
        named = [_CUNEIFORMS[o] for o in ordinals if o in _CUNEIFORMS]
        return tuple(dict.fromkeys(named)) or (Bone.CUNEIFORM_UNSPECIFIED,)
    rays = [o for o in ordinals if o in _METATARSALS]
    if head == "metatarsal":
        if "all" in ordinals:
            return tuple(_METATARSALS.values())
        named = [_METATARSALS[o] for o in rays]
        return tuple(dict.fromkeys(named)) or (Bone.METATARSAL_UNSPECIFIED,)
    if head == "tmt":
        bones = [bone for o in rays for bone in _TMT[o]]
        return tuple(dict.fromkeys(bones)) or (
            Bone.CUNEIFORM_UNSPECIFIED,
            Bone.METATARSAL_UNSPECIFIED,
        )
    if head == "mtp":
        named = [_METATARSALS[o] for o in rays] or [Bone.METATARSAL_UNSPECIFIED]
        return (*dict.fromkeys(named), Bone.PHALANX)
    return _bones_named(head)


def _is_row_of_heads(
    words: list[str], marks: list[Piece], place: int, last: int, last_head: str
) -> bool:
    """Say whether figures stand for bones in a row of them: "metatarsals: 2 edema, 3 normal"."""
    before, end = words[marks[place].first - 1], marks[last].last
    if before == "in" and last_head == "metatarsal":
        return end >= len(words) or words[end] in _ENDS_CELL  # "no osteitis in 2 or 4"
    named = any(mark.value == last_head for mark in marks[:place][-_MOST_ORDINALS:])
    if not (last_head and named) or before not in _ROW_BEFORE:
        return False
    following = marks[last + 1 : last + 2]
    said = bool(following) and following[0].first == marks[last].last
    return said and following[0].kind in _SAID_OF_ROW


def _opens_row(words: list[str], marks: list[Piece], run: list[int]) -> bool:
    """Say whether a dash or colon sets bare ordinals apart: "Metatarsals: First - no edema"."""
    last = marks[run[-1]].last
    if words[marks[run[0]].first - 1] not in _ROW_BEFORE or words[last : last + 1] == []:
        return False
    following = marks[run[-1] + 1 : run[-1] + 2]
    is_set_apart = words[last] in _SETS_APART and bool(following)
    return is_set_apart and following[0].first == last


def _on_side(words: list[str], first: int, bones: tuple[Bone, ...]) -> tuple[Bone, ...]:
    """Keep the bone on one side of a joint: "on the distal side of the second TMT joint"."""
    before = words[max(0, first - _SIDE_OF) : first]
    for side, kept in _ENDS_OF_JOINT.items():
        if side in before and _SIDE_WORDS.intersection(before[before.index(side) :]):
            return bones[kept]
    return bones


def _is_on_side(piece: Piece) -> bool:
    """Say whether a side is given behind a bone: "the third on the left"."""
    return piece.kind is kinds.SIDE and piece.last - piece.first > 1


def _are_both_sides(words: list[str], first: int) -> bool:
    """Say whether both bones of a joint are named in so many words: "on both sides of the"."""
    before = words[max(0, first - _SIDES_OF) : first]
    return "sides" in before and "both" in before


def _is_close(words: list[str], first: int, last: int) -> bool:
    return last - first <= 2 and _LITTLE.issuperset(words[first:last])  # noqa: PLR2004


def _elliptic_run(words: list[str], marks: list[Piece], place: int, last_head: str) -> list[int]:  # noqa: C901, PLR0911, PLR0912 -- one case after the other
    """
    Find bare ordinals that stand for bones: "base of third", "in the third and fourth".

    Returns:
        The indexes of the ordinal marks, or none when the ordinals count something else.

    """
    run = [place]
    at = place + 1
    end = min(len(marks), place + _MOST_ORDINALS)
    while at + 1 < end and marks[at].kind in _LINKS and marks[at + 1].kind is kinds.ORDINAL:
        if not _is_close(words, marks[at].last, marks[at + 1].first):
            break
        run.append(at + 1)
        at += 2
    mark, last = marks[place], marks[run[-1]]
    if any(
        words[marks[index].first].isdigit() or len(words[marks[index].first]) == 1 for index in run
    ):
        return run if _is_row_of_heads(words, marks, place, run[-1], last_head) else []
    if mark.value == "all" and words[mark.first] in _ALL:
        is_row = any(other.value == last_head for other in marks[max(0, place - 2) : place])
        return [place] if last_head and is_row else []  # "Cuneiforms: all three normal in signal"
    numbered = all(marks[index].value in _METATARSALS for index in run)
    named = numbered or all(marks[index].value in _CUNEIFORMS for index in run)
    if not named or not (numbered or last_head == "cuneiform"):
        return []
    if last_head and _opens_row(words, marks, run):
        return run
    before = words[max(0, mark.first - 2) : mark.first]
    sign = before[-1] if before else ":"
    following = marks[run[-1] + 1] if run[-1] + 1 < len(marks) else None
    follows = words[last.last] if last.last < len(words) else "."
    said = (
        following is not None
        and following.first == last.last
        and (following.kind in _SAID_NEXT or _is_on_side(following))
    )
    if place and marks[place - 1].kind is kinds.PART and sign in ("of", "the") and numbered:
        return run
    if not last_head:
        return []
    if sign == "the" and follows in _ONES:
        return run
    if sign == "in" and numbered and words[last.first][0].isdigit() and not follows.isalpha():
        return run
    if follows in ("one", "ones"):
        nouns = [marks[at].value for at in range(max(0, place - _MOST_ORDINALS), place)]
        return run if last_head in nouns else []
    if sign == "the" and not numbered and place == 0 and follows == ",":
        return run  # "The lateral, edematous before, is"
    if sign == "the" and said and not numbered and following is not None:
        return run if following.kind is kinds.VERB else []  # "the intermediate and lateral show"
    if sign == "the" or (sign == "of" and numbered):
        return run if numbered and (said or not follows.isalpha()) else []
    if sign in _ROW_BEFORE and said:
        return run
    return []
