"""The real service as an operator starts it, beside stand-ins of its FHIR server and its EHR."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.processes import environment, started, until, until_answered
from tests.bench.standins import StandIns
from tests.support.line import webhook_secret
from tests.support.service import Service

SOURCE = "hospital"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A running service."""

    service: Service
    pid: int

    @property
    def port(self) -> int:
        """Where hooks and events arrive."""
        return self.service.port

    @property
    def events(self) -> dict[str, Any]:
        """What a load says to bring events in."""
        return {
            "method": "PUT",
            "status": 204,
            "headers": {
                "Content-Type": "application/fhir+json",
                "Authorization": f"Bearer {self.service.secret}",
            },
        }

    def take(self, *resources: Mapping[str, Any]) -> None:
        """Bring events in as a FHIR server does."""
        for resource in resources:
            path = f"{resource['resourceType']}/{resource['id']}"
            ask(self.port, f"/events/{SOURCE}/{path}", json.dumps(resource), **self.events)


@contextmanager
def serving(
    folder: Path,
    far: StandIns,
    *,
    roles: str = "web,work",
    settings: Mapping[str, Mapping[str, str]] | None = None,
) -> Iterator[Served]:
    """Run `marrowd serve` in *folder* while the block lasts."""
    folder.mkdir(parents=True, exist_ok=True)
    service = Service(
        folder,
        source=SOURCE,
        base_url=far.base_url,
        ehr_url=far.url,
        webhook_secret=webhook_secret(),
        settings={"[sources]": {"subscribe": '"none"'}, **(settings or {})},
    )
    marrowd = [sys.executable, "-m", "marrowd"]
    config = ["--config", str(service.config)]
    if "postgresql" in service.config.read_text(encoding="utf-8"):
        upgrade = [*marrowd, "db", "upgrade", *config]
        subprocess.run(upgrade, check=True, capture_output=True, env=environment())
    log = folder / "marrowd.log"
    with started([*marrowd, "serve", *config, "--roles", roles], log=log) as process:
        until_answered(f"{service.ops_url}/livez", process, log)
        if "web" in roles:
            until(lambda: _answers(service), "the hooks answer")
        yield Served(service=service, pid=process.pid)


def _answers(service: Service) -> bool:
    """Say whether the listener is there; it may ask for a token."""
    try:
        ask(service.port, "/cds-services", None)
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def ask(port: int, path: str, body: str | None, **plan: Any) -> bytes:
    """Ask once, as a load with the same plan would."""
    headers = {"Content-Type": "application/json"} | plan.get("headers", {})
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        data=None if body is None else body.encode(),
        headers=headers,
        method=plan.get("method"),
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
        return bytes(answer.read())


def floor(folder: Path, kind: str, where: str) -> Any:
    """Run one of the floors."""
    command: Sequence[str] = [sys.executable, "-m", "tests.bench.floors", kind, where]
    return started(command, log=folder / "floor.log")
