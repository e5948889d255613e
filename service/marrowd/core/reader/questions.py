"""
Reads a question that the report answers itself: "Is there edema of the talus?", then "Yes".

A question states nothing; a finding with a question mark behind it ("Bone bruise, talus?") is in
doubt. An answer is a sentence that opens with yes, no or perhaps, or comes to it in a few words:
"On balance, no."
"""

from marrowd.core.reader.sections import Sentence
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
