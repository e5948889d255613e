"""
Decides whether a text can be read at all: its language, an unfilled form, or no report.

A text we cannot read is said to be so; it never counts as "no edema".
"""

from collections import Counter

from marrowd.core.reader.scan import marks_of
from marrowd.core.reader.sections import Sentence
from marrowd.core.reader.telling import ASKED
from marrowd.core.reader.vocabulary import Vocabulary
from marrowd.core.reader.words import Words
from marrowd.core.reading import Section

_LOOKED_AT = 600
_LOOKS = (30, 80)  # words
_PLAINLY_ENGLISH = 6  # different words that only English has
_MOSTLY = 0.3
_FOREIGN_MARGIN = 2
_SURE = 2  # gaps
_SLOT_SIGNS = frozenset({"*", "{", "<", "@", "["})
_CHOICE = 14  # words
_LONG_LINE, _FOREIGN_WORDS, _MORE_THAN_ENGLISH = 6, 4, 2
_OF_IMAGES = frozenset({Section.FINDINGS, Section.IMPRESSION})
_SCRIPTS = (
    ("\u0370", "\u03ff", "el"),
    ("\u0400", "\u04ff", "ru"),
    ("\u0590", "\u05ff", "he"),
    ("\u0600", "\u06ff", "ar"),
    ("\u0900", "\u097f", "hi"),
    ("\u0980", "\u09ff", "bn"),
    ("\u0a00", "\u0a7f", "pa"),
    ("\u0b80", "\u0bff", "ta"),
    ("\u0c00", "\u0c7f", "te"),
    ("\u0e00", "\u0e7f", "th"),
    ("\u10a0", "\u10ff", "ka"),
    ("\u0530", "\u058f", "hy"),
    ("\u3040", "\u30ff", "ja"),
    ("\uac00", "\ud7af", "ko"),
    ("\u4e00", "\u9fff", "zh"),
)
_UKRAINIAN = frozenset("іїєґ")
_PERSIAN = frozenset("پچژگ")


def language_of(words: Words, vocabulary: Vocabulary) -> str:
    """Name the language of a text, ISO 639-1, or "und" when nothing tells."""
    text = words.text
    if not text.isascii():
        script = _script_of(text[:4000])
        if script:
            return script
    known = vocabulary.languages
    lowered = words.words[:_LOOKED_AT]
    for look in _LOOKS:
        if len(vocabulary.english.intersection(lowered[:look])) >= _PLAINLY_ENGLISH:
            return "en"
    counted: Counter[str] = Counter()
    for languages, hits_of in Counter([known[word] for word in lowered if word in known]).items():
        for name in languages.split():
            counted[name] += hits_of
    if not counted:
        return "und"
    best, hits = max(counted.items(), key=lambda item: item[1])
    english = counted["en"]
    only_english = any(known.get(word) == "en" for word in lowered)
    margin = _FOREIGN_MARGIN if only_english else 0
    if best == "en" or english >= hits or english > hits - margin:
        return "en"
    if english and hits < english * 1.5 and any(w in vocabulary.subjects for w in lowered):
        return "en"
    return best


def _script_of(text: str) -> str:  # noqa: PLR0911 -- one case after the other
    letters = [letter for letter in text if letter > "\u036f" and letter.isalpha()]
    if not letters:
        return ""
    total = sum(map(str.isalpha, text))
    if len(letters) < total * _MOSTLY:
        return ""
    counted: Counter[str] = Counter()
    for letter in letters:
        for first, last, language in _SCRIPTS:
            if first <= letter <= last:
                counted[language] += 1
                break
    if not counted:
        return "und"
    if counted["ja"]:
        return "ja"
    best = counted.most_common(1)[0][0]
    if best == "ru" and _UKRAINIAN.intersection(text.lower()):
        return "uk"
    if best == "ar" and _PERSIAN.intersection(text):
        return "fa"
    return best


