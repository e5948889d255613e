"""The parts of the operators' page: the stages of the picture and the tables, as HTML."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Final

from marrowd.core.policy import Policy
from marrowd.settings import Destination, Source
from marrowd.telemetry.metrics import Subscribed
from marrowd.web.drawing import Stage
from marrowd.web.looking import Counts, Look, Queue

LATE_S: Final = 300  # what has waited for longer than this is marked
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Everything that is shown; `look` is None when the store does not answer."""

    look: Look | None
    counts: Counts
    sources: Sequence[Source]
    destinations: Sequence[Destination]
    now: datetime

    def count(self, name: str, **labels: str) -> str:
        """Write a count of this process."""
        return f"{self.total(name, **labels):,}"

    def total(self, name: str, **labels: str) -> int:
        """Give a count of this process."""
        return int(self.counts.get(name, **labels) or 0)

    @property
    def inbox(self) -> Queue:
        """The inbox, empty when it cannot be seen."""
        return self.look.inbox if self.look else Queue()

    def outbox(self, destination: str) -> Queue:
        """What waits for *destination*."""
        return self.look.outbox.get(destination, Queue()) if self.look else Queue()


def stages(shown: Shown) -> list[Stage]:
    """Give the five places of the line."""
    inbox = shown.inbox
    queues = [shown.outbox(destination.name) for destination in shown.destinations]
    oldest_card = max((queue.oldest_s for queue in queues), default=0.0)
    parked_cards = sum(queue.parked for queue in queues)
    silent = "?" if shown.look is None else None
    return [
        Stage(
            title="Sources",
            figure=shown.count("events_received_total"),
            says=f"events from {_plural(len(shown.sources), 'source')}",
        ),
        Stage(
            title="Inbox",
            figure=silent or f"{inbox.waiting:,}",
            says=f"waiting, oldest {age(inbox.oldest_s)}" if inbox.oldest_s else "waiting",
            tray=f"{inbox.parked} parked",
            is_late=inbox.oldest_s > LATE_S,
            has_parked=inbox.parked > 0,
        ),
        Stage(
            title="Screening",
            figure=silent or f"{inbox.running:,}",
            says=f"in hand, {_plural(shown.total('verdicts_total'), 'verdict')}",
        ),
        Stage(
            title="Outbox",
            figure=silent or f"{sum(queue.waiting for queue in queues):,}",
            says=f"waiting, oldest {age(oldest_card)}" if oldest_card else "waiting",
            tray=f"{parked_cards} parked",
            is_late=oldest_card > LATE_S,
            has_parked=parked_cards > 0,
        ),
        Stage(
            title="Charts",
            figure=shown.count("deliveries_total", outcome="taken"),
            says=f"taken, {_plural(shown.total('cards_shown_total'), 'card')} shown",
        ),
    ]


def section(title: str, body: str, *, width: str = "") -> str:
    """Write a section with a heading it is named by."""
    name = f"h-{title.split(maxsplit=1)[0].lower().strip(',')}"
    kind = f' class="{width}"' if width else ""
    return (
        f'<section{kind} aria-labelledby="{name}" tabindex="0">'
        f'<h2 id="{name}">{escape(title)}</h2>{body}</section>'
    )


def source_table(shown: Shown) -> str:
    """Write the sources, a row each."""
    rows = []
    for source in shown.sources:
        name = source.name
        seen = shown.counts.get("source_last_event_timestamp_seconds", source=name)
        heard = "not yet" if seen is None else f"{age(shown.now.timestamp() - seen)} ago"
        rows.append(
            (
                name,
                _subscribed(shown, source),
                heard,
                shown.count("events_received_total", source=name),
                shown.count("sweep_recovered_total", source=name),
                shown.count("notification_gaps_total", source=name),
                _canary(shown, name),
            )
        )
    heads = ("source", "Subscriptions", "last event", "events", "by sweep", "gaps", "canary")
    return _table("Sources", heads, rows, numbers={3, 4, 5, 6}, empty="No source is configured.")


def _subscribed(shown: Shown, source: Source) -> str:
    if source.subscribe == "none":
        return "made by others"
    active = shown.counts.get("subscription_active", source=source.name)
    refused = [
        one
        for one in Subscribed
        if shown.counts.get("subscriptions_refused", source=source.name, subscription=one)
    ]
    by_sweep = f"; {', '.join(refused)} by sweep only (refused)" if refused else ""
    state = '<span class="good">active</span>' if active else '<span class="bad">not active</span>'
    return f"{state}{by_sweep}"


def _canary(shown: Shown, source: str) -> str:
    took = shown.counts.get("canary_seconds", source=source)
    return "&ndash;" if took is None else f"{took:.1f} s"


