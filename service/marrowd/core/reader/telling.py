"""
Tells a sentence that says what the images show from one that asks, advises or recalls.

Many reports have no headings but the first: "Indication: heel pain. Calcaneal marrow edema." There
the report begins at the first sentence that tells something of marrow.
"""

from collections.abc import Iterable

from marrowd.core.reader.sections import Sentence
from marrowd.core.reader.vocabulary import Vocabulary
from marrowd.core.reader.words import Words
from marrowd.core.reading import Section

# sections that say nothing of the images
ASKED = frozenset(
    {
        Section.INDICATION,
        Section.HISTORY,
        Section.TECHNIQUE,
        Section.COMPARISON,
        Section.RECOMMENDATION,
    }
)
_OF_PATIENT = frozenset({Section.INDICATION, Section.HISTORY, Section.TECHNIQUE})
_ASKS = frozenset(
    """
    ? evaluate evaluation assess assessment exclude excluding rule ruled r query queried question
    please request requested requesting refer referred reason concern suspected suspicion clinically
    look looking check arranged authorized priority worried wonder asks asked wants
    """.split()
)
_ADVISES = frozenset(
    """
    if should would consider considered recommend recommended advise advised suggest suggested
    repeat follow followup may might could can will until unless when prompt warranted persists
    """.split()
)
_RECALLS = frozenset(
    """
    prior previous previously earlier known history was were had showed shown demonstrated revealed
    ago outside elsewhere old former since yesterday treated diagnosed radiograph radiographs xray
    xrays xr films ct ultrasound scintigraphy then
    """.split()
)
_VERBS = frozenset(
    """
    is are there shows show demonstrates demonstrate has have lacks lack contains contain exhibits
    displays reveals remains appears
    """.split()
)
_EXAM_WORDS = frozenset({"mri", "mr"})
_NOW = frozenset({"today", "now", "currently", "presently"})
_ASKED_NOW = _ASKS | _ADVISES
_NOT_TOLD = _ASKS | _ADVISES | _RECALLS


def release(words: Words, vocabulary: Vocabulary, sentences: list[Sentence]) -> None:
    """Take out of their section the sentences that tell findings in a report without headings."""
    sections = {sentence.section for sentence in sentences}
    if Section.FINDINGS in sections or ASKED.isdisjoint(sections):
        return
    stands_apart = not speaks(words, vocabulary, sentences, but=Section.IMPRESSION)
    heading, is_released = "", False
    for sentence in sentences:
        if sentence.heading != heading:  # the first sentence of a section is the section's own
            heading, is_released = sentence.heading, False
        elif sentence.section in ASKED and not is_released:
            is_free = stands_apart and (sentence.section in _OF_PATIENT or sentence.starts_line)
            is_released = _tells_of_marrow(words, vocabulary, sentence, needs_verb=not is_free)
        if is_released:
            sentence.section, sentence.heading = Section.UNKNOWN, ""


def speaks(
    words: Words,
    vocabulary: Vocabulary,
    sentences: Iterable[Sentence],
    *,
    but: Section | None = None,
) -> bool:
    """
    Say whether a sentence of the report itself speaks of bone, joint or soft tissue.

    An exam line that only names what was imaged ("MRI left hindfoot") says nothing of it.
    """
    subjects = vocabulary.subjects
    is_first = True
    for sentence in sentences:
        said = words.words[sentence.first : sentence.last]
        is_exam = sentence.heading == "exam" or (is_first and not _EXAM_WORDS.isdisjoint(said))
        is_first = False
        if sentence.section in ASKED or sentence.section is but or subjects.isdisjoint(said):
            continue
        if not is_exam or _states(said, vocabulary):
            return True
    return False


def _states(exam_line: list[str], vocabulary: Vocabulary) -> bool:
    """Say whether an exam line is a statement, not a title or a question."""
    if not vocabulary.judging.isdisjoint(exam_line):
        return True
    said = vocabulary.subjects.intersection(exam_line) - vocabulary.places
    return bool(said) and vocabulary.asking.isdisjoint(exam_line)


def _tells_of_marrow(
    words: Words, vocabulary: Vocabulary, sentence: Sentence, *, needs_verb: bool = False
) -> bool:
    here = words.words[sentence.first : sentence.last]
    untold = _ASKED_NOW if not _NOW.isdisjoint(here) else _NOT_TOLD
    if vocabulary.anchors.isdisjoint(here) or not untold.isdisjoint(here):
        return False
    if words.words[sentence.last : sentence.last + 1] == ["?"]:
        return False
    if needs_verb and _VERBS.isdisjoint(here):
        return False
    return not vocabulary.bone_words.isdisjoint(here)
