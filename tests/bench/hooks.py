"""
patient-view: the running service beside its floor, HealthChain 0.16.1 and HAPI's hooks 8.8.0.

The floor parses the same body, does one read through the same store and gives back the same bytes.
The peers are handed the card and look at less of the prefetch; all of them give the same answer.
Latency is measured in an open loop, at half of what the slower of service and floor takes.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any
from urllib.error import HTTPError

from tests.bench.load import Loaded, loaded
from tests.bench.peers_ready import HERE, hapi_hooks, python_of
from tests.bench.processes import free_port, port_of, rss_mb, started, until, until_answered
from tests.bench.rows import Row, Scale, alternated, at_least, at_most, compared
from tests.bench.serving import SOURCE, Served, ask, floor, serving
from tests.bench.standins import standing_in
from tests.support.hook_calls import PATIENT_VIEW, a_call, bundle, level, mri
from tests.support.tokens import ISSUER, claims, jwks, signed

CALLERS, OPEN_CALLERS = 8, 64
HEALTHCHAIN, HAPI, FLOOR, OURS = "HealthChain", "HAPI hooks", "floor", "marrowd"
NAMES = (FLOOR, OURS, HEALTHCHAIN, HAPI)
STORED, REPEATED, ONE_NEW, ALL_NEW = (
    "stored evidence, no prefetch",
    "prefetch of 25, 30 kB",
    "one result never sent before",
    "no resource ever sent before",
)
WARM_UP_S = 8.0  # a Java machine compiles what it runs often
EDEMA = "FINDINGS: Marrow edema in the left talus."


def rows(scale: Scale, folder: Path) -> list[Row]:
    """Compare the hooks in every case."""
    found = []
    with standing_in() as far, serving(folder / "service", far) as served:
        store_evidence(served)
        for number, case in enumerate((STORED, REPEATED, ONE_NEW, ALL_NEW)):
            place = folder / f"case{number}"
            place.mkdir()
            with beside(
                served, place, body_of(case, served), warm_up_s=WARM_UP_S * scale.part
            ) as four:
                found += _compared(case, four, scale)
    return [*found, _with_tokens(scale, folder)]


class Four:
    """The service, its floor and its peers, each ready to be loaded."""

    def __init__(self, body: str, at: dict[str, tuple[int, str]], pids: dict[str, int]) -> None:
        self._body = body
        self._at = at
        self._pids = pids

    def load(self, name: str, **plan: Any) -> Loaded:
        """Load one of them."""
        return loaded(*self._at[name], self._body, **{"callers": CALLERS} | plan)

    def memory_mb(self, name: str) -> float:
        """Give what one of them takes now."""
        return rss_mb(self._pids[name])


def _compared(case: str, four: Four, scale: Scale) -> list[Row]:
    is_asked = case in (STORED, REPEATED)  # the targets are for an answer that was drawn before
    rounds = scale.rounds if is_asked else min(3, scale.rounds)
    closed = alternated(NAMES, rounds, lambda name: four.load(name, seconds=scale.seconds))
    per_s = {name: [load.per_s for load in loads] for name, loads in closed.items()}
    rate = min(median(per_s[OURS]), median(per_s[FLOOR])) / 2
    measure = partial(four.load, rate=rate, callers=OPEN_CALLERS, seconds=scale.seconds)
    opened = alternated((FLOOR, OURS), rounds, measure)
    late = {name: [load.late_s * 1e3 for load in loads] for name, loads in opened.items()}
    work = f"patient-view, {case}"

    def throughput(peer: str, bound: float) -> Row:
        target = at_least(bound) if is_asked else None
        return compared(work, "calls/s", per_s[OURS], peer, per_s[peer], target)

    found = [
        throughput(FLOOR, 0.6),
        compared(
            f"{work}: p99 at {rate:.0f}/s",
            "ms",
            late[OURS],
            FLOOR,
            late[FLOOR],
            at_most(2) if is_asked else None,
        ),
        throughput(HEALTHCHAIN, 5),
        throughput(HAPI, 1),
    ]
    if is_asked:
        ours, theirs = ([four.memory_mb(name)] for name in (OURS, HAPI))
        found.append(compared(f"{work}: memory", "MB", ours, HAPI, theirs, at_most(0.25)))
    return found


def store_evidence(served: Served) -> None:
    """Bring in what makes a card, and wait until a call is answered with it."""
    served.take(level(day=_day(40)), mri(text=EDEMA, day=_day(20)))
    body = body_of(STORED, served)
    until_answered_with_card(lambda: _answer(served.port, PATIENT_VIEW, body))


def until_answered_with_card(answer: Callable[[], bytes]) -> None:
    """Ask until a card comes: the first sweep ends in the background."""

    def has_card() -> bool:
        try:
            return bool(json.loads(answer())["cards"])
        except HTTPError:
            return False

    until(has_card, "a card is shown")


@contextmanager
def beside(served: Served, folder: Path, body: str, *, warm_up_s: float) -> Iterator[Four]:
    """Run floor and peers that answer *body* as the service does, warmed up."""
    answer = _answer(served.port, PATIENT_VIEW, body)
    cards = folder / "cards.json"
    cards.write_bytes(answer)
    copy = folder / "floor.sqlite3"
    with sqlite3.connect(served.service.database) as ours, sqlite3.connect(copy) as theirs:
        ours.backup(theirs)
    with ExitStack() as stack:
        bare = stack.enter_context(floor(folder, "hooks", str(copy)))
        chain, chain_port = stack.enter_context(healthchain(folder, cards))
        hapi, hapi_port = stack.enter_context(hapi_cds_hooks(folder, cards))
        at = {
            OURS: (served.port, PATIENT_VIEW),
            FLOOR: (port_of(bare, folder / "floor.log"), "/call"),
            HEALTHCHAIN: (chain_port, f"/cds{PATIENT_VIEW}"),
            HAPI: (hapi_port, PATIENT_VIEW),
        }
        ask(at[FLOOR][0], "/answer", answer.decode(), method="PUT")
        for name in NAMES:
            said = json.loads(_answer(*at[name], body))
            assert said == (
                _as_healthchain_can(answer) if name == HEALTHCHAIN else json.loads(answer)
            )
        pids = {OURS: served.pid, FLOOR: bare.pid, HEALTHCHAIN: chain.pid, HAPI: hapi.pid}
        four = Four(body, at, pids)
        for name in NAMES:
            four.load(name, seconds=warm_up_s if name == HAPI else warm_up_s / 4)
        yield four


@contextmanager
def healthchain(folder: Path, cards: Path) -> Iterator[tuple[Any, int]]:
    """Serve *cards* by HealthChain."""
    port, log = free_port(), folder / "healthchain.log"
    command = [python_of("healthchain"), str(HERE / "healthchain_cards.py"), str(port), str(cards)]
    with started(command, log=log) as process:
        until_answered(f"http://127.0.0.1:{port}/cds/cds-discovery", process, log)
        yield process, port


@contextmanager
def hapi_cds_hooks(folder: Path, cards: Path) -> Iterator[tuple[Any, int]]:
    """Serve *cards* by HAPI's module."""
    log = folder / "hapi.log"
    command = ["java", "-Xmx512m", "-jar", str(hapi_hooks()), str(cards)]
    with started(command, log=log) as process:
        yield process, port_of(process, log)


