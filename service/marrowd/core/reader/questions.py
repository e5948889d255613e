"""
Reads a question that the report answers itself: "Is there edema of the talus?", then "Yes".

A question states nothing; a finding with a question mark behind it ("Bone bruise, talus?") is in
doubt. An answer is a sentence that opens with yes, no or perhaps, or comes to it in a few words:
"On balance, no."
"""

from dataclasses import replace

from marrowd.core.reader import sayings
from marrowd.core.reader.predicates import Predicate
from marrowd.core.reader.report_side import ReportSide
from marrowd.core.reader.sections import Sentence
from marrowd.core.reader.stating import Stating
from marrowd.core.reading import Certainty

_ASKS = frozenset({"is", "are", "any", "does", "do", "has", "have", "was", "were", "could", "can"})
_YES = frozenset("yes positive y indeed certainly definitely affirmative confirmed".split())
_NO = frozenset(
    "no none negative nil n unlikely improbable doubtfully not nothing neither never".split()
)
_PERHAPS = frozenset(
    """
    perhaps possibly maybe probably doubtful equivocal uncertain arguably conceivably indeterminate
    questionable likely suspected borderline unclear undetermined unsure undecided
    """.split()
)
_SAID = {
    **dict.fromkeys(_YES, Certainty.AFFIRMED),
    **dict.fromkeys(_NO, Certainty.NEGATED),
    **dict.fromkeys(_PERHAPS, Certainty.POSSIBLE),
}
_SUGGESTED = ("a", "suggestion"), ("a", "hint"), ("a", "possibility"), ("a", "suspicion")
_THERE_IS = (["there", "is"], ["there", "are"], ["i", "think", "so"], ["it", "is"], ["it", "does"])
_ONE_OF_TWO = frozenset({"first", "second", "former", "latter"})  # of several questions
_LABELS = frozenset({"answer", "a", "reply", "ans"})
_OPENING = 6  # words before the question itself: "Clinical question:"


def is_doubted(words: list[str], sentence: Sentence) -> bool:
    """Say whether a question mark ends a sentence."""
    return words[sentence.last : sentence.last + 1] == ["?"]


def is_asked(words: list[str], sentence: Sentence) -> bool:
    """Say whether a sentence is a question in full."""
    if not is_doubted(words, sentence):
        return False
    here = words[sentence.first : min(sentence.last, sentence.first + _OPENING)]
    return here[0] in _ASKS or (":" in here and here[-1] != ":" and _after_colon(here) in _ASKS)


def answer_of(words: list[str], sentence: Sentence) -> Certainty | None:
    """Read "Yes, in the dorsal third." or "Answer: no"; None when a sentence answers nothing."""
    first = sentence.first
    if words[first] in _LABELS and words[first + 1 : first + 2] == [":"]:
        first += 2
    here = words[first : sentence.last]
    if here in _THERE_IS or here[1:] in _THERE_IS:
        return Certainty.AFFIRMED
    if tuple(here[:2]) in _SUGGESTED:
        return Certainty.POSSIBLE
    opening = here[:_OPENING]
    if not _ONE_OF_TWO.isdisjoint(opening):
        return None
    for place, word in enumerate(opening):
        if word in _SAID:
            last = (
                word in _PERHAPS or not here[place + 1 : place + 2] or not here[place + 1].isalnum()
            )
            return _SAID[word] if last or (place == 0 and word in _YES) else None
    return None


def _after_colon(here: list[str]) -> str:
    return here[here.index(":") + 1]


class Questions(Stating):
    """What a text asks, until its answer comes."""

    __slots__ = ("_asked", "side")

    side: ReportSide
    _asked: list[Predicate]

    def _is_asked(self, sentence: Sentence, predicates: list[Predicate]) -> bool:
        """Keep what a question asks for its answer; doubt what a question mark ends."""
        words = self.words.words
        if not is_doubted(words, sentence):
            return False
        for predicate in predicates:
            predicate.possible = predicate.possible or not predicate.negated
        self._asked = [p for p in predicates if p.said is sayings.EDEMA and p.bones]
        return is_asked(words, sentence)

    def _answer(self, sentence: Sentence) -> None:
        """State what the sentence before asked, when this one answers it."""
        said = answer_of(self.words.words, sentence)
        asked, self._asked = self._asked, []
        if said is None:
            return
        del self.statements[self._last_statements :]  # "Edema of the talus? No."
        del self.blocks[self._last_statements :]
        for question in asked:
            answered = replace(question, first=sentence.first, last=sentence.first + 1)
            answered.negated = said is Certainty.NEGATED
            answered.possible = said is Certainty.POSSIBLE
            answered.hypothetical = False
            self._state_one(sentence, answered, self.side.at(sentence), contrast=False)