def destination_table(shown: Shown) -> str:
    """Write the destinations, a row each."""
    rows = []
    for destination in shown.destinations:
        name, queue = destination.name, shown.outbox(destination.name)
        oldest = age(queue.oldest_s) if queue.oldest_s else "&ndash;"
        is_late = queue.oldest_s > LATE_S
        rows.append(
            (
                name,
                destination.kind,
                f"{queue.waiting:,}",
                f'<span class="bad">{oldest}</span>' if is_late else oldest,
                *(
                    shown.count("deliveries_total", destination=name, outcome=outcome)
                    for outcome in ("taken", "retried", "parked")
                ),
                '<span class="bad">stopped</span>'
                if shown.look is not None and name in shown.look.stopped
                else "sending",
            )
        )
    heads = ("destination", "kind", "waiting", "oldest", "taken", "retried", "parked", "state")
    return _table(
        "Destinations", heads, rows, numbers={2, 3, 4, 5, 6}, empty="Cards are posted nowhere."
    )


def parked_table(shown: Shown) -> str:
    """Write what was set aside, by reason."""
    found = shown.look.parked if shown.look else {}
    rows = [
        (kind, f'<span class="bad">{escape(reason)}</span>', f"{count:,}")
        for (kind, reason), count in sorted(found.items())
    ]
    more = "<p>There are more than are counted here.</p>" if _is_cut(shown.look) else ""
    table = _table("Parked", ("what", "reason", "count"), rows, numbers={2}, empty="Nothing.")
    hint = '<p class="none"><code>marrowd inbox list</code>, <code>marrowd outbox list</code></p>'
    return table + more + (hint if rows else "")


def _is_cut(looked: Look | None) -> bool:
    return looked is not None and looked.is_parked_cut


def failure_table(shown: Shown) -> str:
    """Write the last errors: types and places only."""
    rows = [
        (
            escape(failure.what),
            escape(failure.reason),
            f"<code>{escape(failure.place)}</code>" if failure.place else "&ndash;",
            f"{failure.times:,}",
            f"{age(failure.age_s)} ago",
            '<span class="bad">parked</span>' if failure.is_parked else "tried again",
        )
        for failure in (shown.look.failures if shown.look else ())
    ]
    heads = ("what", "reason", "where", "times", "last came", "state")
    return _table("Last errors", heads, rows, numbers={3}, empty="None that still matters.")


def hook_list(shown: Shown) -> str:
    """Write what hooks answered and which verdicts were reached."""
    pairs = [
        ("hook calls", _by(shown.counts.by("hook_requests_total", "outcome"))),
        ("verdicts", _by(shown.counts.by("verdicts_total", "verdict"))),
        ("reports", _by(shown.counts.by("reports_read_total", "outcome"))),
        ("feedback", _by(shown.counts.by("card_feedback_total", "outcome"))),
    ]
    return _list(pairs)


def rule_list(policy: Policy, rules: str) -> str:
    """Write what decides at the moment."""
    ng, nmol = policy.ng_ml, policy.nmol_l
    pairs = [
        ("rules", f"<code>{escape(rules)}</code>"),
        ("policy", f"{escape(policy.name)}, {escape(policy.source)}"),
        (
            "deficient",
            f"below {ng.deficient_below} ng/mL ({nmol.deficient_below} nmol/L)",
        ),
        (
            "sufficient",
            f"from {ng.sufficient_from} ng/mL ({nmol.sufficient_from} nmol/L)",
        ),
        (
            "window",
            f"{policy.window_before_days} days before the MRI to {policy.window_after_days} after",
        ),
        ("posted from", escape(str(policy.push_min_severity))),
    ]
    return _list(pairs)


def age(seconds: float) -> str:
    """Write an age as people say it."""
    whole = int(seconds)
    if whole < 2 * _MINUTE:
        return f"{whole} s"
    if whole < 2 * _HOUR:
        return f"{whole // _MINUTE} min"
    if whole < 2 * _DAY:
        return f"{whole // _HOUR} h"
    return f"{whole // _DAY} days"


def _by(counts: dict[str, int]) -> str:
    each = (f"<li><b>{count:,}</b> {escape(_spoken(key))}</li>" for key, count in counts.items())
    said = "".join(each)
    return f'<ul class="counts">{said}</ul>' if said else "none yet"


def _spoken(key: str) -> str:
    return key.replace("_", " ").replace("vitamin d", "vitamin D").replace("mri", "MRI")


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _list(pairs: Sequence[tuple[str, str]]) -> str:
    return "<dl>" + "".join(f"<dt>{name}</dt><dd>{said}</dd>" for name, said in pairs) + "</dl>"


def _table(
    title: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numbers: set[int],
    empty: str,
) -> str:
    """Write a table; cells are HTML already, the first of a row heads it."""
    if not rows:
        return f'<p class="none">{empty}</p>'

    def kind(number: int) -> str:
        return ' class="n"' if number in numbers else ""

    head = "".join(f'<th scope="col"{kind(n)}>{text}</th>' for n, text in enumerate(heads))
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>'
        + "".join(f"<td{kind(n)}>{cell}</td>" for n, cell in enumerate(row[1:], start=1))
        + "</tr>"
        for row in rows
    )
    return (
        f'<table aria-label="{title}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    )
