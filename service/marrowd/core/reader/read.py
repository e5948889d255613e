"""
The reader: one text in, all that it says of marrow edema out.

Words, gate, sentences, then for each sentence that can speak of marrow: marks, bones, clauses,
sides; at last statements. `Reader` keeps nothing between two texts and can be pickled.
"""

from marrowd.core.reader.gate import language_of, speaks_of_tissue
from marrowd.core.reader.report import Report
from marrowd.core.reader.sections import sentences_of
from marrowd.core.reader.vocabulary import Vocabulary
from marrowd.core.reader.words import words_of
from marrowd.core.reading import NotRead, Reading, Section


class Reader:
    """Reads report texts with one vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary

    def read(self, text: str, *, title: str = "", section: Section | None = None) -> Reading:
        """
        Read one text.

        Args:
            text: as given; offsets in the answer are characters into it.
            title: of the report, counted as an exam line.
            section: of words that stand under no heading.

        """
        vocabulary = self.vocabulary
        words = words_of(text, vocabulary.spelling)
        language = language_of(words, vocabulary)
        if language not in ("en", "und"):
            return Reading(language=language, reason=NotRead.LANGUAGE)
        if not speaks_of_tissue(words, vocabulary):
            reason = NotRead.LANGUAGE if language == "und" and words.words else NotRead.NOT_A_REPORT
            return Reading(language=language, reason=reason)
        sentences = sentences_of(words, vocabulary, section or Section.UNKNOWN)
        report = Report(words, vocabulary, sentences, title)
        for sentence in sentences:
            report.add(sentence)
        return report.reading(language)
