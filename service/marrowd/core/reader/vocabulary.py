"""
The words the reader knows, as a trie of word sequences: the longest known term wins at each place.

Rows come from `rules/*.toml`; this module knows their shape, not their content.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


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


@dataclass(frozen=True, slots=True)
class Term:
    """One meaning: what a matched word sequence does, and where the rule stands."""

    kind: Kind
    value: str = ""
    direction: str = ""
    cue: str = ""
    rule: str = ""


@dataclass(slots=True)
class Node:
    """A place in the trie: the words that may follow, and what ends here."""

    then: dict[str, "Node"] = field(default_factory=dict)
    term: Term | None = None


Trie = dict[str, Node]


def add_term(trie: Trie, words: Iterable[str], term: Term) -> None:
    """Add a word sequence; a later row for the same words replaces an earlier one."""
    then = trie
    node: Node | None = None
    for word in words:
        node = then.get(word)
        if node is None:
            node = then[word] = Node()
        then = node.then
    if node is not None:
        node.term = term


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """
    All words and phrases the reader knows.

    `anchors` are the words without which a sentence cannot speak of marrow; `subjects` are the
    words that show that a text speaks of bone, joint or soft tissue at all.
    """

    terms: Trie
    headers: Trie
    spelling: Mapping[str, str]
    anchors: frozenset[str]
    bone_words: frozenset[str]
    cue_words: frozenset[str]
    subjects: frozenset[str]
    languages: Mapping[str, str]
    abbreviations: frozenset[str]
    size: int