def _with_tokens(scale: Scale, folder: Path) -> Row:
    """Compare calls that bring a token with calls that need none."""
    keys = folder / "jwks.json"
    keys.write_text(json.dumps(jwks()), encoding="utf-8")
    public, tokens = "https://cds.example.org", max(100, int(600 * scale.part))
    issuer = {"iss": f'"{ISSUER}"', "source": f'"{SOURCE}"', "jwks_file": f'"{keys}"'}
    with (
        standing_in() as far,
        serving(folder / "open", far) as without,
        serving(
            folder / "trusting",
            far,
            settings={
                "http": {"public_url": f'"{public}"'},
                "hooks": {"require_jwt": "true"},
                "[hooks.issuers]": issuer,
            },
        ) as trusting,
    ):
        store_evidence(without)
        trusting.take(level(day=_day(40)), mri(text=EDEMA, day=_day(20)))
        body, audience = body_of(STORED, trusting), f"{public}{PATIENT_VIEW}"

        def with_one() -> bytes:
            trust = {"headers": {"Authorization": f"Bearer {signed(claims(audience))}"}}
            return ask(trusting.port, PATIENT_VIEW, _filled(body), **trust)

        until_answered_with_card(with_one)

        def measure(name: str) -> float:
            plan: dict[str, Any] = {"callers": CALLERS, "seconds": scale.seconds}
            port = without.port
            if name == "with":
                plan |= {"tokens": [signed(claims(audience)) for _ in range(tokens)], "seconds": 60}
                port = trusting.port
            return loaded(port, PATIENT_VIEW, body, **plan).per_s

        found = alternated(("with", "without"), scale.rounds, measure)
    work = f"patient-view, {STORED}, an ES384 token for each call"
    return compared(work, "calls/s", found["with"], "marrowd without", found["without"])


def body_of(case: str, served: Served) -> str:
    """Give the body of a call."""
    call = a_call(hookInstance="HOOK-INSTANCE", fhirServer=served.service.base_url)
    new = {ONE_NEW: {"result": "NEVER-SEEN"}, ALL_NEW: {"new": "NEVER-SEEN"}}
    if case != STORED:
        call["prefetch"] = prefetch_of_25(**new.get(case, {}))
    return json.dumps(call)


def prefetch_of_25(size: int = 30_000, *, new: str = "", result: str = "") -> dict[str, Any]:
    """About 30 kB: twenty results, four reports, a patient; *new* is put into each of them."""
    filler = "The tendons and ligaments are intact. " * 22
    levels = [
        level(f"lab{n}-{new or result if n == 0 else new}", 14 + n, day=_day(40 + 17 * n))
        for n in range(20)
    ]
    reports = [
        mri(
            f"mri{n}-{new}",
            f"FINDINGS: {filler} Series {n} {new}. Marrow edema in the left talus.",
            day=_day(20 + n),
        )
        for n in range(4)
    ]
    sent = {
        "patient": {"resourceType": "Patient", "id": "p1"},
        "vitaminD": bundle(*levels),
        "reports": bundle(*reports),
        "studies": None,
        "problems": None,
        "orders": None,
    }
    missing = size - len(json.dumps(sent))
    sent["patient"]["text"] = {"status": "generated", "div": "x" * max(0, missing)}
    return sent


def _day(ago: int) -> str:
    today: date = datetime.now(UTC).date()
    return (today - timedelta(days=ago)).isoformat()


def _answer(port: int, path: str, body: str) -> bytes:
    return ask(port, path, _filled(body))


def _filled(body: str) -> str:
    said = body.replace("HOOK-INSTANCE", "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea")
    return said.replace("NEVER-SEEN", "0")


def _as_healthchain_can(answer: bytes) -> dict[str, Any]:
    """Leave out what its models have no member for."""
    said: dict[str, Any] = json.loads(answer)
    for card in said["cards"]:
        for link in card.get("links", []):
            link.pop("autolaunchable", None)
    return said
