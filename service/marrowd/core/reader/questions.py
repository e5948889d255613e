"""
Reads a question that the report answers itself: "Is there edema of the talus?", then "Yes".

A question states nothing; a finding with a question mark behind it ("Bone bruise, talus?") is in
doubt. An answer is a whole sentence that opens with yes or no.
"""

from marrowd.core.reader.sections import Sentence

_ASKS = frozenset({"is", "are", "any", "does", "do", "has", "have", "was", "were", "could", "can"})
_YES = frozenset({"yes", "positive", "y"})
_NO = frozenset({"no", "none", "negative", "nil", "n"})
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


def answer_of(words: list[str], sentence: Sentence) -> bool | None:
    """Read "Yes, in the dorsal third." or "Answer: no"; None when a sentence answers nothing."""
    first = sentence.first
    if words[first] in _LABELS and words[first + 1 : first + 2] == [":"]:
        first += 2
    if first >= sentence.last or words[first] not in _YES | _NO:
        return None
    behind = words[first + 1] if first + 1 < sentence.last else ","
    return words[first] in _YES if not behind.isalnum() else None


def _after_colon(here: list[str]) -> str:
    return here[here.index(":") + 1]
