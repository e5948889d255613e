"""
The laboratory's side of a card's detail: which result, what it is judged by, what is odd about it.

Every figure is told with its date and status, so that a reader can see at once what it rests on and
what was there besides (rules.md section 4, "detail").
"""

from typing import Final

from marrowd.core.escaping import escaped, escaped_setting
from marrowd.core.facts import Analyte, Standing, VitaminDResult
from marrowd.core.level_text import caveats, in_other_unit, judged, reported, season
from marrowd.core.verdict import Level, Verdict, VerdictKind

# A card is read in seconds; a list longer than this says how many more there are.
MAX_LISTED: Final = 10


def result_text(verdict: Verdict) -> str:
    """Say the result the card stands on, or that there is none that can be used."""
    if verdict.kind is VerdictKind.VITAMIN_D_MISSING:
        return _missing(verdict)
    if verdict.kind is VerdictKind.VITAMIN_D_INDETERMINATE:
        return _indeterminate(verdict)
    level = verdict.governing
    if level is None:
        return ""
    sentences = [_level(level, "25(OH)D", verdict), *caveats(level)]
    if level.is_late and verdict.report and verdict.report.day:
        after = (level.day - verdict.report.day).days
        sentences.append(
            f"Late: drawn {after} days after the MRI, as no usable result lies closer to it."
        )
    sentences += [season(level, verdict.policy), _policy(verdict)]
    return " ".join(filter(None, sentences))


def _level(level: Level, name: str, verdict: Verdict) -> str:
    result = level.result
    return (
        f"**{name} {escaped(reported(result))}** ({escaped(in_other_unit(result))}), "
        f"{level.day.isoformat()}, status {escaped(result.status)}: "
        f"{judged(level, verdict.policy)}, compared in the unit reported."
    )


def _policy(verdict: Verdict) -> str:
    policy = verdict.policy
    sentence = f"Policy {escaped_setting(policy.name)}: {escaped_setting(policy.source)}."
    note = escaped_setting(policy.note)
    return f"{sentence} {note}" if note else sentence


def latest_text(verdict: Verdict) -> str:
    """Say the newest result where it is another one; empty where it is not."""
    level, shown = verdict.latest, verdict.governing or verdict.older
    if level is None or (shown is not None and _is_same(level, shown)):
        return ""
    return " ".join((_level(level, "Latest 25(OH)D", verdict), *caveats(level)))


def _is_same(one: Level, other: Level) -> bool:
    return one.result.ref == other.result.ref and one.result.value == other.result.value


def _missing(verdict: Verdict) -> str:
    policy = verdict.policy
    absent = (
        f"**25(OH)D:** no result on record from {policy.window_before_days} days before the MRI on."
    )
    older = verdict.older
    if older is None:
        return f"{absent} {_policy(verdict)}"
    return " ".join((absent, _level(older, "Older 25(OH)D", verdict), _policy(verdict)))


def _indeterminate(verdict: Verdict) -> str:
    lines = ["**25(OH)D:** no result near the MRI can be called low or sufficient."]
    lines += [f"- {_attempt(result, verdict)}" for result in verdict.unclassifiable[:MAX_LISTED]]
    more = len(verdict.unclassifiable) - MAX_LISTED
    if more > 0:
        lines.append(f"- and {more} more")
    return "\n".join(lines) + f"\n\n{_policy(verdict)}"


def _attempt(result: VitaminDResult, verdict: Verdict) -> str:
    """Say what was reported and why it does not tell low from sufficient."""
    day = result.when.day(verdict.policy.zone)
    when = day.isoformat() if day else str(result.when.year or "no valid date")
    name = "25(OH)D" if result.analyte is Analyte.TOTAL else f"25(OH){result.analyte.upper()}"
    status = f"{when}, status {escaped(result.status)}"
    if result.unreadable and result.value is None:
        # There may be one that is implausible, or without unit: that there is none is not said.
        return f"{name}, {status}: unreadable ({result.unreadable})"
    told = f"{name} {escaped(reported(result))}, {status}"
    if result.unreadable:
        return f"{told}: unreadable ({result.unreadable})"
    if result.standing is Standing.HELD:
        return f"{told}: not final yet"
    if result.analyte is Analyte.D2:
        return f"{told}: D2 alone does not decide"
    return f"{told}: too wide a bound" if result.comparator else told
