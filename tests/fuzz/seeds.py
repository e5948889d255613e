"""What the fuzzer begins with: a sound example of everything that a parser is for."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.documents import pdf, rtf
from tests.support.hook_calls import EDEMA, HOOK_INSTANCE, a_call, level, mri, whole_prefetch
from tests.support.tokens import jwks

_NOTIFICATIONS = Path(__file__).parents[1] / "data" / "notifications"
_REPORT = (
    "MRI LEFT ANKLE. HISTORY: pain since 2026-01-05. FINDINGS: Moderate bone marrow edema in the "
    "talus and navicular; no edema of the calcaneus. IMPRESSION: Marrow edema, left talus."
)


def sown(folder: Path) -> Path:
    """Write every seed into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        (folder / f"seed-{number:03}").write_bytes(seed)
    return folder


def seeds() -> Iterator[bytes]:
    feedback = {
        "card": HOOK_INSTANCE,
        "outcome": "accepted",
        "outcomeTimestamp": "2026-03-01T12:00Z",
    }
    calls: list[Any] = [a_call(hook) for hook in ("patient-view", "order-sign", "encounter-start")]
    calls += [a_call(prefetch=whole_prefetch()), {"feedback": [feedback]}]
    for value in (*calls, level(), mri(text=_REPORT), level()["valueQuantity"], jwks()):
        yield json.dumps(value).encode()
    for path in sorted(_NOTIFICATIONS.glob("*.json")):
        yield from _bodies(json.loads(path.read_text(encoding="utf-8")))
    yield from (date.encode() for date in ("2026", "2026-02-01", "2026-02-01T10:00:00.5+01:00"))
    yield from (_REPORT.encode(), EDEMA.encode())
    html = f"<html><body><p>{_REPORT}</p><table><tr><td>1</td></tr></table></body></html>"
    for number, document in enumerate((pdf(_REPORT), html.encode(), rtf(_REPORT))):
        yield bytes([number]) + document


def _bodies(value: object) -> Iterator[bytes]:
    """Find FHIR in what was recorded: as an object, or as the text of a body."""
    if isinstance(value, dict):
        if "resourceType" in value:
            yield json.dumps(value).encode()
            return
        for each in value.values():
            yield from _bodies(each)
    elif isinstance(value, list):
        for each in value:
            yield from _bodies(each)
    elif isinstance(value, str) and value.startswith("{"):
        yield value.encode()
