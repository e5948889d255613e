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
from sys import intern
from typing import Any

from marrowd.core.reader.vocabulary import Kind, Term, Trie, Vocabulary, add_term
from marrowd.errors import BadConfiguration

_TERM_FILES = ("anatomy", "marrow", "cues", "context", "grammar")
_BONES = frozenset({Kind.BONE, Kind.HEAD, Kind.JOINT})
_SHORT = 6  # letters; a changed letter in a short word too often makes another word
_SIGNS = re.compile("([(|)])")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@cache
def load_vocabulary() -> Vocabulary:
    """
    Read all rule files once.

    Raises:
        BadConfiguration: two rows give the same words two meanings, or a row lacks a member.

    """
    rows: dict[tuple[str, ...], Term] = {}
    files_of_terms = {name: _toml(name) for name in _TERM_FILES}
    for name, file in files_of_terms.items():
        for number, row in enumerate(file["term"], start=1):
            _add_row(rows, row, f"{name}:{number}")
    terms: Trie = {}
    for words, term in rows.items():
        add_term(terms, words, term)
    headers: Trie = {}
    for number, row in enumerate(_toml("sections")["heading"], start=1):
        for written in row["terms"]:
            for words in expand(written):
                term = Term(Kind.NOTHING, row["section"], rule=f"sections:{number}")
                add_term(headers, words, term)
    language = _toml("language")
    languages = _languages(language["words"])
    return Vocabulary(
        terms=terms,
        headers=headers,
        spelling=_spelling(frozenset(chain.from_iterable(rows))),
        anchors=frozenset(files_of_terms["marrow"]["anchors"]),
        bone_words=_first_words(rows, _BONES),
        cue_words=frozenset(words[0] for words, term in rows.items() if term.cue),
        subjects=frozenset(language["subjects"]),
        not_report=frozenset(language["not_report"]),
        languages=languages,
        english=frozenset(word for word, names in languages.items() if names == "en"),
        abbreviations=frozenset(language["abbreviations"]),
        size=len(rows),
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


def _add_row(rows: dict[tuple[str, ...], Term], row: dict[str, Any], place: str) -> None:
    try:
        kind = Kind(row["means"])
        written = row["terms"]
    except (KeyError, ValueError):
        message = f"vocabulary row {place} lacks terms or means"
        raise BadConfiguration(message) from None
    direction = row.get("direction", "")
    term = Term(kind, row.get("value", ""), direction, row.get("cue", ""), place)
    for words in chain.from_iterable(map(expand, written)):
        known = rows.get(words)
        if known is None:
            rows[words] = term
        elif replace(known, rule="") == replace(term, rule=""):
            continue
        elif known.kind is kind and known.direction != direction:
            rows[words] = Term(kind, term.value or known.value, "both", term.cue, place)
        else:
            message = f"vocabulary row {place} repeats {' '.join(words)!r} of {known.rule}"
            raise BadConfiguration(message)


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def _first_words(rows: dict[tuple[str, ...], Term], kinds: frozenset[Kind]) -> frozenset[str]:
    return frozenset(words[0] for words, term in rows.items() if term.kind in kinds)


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
