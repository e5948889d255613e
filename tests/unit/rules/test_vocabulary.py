"""The vocabulary keeps its own grammar, and its version follows every rule file."""

import re
import tomllib
from importlib.resources import files

import pytest

from marrowd.core.reader.vocabulary import Kind
from marrowd.core.reading import Cue
from marrowd.rules.version import RULES_VERSION
from marrowd.rules.vocabulary import expand, load_vocabulary

FILES = ("anatomy", "marrow", "context", "grammar", "cues")


def rows(name):
    return tomllib.loads(files("marrowd.rules").joinpath(f"{name}.toml").read_text())["term"]


@pytest.mark.parametrize("name", FILES)
def test_every_row_keeps_the_grammar(name):
    members = {"terms", "means", "value", "direction", "scope", "example", "source", "cue"}

    for row in rows(name):
        assert set(row) <= members
        assert row["means"] in set(Kind)
        assert row.get("direction", "") in {"", "forward", "backward", "both"}
        assert row.get("cue", "") in {"", *Cue}


@pytest.mark.parametrize("name", [*FILES, "sections", "spelling", "language"])
def test_every_file_opens_with_its_grammar(name):
    assert files("marrowd.rules").joinpath(f"{name}.toml").read_text().startswith("# ")


def test_no_term_is_written_out_into_more_than_a_start_and_its_memory_bear():
    sizes = {t: sum(1 for _ in expand(t)) for n in FILES for row in rows(n) for t in row["terms"]}

    assert [term for term, size in sizes.items() if size > 2_100] == []
    assert load_vocabulary().size < 55_000


def test_alternatives_are_written_out():
    assert set(expand("(a|b) c-d (e|)")) == {
        ("a", "c", "d", "e"),
        ("a", "c", "d"),
        ("b", "c", "d", "e"),
        ("b", "c", "d"),
    }


def test_alternatives_may_stand_in_alternatives():
    assert set(expand("(a|b (c|d))")) == {("a",), ("b", "c"), ("b", "d")}


def test_the_vocabulary_is_read_once():
    assert load_vocabulary() is load_vocabulary()
    assert load_vocabulary().size > 5000


def test_no_spelling_leads_to_a_spelling():
    spelling = load_vocabulary().spelling

    assert [word for word in spelling.values() if word in spelling] == []


def test_the_version_names_release_and_hash():
    assert re.fullmatch(r"2026\.\d+\.\d+\+[0-9a-f]{8}", RULES_VERSION)
