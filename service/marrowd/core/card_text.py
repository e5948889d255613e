"""
The detail of a card: what it stands on, in Markdown, brief and for a clinician.

The order is the order of reading: other explanations first when the report names them, then the two
findings with their sources, what is published, what to weigh, and last what was not checked.
Nothing here claims that one finding led to the other, and nothing names a drug or a dose (rules.md
sections 4 and 5).
"""

from typing import Final

from marrowd.core.card_findings import NAMED_CUES, OVERRIDING_CUES, cue_name, named_cues
from marrowd.core.card_imaging import imaging_text
from marrowd.core.card_results import MAX_LISTED, latest_text, result_text
from marrowd.core.escaping import escaped, escaped_setting
from marrowd.core.evidence import BEFORE_SUPPLEMENTING, DIFFERENTIAL, evidence_text
from marrowd.core.verdict import ALL_CHECKED, Checked, Pattern, Verdict, VerdictKind

_PATTERNS: Final = {
    Pattern.RECURRENT: "recurrent: an earlier report shows edema in the same bone and side, and a "
    "report in between shows it gone.",
    Pattern.PERSISTENT: "persistent: a report 90 days or more before shows edema in the same bone "
    "and side, and none in between shows it gone.",
    Pattern.MIGRATORY: "migratory: a bone with edema in an earlier report (28 to 730 days before) "
    "no longer has it, and another one does.",
}


def detail(verdict: Verdict, checked: Checked = ALL_CHECKED) -> str:
    """
    Write the detail of the card of *verdict*.

    Args:
        verdict: one of a kind that has a card.
        checked: what could be looked at.
    """
    paragraphs = [
        _other_explanations(verdict),
        result_text(verdict),
        latest_text(verdict),
        imaging_text(verdict),
        _pain(verdict),
        f"**Pattern:** {_PATTERNS[verdict.pattern]}" if verdict.pattern else "",
        DIFFERENTIAL,
        evidence_text(verdict.kind),
        BEFORE_SUPPLEMENTING if verdict.severity else "",
        _on_record(verdict),
        _not_checked(checked),
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


def _not_checked(checked: Checked) -> str:
    parts = (("open orders", checked.orders), ("the problem list", checked.problems))
    missing = [name for name, is_checked in parts if not is_checked]
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
    named = [
        escaped(f"{ref} (version {version})" if version else ref) for ref, version in refs.items()
    ]
    if len(named) > MAX_LISTED:
        named[MAX_LISTED:] = [f"and {len(named) - MAX_LISTED} more"]
    return f"Basis: {', '.join(named)}; rules {escaped_setting(verdict.rules_version)}."
