"""
How `metrics` declares a metric: one line gives its kind, its text and every value of its labels.

A declaration is typed as what it becomes in each `Metrics`, as `dataclasses.field` is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import product
from typing import Any, cast

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Configured(Enum):
    """Label values that only the running service knows."""

    SOURCES = "sources"
    WATCHED = "watched"
    DESTINATIONS = "destinations"
    VERSION = "version"
    RULES = "rules"


_Values = Iterable[str] | Configured


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A metric to be made once for each running service."""

    kind: type[Counter | Gauge | Histogram]
    text: str
    labels: Mapping[str, _Values]
    is_at_zero: bool = True  # shown before anything has happened
    options: Mapping[str, Any] = field(default_factory=dict)

    def made(
        self,
        name: str,
        registry: CollectorRegistry,
        configured: Mapping[Configured, Sequence[str]],
    ) -> Counter | Gauge | Histogram:
        """Make the metric `marrowd_`*name* in *registry*."""
        metric = self.kind(
            f"marrowd_{name}", self.text, list(self.labels), registry=registry, **self.options
        )
        if self.labels and self.is_at_zero:
            values = (
                configured[known] if isinstance(known, Configured) else known
                for known in self.labels.values()
            )
            for combined in product(*values):
                metric.labels(*(str(value) for value in combined))
        return metric


def counter(text: str, **labels: _Values) -> Counter:
    """Declare a counter."""
    return cast("Counter", Declared(kind=Counter, text=text, labels=labels))


def gauge(text: str, **labels: _Values) -> Gauge:
    """Declare a gauge."""
    return cast("Gauge", Declared(kind=Gauge, text=text, labels=labels))


def gauge_once_set(text: str, **labels: _Values) -> Gauge:
    """Declare a gauge that is not shown before it has been set."""
    return cast("Gauge", Declared(kind=Gauge, text=text, labels=labels, is_at_zero=False))


def histogram(text: str, buckets: tuple[float, ...], **labels: _Values) -> Histogram:
    """Declare a histogram with *buckets*, in seconds."""
    declared = Declared(kind=Histogram, text=text, labels=labels, options={"buckets": buckets})
    return cast("Histogram", declared)
