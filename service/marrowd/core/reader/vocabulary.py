"""
The words the reader knows, as a trie of word sequences: the longest known term wins at each place.

Rows come from `rules/*.toml`; this module knows their shape, not their content.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import final

from marrowd.core.reader.words import Tokens


class Kind(StrEnum):
    """What a term does in a sentence; rules/*.toml open with what each kind means there."""

    BONE = "bone"
    HEAD = "head"
    ORDINAL = "ordinal"
    JOINT = "joint"
    REGION = "region"
    PART = "part"
    SIDE = "side"
    EDEMA = "edema"
    MARROW = "marrow"
    SIGNAL = "signal"
    HIGH = "high"
    SEQUENCE = "sequence"
    NORMAL = "normal"
    NORMAL_MARROW = "normal_marrow"
    SPARED = "spared"
    SOFT = "soft"
    DISEASE = "disease"
    NEGATED = "negated"
    POSSIBLE = "possible"
    HISTORICAL = "historical"
    HYPOTHETICAL = "hypothetical"
    CURRENT = "current"
    EXCEPT = "except"
    NOT_IN = "not_in"
    OTHER = "other"
    GLOBAL = "global"
    ANSWER = "answer"
    DITTO = "ditto"
    ANAPHOR = "anaphor"
    ARTIFACT = "artifact"
    BREAK = "break"
    VERB = "verb"
    JOIN = "join"
    WITH = "with"
    PREPOSITION = "preposition"
    OVER = "over"
    THERE = "there"
    RANGE = "range"
    SEVERITY = "severity"
    OUT_OF_VIEW = "out_of_view"
    VOID = "void"
    NOTHING = "nothing"


@final
@dataclass(frozen=True, slots=True)
class Term:
    """One meaning: what a matched word sequence does, and where the rule stands."""

    kind: Kind
    value: str = ""
    direction: str = ""
    cue: str = ""
    rule: str = ""


# A trie of plain dicts keeps thousands of terms in a few megabytes: a word leads to a `Term` where
# nothing longer is known, else to a dict whose "" holds the term that ends there, if any.
Trie = dict[str, "Term | Trie"]


def add_term(trie: Trie, words: Sequence[str], term: Term) -> Term | None:
    """
    Add a word sequence; what it meant before, if anything, is replaced and given back.

    The words are interned already, so that many rows hold one word once.
    """
    then = trie
    for word in words[:-1]:
        here = then.get(word)
        if not isinstance(here, dict):
            branch: Trie = {} if here is None else {"": here}
            then[word] = here = branch
        then = here
    last = words[-1]
    known = then.get(last)
    if isinstance(known, dict):
        then, last = known, ""
        known = then.get(last)
    then[last] = term
    return known if isinstance(known, Term) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """
    All words and phrases the reader knows.

    `anchors` are the words without which a sentence cannot speak of marrow; `subjects` are the
    words that show that a text speaks of bone, joint or soft tissue at all. In an exam line
    `places` say nothing by themselves, `judging` words make a statement of it, `asking` words
    a question.
    `documents` are phrases of letters and notes, `document_words` their first words.
    `english` are small words that no other language we know has.
    """

    terms: Trie
    headers: Trie
    spelling: Mapping[str, str]
    tokens: Tokens
    anchors: frozenset[str]
    bone_words: frozenset[str]
    cue_words: frozenset[str]
    subjects: frozenset[str]
    places: frozenset[str]
    judging: frozenset[str]
    asking: frozenset[str]
    not_report: frozenset[str]
    documents: Trie
    document_words: frozenset[str]
    languages: Mapping[str, str]
    english: frozenset[str]
    abbreviations: frozenset[str]
    size: int
