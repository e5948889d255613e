"""`marrowd screen` inside the test's own process: documents in, lines and complaints out."""

import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from marrowd.cli.screen import judge
from marrowd.cli.screening import Terms
from marrowd.core.policy import Policy
from marrowd.rules.codes import load_codes
from marrowd.rules.policies import load_policies

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    out: bytes
    err: str

    @property
    def lines(self) -> dict[str, Any]:
        return {line["patient"]: line for line in map(json.loads, self.out.splitlines())}


def terms(policy: str = "endocrine-2011", now: datetime = NOW, **codes: Any) -> Terms:
    chosen: Policy = load_policies()[policy]
    return Terms(policy=chosen, now=now, codes=load_codes(**codes))


def screen_texts(texts: Iterable[bytes | str], judged_by: Terms | None = None) -> Screened:
    """Each text is a file."""
    out, err = io.BytesIO(), io.StringIO()
    with TemporaryDirectory() as folder:
        paths = []
        for index, text in enumerate(texts):
            path = Path(folder) / f"{index}.json"
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
            paths.append(path)
        judge(paths, judged_by or terms(), workers=1, out=out, err=err)
    return Screened(out=out.getvalue(), err=err.getvalue())


def screen(*resources: Any, judged_by: Terms | None = None) -> Screened:
    """All resources in one collection."""
    entries = [{"resource": resource} for resource in resources]
    document = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return screen_texts([json.dumps(document)], judged_by)


def verdict(*resources: Any, judged_by: Terms | None = None) -> Any:
    """The line of the one patient."""
    (line,) = screen(*resources, judged_by=judged_by).lines.values()
    return line
