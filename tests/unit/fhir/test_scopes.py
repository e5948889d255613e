import pytest

from marrowd.fhir.scopes import is_any_granted, not_granted


@pytest.mark.parametrize(
    ("asked", "granted", "lacking"),
    [
        pytest.param("system/*.rs", "system/*.rs", (), id="the same"),
        pytest.param("system/*.rs", "system/*.read", (), id="version 1 for version 2"),
        pytest.param("system/*.read", "system/*.cruds", (), id="more than asked"),
        pytest.param("system/*.rs", "system/*.*", (), id="all in version 1"),
        pytest.param("system/*.rs", "system/*.r", ("system/*.rs",), id="no search"),
        pytest.param(
            "system/*.rs", "system/Observation.rs", ("system/*.rs",), id="one type for all"
        ),
        pytest.param("system/Observation.rs", "system/*.rs", (), id="all types for one"),
        pytest.param(
            "system/Observation.rs", "system/Observation.r system/*.s", (), id="in two parts"
        ),
        pytest.param(
            "system/Observation.rs system/Condition.rs",
            "system/Observation.rs",
            ("system/Condition.rs",),
            id="one of two",
        ),
        pytest.param(
            "system/Observation.rs",
            "system/Observation.rs?category=laboratory",
            ("system/Observation.rs",),
            id="narrowed by a query",
        ),
        pytest.param(
            "system/Observation.rs?category=laboratory",
            "system/Observation.rs?category=laboratory",
            (),
            id="the query that was asked for",
        ),
        pytest.param("system/*.rs", "user/*.rs", ("system/*.rs",), id="another level"),
        pytest.param("openid", "system/*.rs", ("openid",), id="another family"),
    ],
)
def test_what_was_not_granted(asked: str, granted: str, lacking: tuple[str, ...]) -> None:
    assert lacking == not_granted(asked, granted)


@pytest.mark.parametrize(
    ("granted", "is_any"),
    [
        ("system/Observation.rs", True),
        ("system/*.r", True),
        ("system/Observation.c", False),
        ("patient/*.rs", False),
        ("openid", False),
        ("", False),
    ],
)
def test_whether_anything_was_granted(granted: str, *, is_any: bool) -> None:
    assert is_any == is_any_granted("system/*.rs", granted)


def test_a_word_of_another_family_is_granted_by_its_name() -> None:
    assert is_any_granted("launch", "launch online_access")
