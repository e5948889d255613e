"""
Decides whether a text can be read at all: its language, an unfilled form, or no report.

A text we cannot read is said to be so; it never counts as "no edema".
"""

from collections import Counter

from marrowd.core.reader.vocabulary import Vocabulary
from marrowd.core.reader.words import Words

_LOOKED_AT = 600
_MOSTLY = 0.3
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
    counted: Counter[str] = Counter()
    known = vocabulary.languages
    lowered = words.words[:_LOOKED_AT]
    for word in lowered:
        languages = known.get(word)
        if languages is not None:
            for language in languages.split():
                counted[language] += 1
    if not counted:
        return "und"
    best, hits = max(counted.items(), key=lambda item: item[1])
    english = counted["en"]
    if best == "en" or english >= hits:
        return "en"
    if english and hits < english * 1.5 and any(w in vocabulary.subjects for w in lowered):
        return "en"
    return best


def _script_of(text: str) -> str:
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


def speaks_of_tissue(words: Words, vocabulary: Vocabulary) -> bool:
    """Say whether any word of bone, joint or soft tissue stands in the text."""
    return not vocabulary.subjects.isdisjoint(words.words)
