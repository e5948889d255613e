"""Answers given before: the least recently asked goes first, and memory is bounded."""

from marrowd.core.verdict import VerdictKind
from marrowd.web.remembered import Drawn, Key, Remembered


def key(name, size=0):
    return Key("hospital", f"Patient/{name}", is_current=True, brought=b"x" * size)


def drawn(body=b"{}"):
    return Drawn(body=body, verdict=VerdictKind.ASSOCIATION)


def test_what_was_put_is_given():
    remembered = Remembered()
    remembered.put(key("a"), drawn())

    assert remembered.get(key("a")) == drawn()
    assert remembered.get(key("b")) is None


def test_the_least_recently_asked_goes_first():
    remembered = Remembered(most_bytes=25_000)
    for name in "ab":
        remembered.put(key(name, 10_000), drawn())
    remembered.get(key("a", 10_000))

    remembered.put(key("c", 10_000), drawn())

    assert remembered.get(key("a", 10_000)) is not None
    assert remembered.get(key("b", 10_000)) is None


def test_an_answer_put_again_counts_once():
    remembered = Remembered(most_bytes=3_000)
    for _ in range(100):
        remembered.put(key("a"), drawn())

    remembered.put(key("b"), drawn())

    assert remembered.get(key("a")) is not None


def test_an_answer_larger_than_all_memory_is_not_kept():
    remembered = Remembered(most_bytes=1_000)

    remembered.put(key("a", 5_000), drawn())

    assert remembered.get(key("a", 5_000)) is None
