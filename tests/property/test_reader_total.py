"""The reader answers any text: no exception, valid spans, one answer, evenly growing work."""

import pickle
from string import printable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marrowd.core.reader import Reader, explain, fold
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.scan import marks_of
from marrowd.core.reader.vocabulary import Kind, Term, add_term
from marrowd.core.reader.words import Tokens, words_of
from marrowd.core.reading import Section
from marrowd.rules.vocabulary import load_vocabulary

READER = Reader(load_vocabulary())
BARE = Tokens({}, frozenset())
WORDS = (
    "marrow edema", "no", "the", "talus", "left", "second", "metatarsal", "MT2-4", "and", ",", ".",
    "but not", "possible", "resolved", ":", "\n", "FINDINGS:", "ADDENDUM:", "[x]", "[ ]", "?",
    "cuneiforms", "is", "normal", "signal", "STIR", "increased", "third TMT joint", "except",
    "none",
    "previously", "in 2019", "if", "(", ")", "right", "it", "ditto", "|", "-", "oedema", "not seen",
)  # fmt: skip
prose = st.lists(st.sampled_from(WORDS), max_size=60).map(" ".join)
texts = st.one_of(st.text(max_size=300), st.text(printable, max_size=300), prose)


@given(text=texts, title=st.text(max_size=30), section=st.none() | st.sampled_from(Section))
def test_any_text_is_read(text, title, section):
    reading = READER.read(text, title=title, section=section)

    for statement in reading.statements:
        assert 0 <= statement.start < statement.end <= len(text)
        assert text[statement.start : statement.end] == statement.evidence
    assert (reading.reason is None) or not reading.statements


def test_a_text_may_end_with_a_comma():
    reading = READER.read("MRI left ankle. Without marrow edema of the talus,")

    assert [(s.bone, s.certainty) for s in reading.statements] == [("talus", "negated")]


@given(text=prose)
def test_the_same_text_gives_the_same_answer_in_another_process(text):
    other = pickle.loads(pickle.dumps(READER))  # noqa: S301 -- our own object

    assert READER.read(text) == other.read(text)


@given(text=prose)
def test_findings_are_one_for_each_bone_and_side(text):
    findings = fold(READER.read(text).statements)
    keys = [(f.bone, f.laterality) for f in findings]

    assert len(keys) == len(set(keys))
    assert fold(findings) == findings


@given(text=prose)
def test_every_explanation_points_into_the_text(text):
    for entry in explain(READER, text):
        assert text[entry.start : entry.end] == entry.text
        assert entry.says


@given(text=st.text(st.characters(max_codepoint=127), max_size=200))
def test_ascii_is_cut_as_any_other_text_is(text):
    alone, beside = words_of(text, BARE), words_of(f"{text} \u00e9", BARE)

    assert alone.words == beside.words[:-1]
    assert [places(alone, at) for at in range(len(alone.words))] == [
        places(beside, at) for at in range(len(alone.words))
    ]


def places(words, index):
    return words.raw(index), words.start(index), words.end(index)


letters = st.sampled_from("abc")
sequences = st.lists(letters, min_size=1, max_size=4).map(tuple)


@given(terms=st.sets(sequences, max_size=8), words=st.lists(letters, max_size=30))
def test_the_scan_finds_what_a_naive_scan_finds(terms, words):
    trie = {}
    for term in terms:
        add_term(trie, term, Term(Kind.NOTHING, "".join(term)))

    found = [
        (piece.first, piece.last, piece.value) for piece in marks_of(words, 0, len(words), trie)
    ]

    assert found == naive(terms, words)


def naive(terms, words):
    found, at = [], 0
    while at < len(words):
        longest = max(
            (t for t in terms if tuple(words[at : at + len(t)]) == t), key=len, default=None
        )
        if longest is None:
            at += 1
        else:
            found.append((at, at + len(longest), "".join(longest)))
            at += len(longest)
    return found


@given(text=st.text(max_size=200))
def test_every_word_stands_where_it_says(text):
    words = words_of(text, BARE)

    for index in range(len(words.words)):
        raw = text[words.start(index) : words.end(index)]
        assert words.raw(index) == raw
        assert words.words[index] == raw.lower()


@given(text=st.one_of(prose, st.text(printable, max_size=300)))
def test_a_word_met_before_is_read_as_it_was(text):
    known = READER.vocabulary
    anew = words_of(text, Tokens(known.spelling, frozenset()))

    assert words_of(text, known.tokens).words == anew.words


def test_no_word_is_kept_that_the_vocabulary_lacks():
    tokens = Tokens({"odema": "edema"}, frozenset({"edema", "the"}))

    words_of("The odema of Quillfeather 1971, the edema", tokens)

    assert tokens == {"The ": "the", "the ": "the", "odema ": "edema", "edema": "edema"}


def test_no_more_than_a_bounded_number_of_forms_is_kept():
    tokens = Tokens({}, frozenset({"edema"}))

    words_of("".join(f"edema{' ' * count}" for count in range(1, 9000)), tokens)

    assert len(tokens) == 8192


UNITS = ("no ", "marrow edema ", "talus edema and ", "MT2-", "second, ", "( ", "[x] talus ",
         "no edema in the talus but ", "RIGHT FOOT: talus edema\n", "the third and ", "? ", "a.b",
         "talus : ", "possible ", "ADDENDUM: edema in the talus.\n", "cuneiform ")  # fmt: skip


class Counted(list):
    """A list of words that counts how often one is looked at."""

    looks = 0

    def __getitem__(self, index):
        self.looks += 1
        return super().__getitem__(index)


@pytest.mark.parametrize("unit", UNITS)
def test_work_grows_evenly_with_the_text(unit, monkeypatch):
    """Count the pieces made and the words looked at, not the seconds."""
    few, many = (work(unit * count, monkeypatch) for count in (300, 3000))

    assert many <= 14 * few + 2000


def work(text, monkeypatch):
    made = [0]
    first = Piece.__init__

    def counted(self, *args):
        made[0] += 1
        first(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(Piece, "__init__", counted)
        report = READER.report_of(f"Marrow edema of the talus. {text}")
        words = getattr(report, "words", None)
    looks = 0
    if words is not None:
        looked = Counted(words.words)
        from marrowd.core.reader import report as module  # noqa: PLC0415

        again = module.Report(
            type(words)(words.text, looked, words.tokens),
            READER.vocabulary,
            report.sentences,
            "",
            "en",
        )
        for sentence in again.sentences:
            again.add(sentence)
        looks = looked.looks
    return made[0] + looks


@settings(max_examples=20)
@given(count=st.integers(min_value=1, max_value=400))
def test_a_list_without_end_is_read_to_its_end(count):
    text = f"Marrow edema in the {'cuboid, ' * count}talus and navicular."

    bones = {s.bone for s in READER.read(text).statements}

    assert bones == {"cuboid", "talus", "navicular"}
