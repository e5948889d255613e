"""
The radiologist's side of a card's detail: bones and sides, and the sentences that say so.

Sentences are quoted as they stand, escaped: a clinician judges the reading by them. A report that
could not be read is said aloud, never "no edema" (rules.md section 2).
"""

from collections.abc import Iterator
from typing import Final

from marrowd.core.bone_names import Place, place_name
from marrowd.core.card_findings import (
    NAMED_CUES,
    cue_name,
    places,
    quotes,
    severities,
    shown_certainty,
)
from marrowd.core.escaping import escaped
from marrowd.core.reading import Certainty
from marrowd.core.verdict import ImagingReport, Verdict, VerdictKind

# A sentence longer than this is no sentence but a report without full stops; its beginning is
# quoted.
MAX_QUOTE: Final = 500

_WHY_UNREAD: Final = {
    "scan": "it is a scan without a text layer",
    "language": "it is in a language that is not read here",
    "no_text": "it holds no readable text",
    "type": "its format is not known here",
    "not_fetched": "it could not be fetched",
    "broken": "its content is damaged",
    "date": "it has no valid date",
}


def imaging_text(verdict: Verdict) -> str:
    """Say what the report tells of marrow edema, or that it could not be read."""
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
