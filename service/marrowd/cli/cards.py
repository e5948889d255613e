"""`marrowd cards stats`: what hooks have shown, and what clinicians made of it."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from marrowd.cli.exits import Exit
from marrowd.cli.queues import with_store
from marrowd.store.cards_shown import CardCount


def stats_command(config: Path | None) -> Exit:
    """Print one row a verdict: cards, showings, accepted, overridden and why."""
    counts = with_store(config, lambda store: store.card_counts())
    table = Table("verdict", "cards", "shown", "accepted", "overridden", "why", box=None)
    for count in [*counts, *_sum(counts)]:
        table.add_row(
            count.verdict,
            str(count.shown),
            str(count.times),
            str(count.accepted),
            str(sum(count.overridden.values())),
            ", ".join(f"{reason} {n}" for reason, n in sorted(count.overridden.items())),
        )
    Console(soft_wrap=True).print(table)
    return Exit.FINE


def _sum(counts: Sequence[CardCount]) -> list[CardCount]:
    """Give the bottom line, where there is more than one above it."""
    if len(counts) == 1:
        return []
    reasons = sorted({reason for count in counts for reason in count.overridden})
    return [
        CardCount(
            verdict="all",
            shown=sum(count.shown for count in counts),
            times=sum(count.times for count in counts),
            accepted=sum(count.accepted for count in counts),
            overridden={
                reason: sum(count.overridden.get(reason, 0) for count in counts)
                for reason in reasons
            },
        )
    ]