def foreign_line(words: Words, vocabulary: Vocabulary) -> str:
    """
    Name the language of a long line that is not English, in a text that is English as a whole.

    A report typed in another language between an English exam line and an English signature is not
    read; a foreign name or address is too short to count.
    """
    known = vocabulary.languages
    counted: Counter[str] = Counter()
    length = 0
    for word in (*words.words, "\n"):
        if word != "\n" and length < _LOOKED_AT:
            length += 1
            for language in known.get(word, "").split():
                counted[language] += 1
            continue
        if length >= _LONG_LINE and counted:
            best, hits = max(counted.items(), key=lambda item: item[1])
            if hits >= _FOREIGN_WORDS and hits > _MORE_THAN_ENGLISH * counted["en"]:
                return best
        counted.clear()
        length = 0
    return ""


def is_of_exam_to_come(words: Words, vocabulary: Vocabulary, sentences: list[Sentence]) -> bool:
    """Say whether a text is about an exam that was not yet done, not about images."""
    if _has_headings(sentences):
        return False
    opening = words.words[:_LOOKED_AT]
    if "ignore" in opening and opening[opening.index("ignore") - 1] == "please":
        return True
    return not vocabulary.not_report.isdisjoint(opening)


def is_letter(words: Words, vocabulary: Vocabulary, sentences: list[Sentence]) -> bool:
    """Say whether a text is another document, which may yet quote what images show."""
    opening = words.words[:_LOOKED_AT]
    if vocabulary.document_words.isdisjoint(opening):
        return False
    asked = [sentence for sentence in sentences if sentence.section in ASKED]
    found = {
        mark.value
        for mark in marks_of(opening, 0, len(opening), vocabulary.documents)
        if not any(sentence.first <= mark.first < sentence.last for sentence in asked)
    }  # "History: discharged home with a splint" is of a report
    return "note" in found or ("letter" in found and not _has_headings(sentences))


def _has_headings(sentences: list[Sentence]) -> bool:
    return any(sentence.section in _OF_IMAGES for sentence in sentences)


def is_template(words: Words, vocabulary: Vocabulary) -> bool:
    """
    Say whether a text is a form that nobody filled in.

    A gap ("***", "___") counts on a line that speaks of bone or tissue; a blanked-out name or a
    line to sign on is no gap of the report.
    """
    lowered = words.words
    if "_" not in words.text and _SLOT_SIGNS.isdisjoint(words.different):
        return False
    gaps = slots = 0
    speaks = False
    for index, word in enumerate((*lowered, "\n")):
        if word == "\n":
            slots += gaps if speaks else 0
            gaps, speaks = 0, False
        elif word in vocabulary.subjects:
            speaks = True
        elif word[0] == "_" and len(word) > 1:
            gaps += 1
        elif word == "*" and lowered[index + 1 : index + 3] == ["*", "*"]:
            before = lowered[index - 1] if index else "\n"
            behind = lowered[index + 3 : index + 4]
            gaps += before.isalpha() or (bool(behind) and behind[0].isalpha() and before != "\n")
        elif word == "[" and _is_choice(lowered, index):
            gaps += 1
        elif (word in ("{", "<") and _is_slot(words, index)) or (
            word == "@" and lowered[index + 2 : index + 3] == ["@"]
        ):
            slots += _SURE
        if slots >= _SURE:
            return True
    return False


def _is_choice(lowered: list[str], index: int) -> bool:
    """Say whether brackets hold options to choose from: "[none / talus / calcaneus]"."""
    inside = lowered[index + 1 : index + _CHOICE]
    end = inside.index("]") if "]" in inside else 0
    return end > 1 and "/" in inside[1:end] and inside[0].isalpha()


def _is_slot(words: Words, index: int) -> bool:
    following = words.tokens[index + 1 : index + 2]
    if words.words[index] == "<":
        return words.words[index + 1 : index + 2] == ["<"]
    return (
        bool(following)
        and following[0][0].isalpha()
        and ("}" in words.words[index + 1 : index + 12])
    )
