"""
Splits a text into sentences, each with its section and the side its heading gives.

A heading opens a section; a line such as "RIGHT ANKLE:" or "Talus:" inside the findings keeps its
side or bone for what follows on that line. A full stop ends a sentence unless it belongs to an
abbreviation; a line break ends one unless the line is a wrapped one.
"""

from dataclasses import dataclass
from itertools import compress, count

from marrowd.core.reader.vocabulary import Term, Vocabulary
from marrowd.core.reader.words import Words
from marrowd.core.reading import Section

_ENDS = frozenset({".", "!", "?", ";", "\n", "\u2022", "\u25cf", "|"})
_SPECIAL = {"exam": Section.UNKNOWN, "row": Section.FINDINGS}
_ANSWERS = frozenset({"none", "nil", "neg", "normal", "yes", "no", "present", "absent", "clear"})
_ROW_SIGNS = frozenset({":", "-", "\u2013", "="})
_DASHES = frozenset({"-", "\u2013", "\u2014", "="})
_ROW_HEAD = 4  # words: "2nd metatarsal :"
_SHORT_LINE = 8  # words
_WRAPPED_LINE = 55
_LONGEST_HEADING = 6
# these end with their line: what follows them without a heading is the report itself
_ONE_LINE = frozenset({Section.INDICATION, Section.HISTORY, Section.TECHNIQUE, Section.COMPARISON})
_ONE_LINE_NOT_EXAM = frozenset({Section.TECHNIQUE, Section.COMPARISON})
# abbreviations that may end a sentence, when a word with a capital follows
_NOUNS = frozenset(
    {
        "calc",
        "nav",
        "cub",
        "fib",
        "tib",
        "tal",
        "mt",
        "mts",
        "met",
        "jt",
        "yr",
        "yrs",
        "wk",
        "wks",
        "mo",
        "mos",
        "hx",
    }
)
# a line that ends so is wrapped
_GOES_ON = frozenset(
    """
    , and or of the in with without within a an shows show demonstrates demonstrate is are to
    from at for involving throughout
    """.split()
)
_TORN = frozenset(
    {
        ("marrow", "edema"),
        ("marrow", "signal"),
        ("bone", "marrow"),
        ("bone", "bruise"),
        ("bone", "contusion"),
        ("stress", "reaction"),
        ("stress", "response"),
        ("stress", "fracture"),
    }
)
_BEFORE_QUESTION = frozenset({":", ".", "\n", ",", "-", "(", ";"})
_BEFORE = frozenset({"*", "-", "\n", "#", "_", "="})  # signs that may stand before a heading
_EXAM_WORDS = frozenset({"mri", "mr"})
_SIDES = frozenset({"left", "right", "lt", "rt"})


@dataclass(slots=True)
class Sentence:
    """Words `first` to `last`, end exclusive, and where they stand."""

    first: int
    last: int
    section: Section
    heading: str  # the section as the vocabulary names it: "exam", "over_read", "preliminary" too
    starts_line: bool
    paragraph: int
    row: bool = False


@dataclass(slots=True)
class _Place:
    section: Section = Section.UNKNOWN
    heading: str = ""
    paragraph: int = 0
    has_content: bool = False


def sentences_of(words: Words, vocabulary: Vocabulary, opening: Section) -> list[Sentence]:
    """Cut a text into sentences; *opening* is the section of words before any heading."""
    sentences: list[Sentence] = []
    place = _Place(opening)
    lowered = words.words
    ends = [*compress(count(), map(_ENDS.__contains__, lowered))]
    ends.append(len(lowered))
    first = 0
    starts_line = True
    for end in ends:
        if end < len(lowered) and not _ends_sentence(words, first, end, vocabulary):
            continue
        if first < end:
            _add(sentences, words, vocabulary, place, first, end, starts_line=starts_line)
        if end < len(lowered):
            is_bar = starts_line and lowered[end] == "|" and first == end  # "| Talus | edema |"
            starts_line = is_bar or lowered[end] == "\n"
            if starts_line and lowered[end - 1 : end] == ["\n"]:
                place.paragraph += 1
        first = end + 1
    return sentences


