"""
The detail of a card: what it stands on, in Markdown, brief and for a clinician.

The order is the order of reading: other explanations first when the report names them, then the two
findings with their sources, what is published, what to weigh, and last what was not checked.
Nothing here claims that one finding led to the other, and nothing names a drug or a dose (DOMAIN
sections 4 and 5).
"""

from collections.abc import Iterator
from typing import Final

from marrowd.core.bone_names import Place, place_name
from marrowd.core.card_findings import (
    NAMED_CUES,
    OVERRIDING_CUES,
    cue_name,
    named_cues,
    places,
    quotes,
    severities,
    shown_certainty,
)
from marrowd.core.escaping import escaped, escaped_setting
from marrowd.core.evidence import BEFORE_SUPPLEMENTING, DIFFERENTIAL, evidence_text
from marrowd.core.level_text import caveats, in_other_unit, judged, reported, season
from marrowd.core.reading import Certainty
from marrowd.core.verdict import ImagingReport, Level, Pattern, Verdict, VerdictKind

# A sentence longer than this is no sentence but a report without full stops; its beginning is
# quoted.
MAX_QUOTE: Final = 500

_PATTERNS: Final = {
    Pattern.RECURRENT: "recurrent: an earlier report shows edema in the same bone and side, and a "
    "report in between shows it gone.",
    Pattern.PERSISTENT: "persistent: a report 90 days or more before shows edema in the same bone "
    "and side, and none in between shows it gone.",
    Pattern.MIGRATORY: "migratory: a bone with edema in an earlier report (28 to 730 days before) "
    "no longer has it, and another one does.",
}
_WHY_UNREAD: Final = {
    "scan": "it is a scan without a text layer",
    "language": "it is in a language that is not read here",
    "no_text": "it holds no readable text",
    "type": "its format is not known here",
    "not_fetched": "it could not be fetched",
    "broken": "its content is damaged",
    "date": "it has no valid date",
}


def detail(verdict: Verdict, *, orders_known: bool = True, problems_known: bool = True) -> str:
    """
    Write the detail of the card of *verdict*.

    Args:
        verdict: one of a kind that has a card.
        orders_known: whether the patient's open orders could be looked at.
        problems_known: whether the problem list could.
    """
    paragraphs = [
        _other_explanations(verdict),
        _result(verdict),
        _latest(verdict),
        _imaging(verdict),
        _pain(verdict),
        f"**Pattern:** {_PATTERNS[verdict.pattern]}" if verdict.pattern else "",
        DIFFERENTIAL,
        evidence_text(verdict.kind),
        BEFORE_SUPPLEMENTING if verdict.severity else "",
        _on_record(verdict),
        _not_checked(orders_known=orders_known, problems_known=problems_known),
        _basis(verdict),
    ]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _other_explanations(verdict: Verdict) -> str:
    cues = named_cues(verdict.report)
    if not cues:
        return ""
    names = " and ".join(map(cue_name, cues))
    opening = f"**Other explanations first:** the report also names {names}."
    if any(cue in OVERRIDING_CUES for cue in cues):
        opening += " A vitamin D level does not replace that work-up."
    if cues[-1] is NAMED_CUES[-1]:
        opening += " Low vitamin D matters with a stress fracture too (Miller 2016)."
    return opening


def _result(verdict: Verdict) -> str:
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


def _latest(verdict: Verdict) -> str:
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
    for result in verdict.unclassifiable:
        day = result.when.day(verdict.policy.zone)
        when = day.isoformat() if day else str(result.when.year or "no valid date")
        why = f"unreadable ({result.unreadable})" if result.unreadable else escaped(result.status)
        analyte = "25(OH)D" if result.analyte == "total" else f"25(OH){result.analyte.upper()}"
        lines.append(f"- {analyte} {escaped(reported(result))}, {when}, {why}")
    return "\n".join(lines) + f"\n\n{_policy(verdict)}"


