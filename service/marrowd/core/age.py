"""How old a patient's evidence is: the newest date that anything in it speaks of."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from marrowd.core.facts import Fact, When


def newest_date(facts: Iterable[Fact]) -> datetime | None:
    """
    Give the newest clinical date of *facts*; a fact that has none speaks by when it was written.

    A deletion, an order, a Patient have no date of their own. None: nothing here has either.
    """
    return max((at for fact in facts for at in _dates(fact)), default=None)


def _dates(fact: Fact) -> Iterator[datetime]:
    placed = [at for when in _whens(fact) if (at := _latest(when)) is not None]
    if placed:
        yield from placed
    elif fact.version.last_updated is not None:
        yield fact.version.last_updated


def _whens(fact: Fact) -> Iterator[When | None]:
    yield from (result.when for result in fact.results)
    if fact.study is not None:
        yield fact.study.started
    if fact.report is not None:
        yield fact.report.effective
        yield fact.report.issued
    if fact.problem is not None:
        yield fact.problem.since


def _latest(when: When | None) -> datetime | None:
    """Give the last moment that *when* may mean."""
    if when is None or when.instant is not None:
        return None if when is None else when.instant
    return None if when.year is None else datetime(when.year + 1, 1, 1, tzinfo=UTC)