def _add(  # noqa: C901 -- one case after the other
    sentences: list[Sentence],
    words: Words,
    vocabulary: Vocabulary,
    place: _Place,
    first: int,
    last: int,
    *,
    starts_line: bool,
) -> None:
    lowered = words.words
    while first < last and (lowered[first] in vocabulary.headers or lowered[first] in _BEFORE):
        name, after = _heading(
            words, vocabulary, place.section, first, last, starts_line=starts_line
        )
        if not name:
            break
        if name == "row":
            place.paragraph += 1
            if place.section in _ONE_LINE:
                _open(place, "findings")
            sentences.append(
                Sentence(
                    first,
                    last,
                    place.section,
                    place.heading,
                    starts_line,
                    place.paragraph,
                    row=True,
                )
            )
            return
        _open(place, name)
        if first == after:
            break
        first = after
        starts_line = False
    is_item = first < last and starts_line and lowered[first] in ("-", "*")
    is_sign = last - first == 1 and not starts_line  # a cell: "| Talus | - |"
    while first < last and not is_sign and lowered[first] in ("\n", "-", "*"):
        first += 1
    if first < last:
        if is_item and place.section in _ONE_LINE and place.has_content:
            _open(place, "")
        if place.section in _ONE_LINE or place.heading == "exam":
            _leave_one_line(words, place, first, last, starts_line=starts_line)
        place.has_content = True
        sentences.append(
            Sentence(first, last, place.section, place.heading, starts_line, place.paragraph)
        )
        if place.heading == "exam":
            place.heading = ""  # one sentence names the exam


def _leave_one_line(
    words: Words, place: _Place, first: int, last: int, *, starts_line: bool
) -> None:
    here = words.words[first : min(last, first + _LONGEST_HEADING)]
    if here[0] in _SIDES and ":" in here:
        _open(place, "findings")
    elif (
        here[0] in _EXAM_WORDS
        and place.has_content
        and place.section
        not in (
            Section.COMPARISON,
            Section.TECHNIQUE,
        )
    ) or (
        starts_line
        and place.has_content
        and (words.tokens[first][0].isupper() or ":" in here or words.tokens[first][0].isdigit())
    ):
        _open(place, "")


def _open(place: _Place, name: str) -> None:
    place.paragraph += 1
    place.has_content = False
    if name == "over_read":
        place.section = Section.ADDENDUM
    elif name == "preliminary":
        place.section = Section.FINDINGS
    elif name in ("exam", ""):
        place.section = Section.UNKNOWN
    else:
        place.section = Section(name)
    place.heading = name


def _heading(  # noqa: C901 -- one case after the other
    words: Words,
    vocabulary: Vocabulary,
    section: Section,
    first: int,
    last: int,
    *,
    starts_line: bool,
) -> tuple[str, int]:
    lowered = words.words
    start = first
    while start < last and lowered[start] in _BEFORE:
        start += 1
    then = vocabulary.headers
    name, after = "", first
    at = start
    while at < last:
        step = then.get(lowered[at])
        if step is None:
            break
        at += 1
        ending = step if isinstance(step, Term) else step.get("")
        if isinstance(ending, Term):
            name, after = ending.value, at
        if isinstance(step, Term):
            break
        then = step
    if not name:
        return "", first
    closes = _closing(words, after, last, name)
    if closes >= 0:
        return name, closes
    if starts_line and after == last:
        return name, last
    if starts_line and name != "row" and all(map(str.isupper, words.tokens[start:after])):
        follows = words.tokens[after] if after < last else ""
        if not follows.isupper() or name in ("impression", "findings", "addendum"):
            if lowered[start] not in _EXAM_WORDS:
                return name, after
            return ("", first) if section in _ONE_LINE_NOT_EXAM else (name, start)
    return "", first


def _closing(words: Words, after: int, last: int, name: str) -> int:
    # "ADDENDUM #1 (14:20):", "Addendum 2 by Dr X:", "Part A:"
    lowered = words.words
    reach = min(last, after + (12 if name in ("addendum", "over_read", "preliminary") else 5))
    depth = 0
    for at in range(after, reach):
        word = lowered[at]
        if word in "([":
            depth += 1
        elif word in ")]":
            depth -= 1
        elif word == ":" and depth <= 0:
            return at + 1
        elif (
            (word in (",", "\n") and depth <= 0)
            or (
                depth <= 0
                and at - after > 1
                and name not in ("addendum", "over_read", "preliminary")
            )
            or (
                depth <= 0
                and name not in ("addendum", "over_read", "preliminary")
                and word
                not in (
                    "-",
                    "#",
                    "1",
                    "2",
                )
            )
        ):
            break
    if after < last and lowered[after] in ("-", "\u2013", "\u2014"):
        return after + 1
    return -1