def _imaging(verdict: Verdict) -> str:
    report = verdict.report
    if report is None:
        return ""
    head = f"**MRI {report.day.isoformat() if report.day else 'without valid date'}** (report "
    head += f"{escaped(report.status)})"
    if verdict.kind is VerdictKind.REPORT_UNREADABLE:
        why = _WHY_UNREAD.get(report.unreadable or "", "its text could not be read")
        return f"{head}: {why}. Nothing is known of its findings; please read it yourself."
    lines = [f"{head}: {'; '.join(_statements(verdict, report))}."]
    lines += [f'- {bones}: "{_quoted(text)}"' for bones, text in _sentences(verdict, report)]
    others = [cue_name(cue) for cue in report.cues if cue not in NAMED_CUES]
    if others:
        lines.append(f"\nThe report also mentions: {', '.join(others)}.")
    return "\n".join(lines)


def _statements(verdict: Verdict, report: ImagingReport) -> Iterator[str]:
    affirmed = places(report, Certainty.AFFIRMED)
    possible = places(report, Certainty.POSSIBLE)
    elsewhere = places(report, Certainty.AFFIRMED, target=False)
    if affirmed:
        yield f"marrow edema in {_listed(affirmed, severities(report, Certainty.AFFIRMED))}"
    if possible:
        yield f"possibly in {_listed(possible, severities(report, Certainty.POSSIBLE))}"
    if not affirmed and not possible:
        yield "no sentence of it counts any more"
    if elsewhere:
        yield f"not counted here: {_listed(elsewhere, {})}"
    if verdict.kind is VerdictKind.POSSIBLE_ASSOCIATION:
        yield "the report itself is not certain of the edema"


def _listed(found: list[Place], grades: dict[Place, str]) -> str:
    return ", ".join(
        f"{place_name(*place)} ({grades[place]})" if place in grades else place_name(*place)
        for place in found
    )


def _sentences(verdict: Verdict, report: ImagingReport) -> Iterator[tuple[str, str]]:
    yield from quotes(report, shown_certainty(verdict))
    if shown_certainty(verdict) is Certainty.AFFIRMED:
        for bones, text in quotes(report, Certainty.POSSIBLE):
            yield f"possible, {bones}", text


def _quoted(text: str) -> str:
    if len(text) > MAX_QUOTE:
        return f"{escaped(text[:MAX_QUOTE])} (...)"
    return escaped(text)


def _pain(verdict: Verdict) -> str:
    if verdict.kind is not VerdictKind.CONSIDER_MRI:
        return ""
    days = [
        day
        for _, problem in verdict.pains
        if problem.since and (day := problem.since.day(verdict.policy.zone))
    ]
    since = f" since {min(days).isoformat()}" if days else ""
    return (
        f"**Pain:** foot or ankle pain is an active problem{since}, and no foot or ankle MRI of "
        "the last 365 days is on record. Consider MRI if the pain is not already explained."
    )


def _on_record(verdict: Verdict) -> str:
    said: list[str] = []
    if any(order.is_vitamin_d and order.is_open for _, order in verdict.open_orders):
        said.append("A 25(OH)D order is already open.")
    if verdict.has_deficiency_on_problem_list:
        said.append("Vitamin D deficiency is already on the problem list.")
    return " ".join(said)


def _not_checked(*, orders_known: bool, problems_known: bool) -> str:
    missing = [
        name
        for name, is_known in (("open orders", orders_known), ("the problem list", problems_known))
        if not is_known
    ]
    if not missing:
        return ""
    names = " and ".join(missing)
    return f"**Could not be checked:** {names}. No suggestion that depends on it is made."


def _basis(verdict: Verdict) -> str:
    """Name the resources by id and version, so that a reader can find what the card stood on."""
    levels = [level.result for level in (verdict.governing, verdict.latest, verdict.older) if level]
    refs = {result.ref: result.version for result in (*levels, *verdict.unclassifiable)}
    if verdict.report:
        refs[verdict.report.ref] = verdict.report.version
    refs |= dict.fromkeys(ref for ref, _ in verdict.pains)
    named = ", ".join(
        escaped(f"{ref} (version {version})" if version else ref) for ref, version in refs.items()
    )
    return f"Basis: {named}; rules {escaped_setting(verdict.rules_version)}."
