"""
The side of the exam and of each heading, for bones that no word of their own sentence gives one.

Source: LABELS.md section 6: a heading beats the exam title, which beats the indication; a side said
of the whole exam anywhere in the body counts like a title.
"""

from marrowd.core.anatomy import Laterality
from marrowd.core.reader.exam import side_among
from marrowd.core.reader.sections import Sentence
from marrowd.core.reader.words import Words
from marrowd.core.reading import Section

_SIDES = {
    "left": Laterality.LEFT,
    "lt": Laterality.LEFT,
    "l": Laterality.LEFT,
    "right": Laterality.RIGHT,
    "rt": Laterality.RIGHT,
    "r": Laterality.RIGHT,
    "bilateral": Laterality.BILATERAL,
    "both": Laterality.BILATERAL,
}
_WORDS = frozenset(_SIDES)
_REGIONS = frozenset(
    {"ankle", "ankles", "foot", "feet", "hindfoot", "midfoot", "forefoot", "heel", "rearfoot",
     "heels", "toe", "hallux", "side", "lower", "extremity", "tarsus", "sided"}
)  # fmt: skip
_LABEL = ["side", ":"]
_ON_THE, _IN_THE = ("on", "the"), ("in", "the")
_EXAM = frozenset(
    {"mri", "mr", "examination", "exam", "study", "scan", "protocol", "3t", "imaging"}
)
_TURNS_TO = frozenset({"in", "on", "at", "within", "turning", "regarding", "concerning"})
_LEAVE = frozenset(
    {"been", "be", "was", "were", "being", "nothing", "has", "have", "had"}
)  # "has been left out"
_ONE = frozenset({Laterality.LEFT, Laterality.RIGHT})
_OTHER_EXAM = frozenset(
    {
        "comparison",
        "previous",
        "prior",
        "last",
        "earlier",
        "ago",
        "compared",
        "outside",
        "previously",
    }
)
_ADVISED = frozenset({"consider", "considered", "recommended", "suggest", "suggested", "advised"})
_CORRECTED, _EXAM_LINE, _BODY, _ASIDE, _ANY, _EARLIER = 5, 4, 3, 2, 1, 0
_SHORT = 4
# sections that do not go on with the side of the heading before them
_OF_IMAGES = frozenset({Section.FINDINGS, Section.IMPRESSION})
_OF_THEIR_OWN = frozenset({Section.IMPRESSION, Section.RECOMMENDATION, Section.ADDENDUM})


class ReportSide:
    """The sides a report gives at large; `default` holds where nothing nearer does."""

    def __init__(self, words: Words, sentences: list[Sentence], title: list[str]) -> None:  # noqa: C901, PLR0912 -- one case after the other
        self._heads: dict[int, Laterality] = {}
        evidence: dict[int, list[Laterality]] = {}
        titled = side_among(title)
        if titled in _ONE:
            evidence[_EXAM_LINE] = [titled]
        lowered = words.words
        columns = _Columns(lowered) if "|" in words.different else None
        current: Laterality | None = None
        section: Section | None = None
        end = 0
        for number, sentence in enumerate(sentences):
            here = lowered[sentence.first : sentence.last]
            heading, end = lowered[end : sentence.first], sentence.last
            if sentence.section is not section:
                section = sentence.section
                if section in _OF_THEIR_OWN:
                    current = None
            if sentence.section in _OF_IMAGES and not _WORDS.isdisjoint(heading):
                headed = side_among(heading)  # "FINDINGS (RIGHT):"
                if headed in _ONE:
                    evidence.setdefault(_BODY, []).append(headed)
                    current = headed
            if not _WORDS.isdisjoint(here):
                side, heads = _side_at_large(here, exam=sentence.heading == "exam")
                if side is not None:
                    rank = _rank(number, sentence, here)
                    if side in _ONE or rank == _EXAM_LINE:
                        evidence.setdefault(rank, []).append(side)
                    if heads and side in _ONE:
                        current = side
                elif sentence.section is not Section.TECHNIQUE:
                    evidence.setdefault(_ANY, []).extend(_sides_in(here))
            column = columns.side_of(sentence) if columns is not None else None
            if column is not None or current is not None:
                self._heads[sentence.first] = column or current or Laterality.UNKNOWN
        self.default = Laterality.UNKNOWN
        self.is_one_sided = False  # the exam itself is of one foot
        if evidence:
            rank = max(evidence)
            sides = set(evidence[rank])
            if len(sides) == 1 and sides <= _ONE:
                self.default = sides.pop()
                self.is_one_sided = rank >= _EXAM_LINE
        if len(set(self._heads.values())) < 2 or _CORRECTED in evidence:  # noqa: PLR2004
            self._heads = {} if self.default is not Laterality.UNKNOWN else self._heads

    def at(self, sentence: Sentence) -> Laterality:
        """Give the side that holds in a sentence."""
        return self._heads.get(sentence.first, self.default)