def _ends_sentence(words: Words, first: int, end: int, vocabulary: Vocabulary) -> bool:  # noqa: C901, PLR0911, PLR0912 -- one case after the other
    lowered, tokens = words.words, words.tokens
    sign = lowered[end]
    if end + 1 >= len(lowered):
        return True
    follows = tokens[end + 1]
    if sign == ".":
        if tokens[end] == sign:  # no blank behind it
            glued = words.raw(end + 1)
            if glued.islower() or glued.isdigit() or glued in ",;:.)":
                return False
        if lowered[end - 2 : end] in ([".", "e"], [".", "g"]):
            return False  # "i.e. the navicular"
        if end > first and lowered[end - 1] in _NOUNS:
            if lowered[end + 2 : end + 3] == [":"]:
                return True
            if follows[1:].islower():
                return follows[0].isupper()
        if lowered[end - 1] == "no" and end > first and follows[0].isalpha():
            return True  # "Cuboid: no. Navicular: yes."
        if end > first and lowered[end - 1] in vocabulary.abbreviations:
            return follows[0] == "\n" and end - first > len("no") and _opens(words, end + 2)
        return not (end - first == 1 and lowered[end - 1].isdigit() and follows[0] != "\n")
    if sign == "?":
        # "? navicular edema" and "?edema" ask; "edema?" ends
        asks = end == first or lowered[end - 1] in _BEFORE_QUESTION
        return not (asks or (tokens[end] == sign and words.raw(end + 1).isalnum()))
    if sign == "\n":
        if follows[0] == "\n" or end == first:
            return True
        if end > first and (
            lowered[end - 1] in _GOES_ON or (lowered[end - 1], lowered[end + 1]) in _TORN
        ):
            return False
        if follows[0].islower() and words.raw(end + 1) not in ("x", "o"):
            return _ends_row(words, first, end)
        line = len("".join(tokens[_line_start(lowered, end) : end]))
        return (
            not (line >= _WRAPPED_LINE and follows[0].isalpha())
            or _opens(words, end + 1)
            or (tokens[end - 1][0] in ".:!")
        )
    return True


def _ends_row(words: Words, first: int, end: int) -> bool:
    """Say whether an answer ends a line, or a row opens the next: "2nd: none", "talus: yes"."""
    lowered = words.words
    line = _line_start(lowered, end)
    if lowered[end - 1] in _ANSWERS and lowered[end - 2] in _ROW_SIGNS and end - 1 > first:
        return True
    ahead = lowered[end + 1 : end + 1 + _ROW_HEAD]
    if end - line <= _SHORT_LINE and ":" in ahead and "\n" not in ahead[: ahead.index(":")]:
        return True
    return _opens_row(words, line, end) and _opens_row(words, end + 1, len(lowered))


def _opens_row(words: Words, first: int, last: int) -> bool:
    """Say whether a dash or the like sets the first words of a line apart: "talus - bruise"."""
    for at in range(first, min(last, first + _ROW_HEAD)):
        word = words.words[at]
        if word == "\n":
            return at == first and _opens_row(words, first + 1, last)
        if word in _DASHES and at > first:
            return not (words.is_glued(at - 1) or words.is_glued(at))
    return False


def _line_start(lowered: list[str], end: int) -> int:
    at = end - 1
    stop = max(0, end - 40)
    while at > stop and lowered[at] != "\n":
        at -= 1
    return at


def _opens(words: Words, at: int) -> bool:
    # a heading, a number or a bullet stands at the start of the line
    lowered = words.words
    if at >= len(lowered):
        return True
    if lowered[at].isdigit() or lowered[at] in ("-", "*", "\u2022", "["):
        return True
    here = lowered[at : at + _LONGEST_HEADING]
    return ":" in here or "|" in here
