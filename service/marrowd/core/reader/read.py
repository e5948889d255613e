"""
The reader: one text in, all that it says of marrow edema out.

Words, gate, sentences, then for each sentence that can speak of marrow: marks, bones, clauses,
sides; at last statements. `Reader` keeps nothing of a text but forms of the vocabulary's own words
(`words.Tokens`), and can be pickled.
"""

from marrowd.core.reader.exam import exam_of
from marrowd.core.reader.gate import (
    foreign_line,
    is_letter,
    is_of_exam_to_come,
    is_template,
    language_of,
)
from marrowd.core.reader.report import Report
from marrowd.core.reader.sections import sentences_of
from marrowd.core.reader.telling import release, speaks
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
        report = self.report_of(text, title=title, section=section)
        return report.reading() if isinstance(report, Report) else report

    def report_of(
        self,
        text: str,
        *,
        title: str = "",
        section: Section | None = None,
        is_explained: bool = False,
    ) -> Report | Reading:
        """Read one text and keep the report with its notes; a reading if it cannot be read."""
        vocabulary = self.vocabulary
        words = words_of(text, vocabulary.tokens)
        language = language_of(words, vocabulary)
        if language == "en" and not text.isascii():
            language = foreign_line(words, vocabulary) or language
        sentences = sentences_of(words, vocabulary, section or Section.UNKNOWN)
        release(words, vocabulary, sentences)
        report = Report(words, vocabulary, sentences, title, language)
        if language not in ("en", "und"):
            return _unread(report, NotRead.LANGUAGE)
        if is_template(words, vocabulary):
            return _unread(report, NotRead.TEMPLATE)
        if not speaks(words, vocabulary, sentences) or is_of_exam_to_come(
            words, vocabulary, sentences
        ):
            foreign = language == "und" and not text.isascii()
            reason = NotRead.LANGUAGE if foreign else NotRead.NOT_A_REPORT
            return _unread(report, reason)
        report.is_explained = is_explained
        for sentence in sentences:
            report.add(sentence)
        if not report.tells and is_letter(words, vocabulary, sentences):
            return _unread(report, NotRead.NOT_A_REPORT)
        return report


def _unread(report: Report, reason: NotRead) -> Reading:
    """Give what a text that could not be read still says of the exam: that it is one of MR."""
    exam = exam_of(report.words, report.sentences, report.title)
    return Reading(language=report.language, reason=reason, exam=exam)