class _Columns:
    """The sides that the head of a table gives its columns: "Bone | Right | Left"."""

    def __init__(self, words: list[str]) -> None:
        self._words = words
        self._sides: dict[int, Laterality] = {}
        self._at = 0
        self._column = 0
        self._is_head = False

    def side_of(self, sentence: Sentence) -> Laterality | None:
        """Give the side of the column that a cell stands in; cells come in order."""
        if sentence.starts_line:
            self._column, self._is_head = 0, False
        else:
            self._column += self._words[self._at : sentence.first].count("|")
        self._at = sentence.last
        if not self._column:
            return None
        side = _SIDES.get(self._words[sentence.first])
        if side in _ONE and sentence.last - sentence.first <= 2:  # noqa: PLR2004
            if not self._is_head:
                self._sides, self._is_head = {}, True
            self._sides[self._column] = side
        return self._sides.get(self._column) if len(self._sides) > 1 else None


def _sides_in(here: list[str]) -> list[Laterality]:
    """List the sides among some words, without "has been left out"."""
    pairs = zip(["", *here], here)  # noqa: B905 -- the word before each
    return [_SIDES[word] for before, word in pairs if word in _SIDES and before not in _LEAVE]


def _rank(number: int, sentence: Sentence, here: list[str]) -> int:  # noqa: PLR0911 -- one case after the other
    if sentence.section is Section.ADDENDUM:
        return _CORRECTED
    if sentence.section in (Section.COMPARISON, Section.RECOMMENDATION):
        return _EARLIER
    if sentence.section is Section.IMPRESSION and not _ADVISED.isdisjoint(here):
        return _EARLIER
    if not _OTHER_EXAM.isdisjoint(here):
        return _EARLIER
    if sentence.section in (Section.INDICATION, Section.HISTORY):
        return _ASIDE
    if sentence.heading == "exam" or sentence.section is Section.TECHNIQUE:
        return _EXAM_LINE
    if number == 0 or not _EXAM.isdisjoint(here[:3]):
        return _EXAM_LINE
    return _BODY


def _side_at_large(here: list[str], *, exam: bool) -> tuple[Laterality | None, bool]:
    """Find a side said of the foot or the exam; and whether it heads what follows."""
    for place, word in enumerate(here):
        side = _SIDES.get(word)
        if side is None or (place and here[place - 1] in _LEAVE):
            continue
        if place == len(_ON_THE) and tuple(here[:place]) in (_ON_THE, _IN_THE):
            return side, True
        around = here[max(0, place - 2) : place + 3]
        if (
            exam
            or len(here) <= _SHORT
            or not _REGIONS.isdisjoint(around)
            or not _EXAM.isdisjoint(around)
        ):
            heads = (
                _EXAM.isdisjoint(here)
                and (
                    (place <= 4 and ":" in here[place : place + 4])  # noqa: PLR2004
                    or (place <= 1 and len(here) <= _SHORT)
                    or here[:place] == _LABEL
                    or (place <= 3 and here[0] in _TURNS_TO)  # noqa: PLR2004
                    or (place == 1 and here[0] == "the" and not _REGIONS.isdisjoint(here[2:3]))
                )
            )
            return side, heads
        if here[place + 1 : place + 2] == [":"] and not any(map(str.isalpha, here[:place])):
            return side, True  # "R: edema", "2. RIGHT: edema"
        if place == len(here) - 1 and place and here[place - 1] in (",", "-", "(", "."):
            return side, False
    return None, False
