"""
What the service says of itself at `/metrics`, as far as the demo counts by it.

Only the few counters that matter are read, and by hand: the whole page is parsed by the Prometheus
client in 10 ms, and the demo looks a few hundred times.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

_SAMPLE: Final = re.compile(
    r"^marrowd_(verdicts_total|events_ignored_total|events_parked_total|sweep_recovered_total"
    r"|inbox_depth|outbox_depth)"
    r'(?:\{[a-z]+="([^"]*)"\})? (\S+)$',
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """One look at the metrics."""

    verdicts: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    parked: int = 0
    recovered: int = 0  # by a sweep
    waiting: int = 0  # events and messages not yet done

    @property
    def handled(self) -> int:
        """Give how many events have come to an end."""
        return self.verdicts.total() + self.ignored.total() + self.parked


def counts_from(exposition: str) -> Counts:
    """Read what `GET /metrics` answers (the Prometheus text format)."""
    sums: dict[str, Counter[str]] = {}
    for name, label, value in _SAMPLE.findall(exposition):
        sums.setdefault(name, Counter())[label] += int(float(value))

    def of(name: str) -> Counter[str]:
        return sums.get(name, Counter())

    return Counts(
        verdicts=of("verdicts_total"),
        ignored=of("events_ignored_total"),
        parked=of("events_parked_total").total(),
        recovered=of("sweep_recovered_total").total(),
        waiting=of("inbox_depth").total() + of("outbox_depth").total(),
    )
