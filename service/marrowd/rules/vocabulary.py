"""
Loads the reader's vocabulary from the TOML files beside this module.

Every file opens with its own grammar; a row that breaks it is an error here, not a silent gap.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from importlib.resources import files
from itertools import chain
from string import digits, punctuation
from sys import intern
from typing import Any

from marrowd.core.reader.vocabulary import Kind, Term, Trie, Vocabulary, add_term
from marrowd.core.reader.words import Tokens
from marrowd.errors import BadConfiguration

_TERM_FILES = ("anatomy", "marrow", "cues", "context", "grammar")
_BONES = frozenset({Kind.BONE, Kind.HEAD, Kind.JOINT})
_SHORT = 6  # letters; a changed letter in a short word too often makes another word
_SIGNS = re.compile("([(|)])")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class _Rows:
    """
    The terms read so far, as the trie they end in.

    No list of them beside the trie: what loading takes at its height, a process never gives back.
    """

    def __init__(self) -> None:
        self.terms: Trie = {}
        self.words: set[str] = set()
        self.bone_words: set[str] = set()
        self.cue_words: set[str] = set()
        self.size = 0

    def add(self, row: dict[str, Any], place: str) -> None:
        """Add the word sequences of one row."""
        try:
            kind = Kind(row["means"])
            written = row["terms"]
        except (KeyError, ValueError):
            message = f"vocabulary row {place} lacks terms or means"
            raise BadConfiguration(message) from None
        direction = row.get("direction", "")
        term = Term(kind, row.get("value", ""), direction, row.get("cue", ""), place)
        firsts: set[str] = set()
        for words in chain.from_iterable(map(expand, written)):
            known = add_term(self.terms, words, term)
            self.words.update(words)
            firsts.add(words[0])
            if known is None:
                self.size += 1
            elif replace(known, rule="") == replace(term, rule=""):
                add_term(self.terms, words, known)
            elif known.kind is kind and known.direction != direction:
                value = term.value or known.value
                add_term(self.terms, words, Term(kind, value, "both", term.cue, place))
            else:
                message = f"vocabulary row {place} repeats {' '.join(words)!r} of {known.rule}"
                raise BadConfiguration(message)
        if kind in _BONES:
            self.bone_words |= firsts
        if term.cue:
            self.cue_words |= firsts


@cache
def load_vocabulary() -> Vocabulary:
    """
    Read all rule files once.

    Raises:
        BadConfiguration: two rows give the same words two meanings, or a row lacks a member.

    """
    rows = _Rows()
    anchors: frozenset[str] = frozenset()
    for name in _TERM_FILES:
        file = _toml(name)
        anchors |= frozenset(file.get("anchors", ()))
        for number, row in enumerate(file["term"], start=1):
            rows.add(row, f"{name}:{number}")
    headers: Trie = {}
    words = rows.words.copy()
    for number, row in enumerate(_toml("sections")["heading"], start=1):
        for written in row["terms"]:
            for heading in expand(written):
                term = Term(Kind.NOTHING, row["section"], rule=f"sections:{number}")
                add_term(headers, heading, term)
                words.update(heading)
    language = _toml("language")
    documents: Trie = {}
    for document, written in language["documents"].items():
        term = Term(Kind.NOTHING, document, rule="language:documents")
        for name_of_it in chain.from_iterable(map(expand, written)):
            add_term(documents, name_of_it, term)
    languages = _languages(language["words"])
    words.update(languages, language["subjects"], language["abbreviations"])
    words.update(punctuation, digits, "\n")
    spelling = _spelling(frozenset(rows.words))
    return Vocabulary(
        terms=rows.terms,
        headers=headers,
        spelling=spelling,
        tokens=Tokens(spelling, frozenset(words)),
        anchors=anchors,
        bone_words=frozenset(rows.bone_words),
        cue_words=frozenset(rows.cue_words),
        subjects=frozenset(language["subjects"]),
        places=frozenset(language["places"]),
        judging=frozenset(language["judging"]),
        asking=frozenset(language["asking"]),
        not_report=frozenset(language["not_report"]),
        documents=documents,
        document_words=frozenset(documents),
        languages=languages,
        english=frozenset(word for word, names in languages.items() if names == "en"),
        abbreviations=frozenset(language["abbreviations"]),
        size=rows.size,
    )


def expand(written: str) -> Iterator[tuple[str, ...]]:
    """Write out every "(a|b)" of a term; hyphens fall away, as they do in a report."""
    if written.count("(") > written.count(")"):
        message = f"vocabulary term {written!r} lacks a closing bracket"
        raise BadConfiguration(message)
    for choice in _choices(iter(_SIGNS.split(written))):
        if choice == "-":
            yield ("-",)
        else:
            yield tuple(map(intern, choice.replace("-", " ").split()))


def _choices(parts: Iterator[str]) -> list[str]:
    """Write out what *parts* hold up to the bracket that closes them."""
    done: list[str] = []
    begun = [""]
    for part in parts:
        if part == "(":
            inner = _choices(parts)
            begun = [before + after for before in begun for after in inner]
        elif part == "|":
            done += begun
            begun = [""]
        elif part == ")":
            break
        elif part:
            begun = [before + part for before in begun]
    return done + begun


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def _spelling(known: frozenset[str]) -> dict[str, str]:
    rules = _toml("spelling")
    spelling: dict[str, str] = {}
    never = known | frozenset(rules["never"]) | frozenset(rules["near"])
    for word in rules["near"]:
        for slip in _slips(word):
            if slip not in never:
                spelling[slip] = word
    for usual, variants in rules["usual"].items():
        spelling.update(dict.fromkeys(variants, usual))
    for slip, word in list(spelling.items()):
        spelling[slip] = spelling.get(word, word)
    return spelling


def _slips(word: str) -> Iterator[str]:
    # one letter left out, doubled, swapped with the next, or (long words only) changed
    for place in range(1, len(word)):
        yield word[:place] + word[place + 1 :]
        yield word[:place] + word[place - 1] + word[place:]
        yield word[: place - 1] + word[place] + word[place - 1] + word[place + 1 :]
        if len(word) > _SHORT:
            for letter in _LETTERS:
                yield word[:place] + letter + word[place + 1 :]
                yield word[:place] + letter + word[place:]


def _languages(words: dict[str, list[str]]) -> dict[str, str]:
    languages: dict[str, str] = {}
    for language, known in words.items():
        for word in known:
            languages[word] = f"{languages[word]} {language}" if word in languages else language
    return languages
