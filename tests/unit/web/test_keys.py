"""Keys out of a file: prepared once, and anew when the file holds something else."""

from collections import Counter

import jwt
import pytest
from tests.support.tokens import jwks

from marrowd.web.keys import KeyFile


@pytest.fixture
def prepared(monkeypatch):
    count = Counter()

    class Counting(jwt.PyJWK):
        def __init__(self, key, algorithm=None):
            count[key["kid"]] += 1
            super().__init__(key, algorithm)

    monkeypatch.setattr("marrowd.web.keys.jwt.PyJWK", Counting)
    return count


class File:
    """What a file holds, the same mapping until it is another's turn."""

    def __init__(self, *names):
        self.holds(*names)

    def holds(self, *names):
        self.keys = {key["kid"]: key for key in jwks(*names)["keys"]}

    def __call__(self):
        return self.keys


async def test_a_key_is_prepared_once_for_all_tokens(prepared):
    keys = KeyFile(File("old"))

    first = await keys.key("old", "ES384")

    assert first is not None
    assert await keys.key("old", "ES384") is first
    assert prepared == {"old": 1}


async def test_a_key_that_is_taken_out_of_the_file_is_refused_at_once(prepared):
    file = File("old")
    keys = KeyFile(file)
    assert await keys.key("old", "ES384") is not None
    file.holds("new")

    assert await keys.key("old", "ES384") is None
    assert await keys.key("new", "ES384") is not None
    assert prepared == {"old": 1, "new": 1}


async def test_another_key_of_the_same_id_takes_its_place(prepared):
    file = File("one")
    keys = KeyFile(file)
    before = await keys.key("one", "ES384")
    file.keys = {"one": jwks("two")["keys"][0] | {"kid": "one"}}

    after = await keys.key("one", "ES384")

    assert before.key.public_numbers() != after.key.public_numbers()
    assert prepared == {"one": 2}


async def test_a_key_for_another_algorithm_is_none_of_it(prepared):
    keys = KeyFile(File("old"))

    assert await keys.key("old", "RS384") is None
    assert await keys.key("old", "ES384") is not None
    assert await keys.key("unknown", "ES384") is None
    assert prepared == {"old": 1}
