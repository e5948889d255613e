"""
What must be true after the storm, told by one who saw only how the FHIR server stands at the end.

The oracle reads every resource that is there and screens it once: no events, no order, no store.
"""

import base64
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.sim.replica import SETTINGS, SOURCE, shared
from tests.sim.world import Clinic, SimFhirServer

from marrowd.core.cards import WITH_CARD
from marrowd.core.facts import Fact
from marrowd.core.identity import card_id
from marrowd.core.posting import Post, decide_posting
from marrowd.core.screening import screen
from marrowd.core.timeline import build_timeline
from marrowd.core.verdict import Verdict, VerdictKind
from marrowd.fhir.attachments import Content
from marrowd.fhir.facts import Extraction, facts_from
from marrowd.rules.version import RULES_VERSION


def expected(server: SimFhirServer, now: datetime) -> dict[str, Verdict]:
    """Give the verdict on every patient that the server ever knew."""
    policy, reader, codes = shared()
    how = Extraction(
        reader=reader, rules=RULES_VERSION, codes=codes, zone=ZoneInfo(SETTINGS.policy.site_zone)
    )
    facts: defaultdict[str, list[Fact]] = defaultdict(list)
    for _, entry in server.versions:
        if "resource" in entry and "subject" in entry["resource"]:
            _ = facts[entry["resource"]["subject"]["reference"]]
    contents = {
        ref: Content(data=base64.b64decode(r["data"]), content_type=r["contentType"])
        for ref, r in server.resources.items()
        if ref.startswith("Binary/")
    }
    for resource in server.resources.values():
        if "subject" in resource:
            patient = resource["subject"]["reference"]
            read = facts_from(resource, patient=patient, extraction=how, attachments=contents)
            if isinstance(read, Fact):
                facts[patient].append(read)
    return {
        patient: screen(
            build_timeline(patient, tuple(own), policy=policy),
            policy=policy,
            now=now,
            rules_version=RULES_VERSION,
        )
        for patient, own in sorted(facts.items())
    }


def wrong(
    file: Path, server: SimFhirServer, clinic: Clinic, acked: Iterable[str], now: datetime
) -> list[str]:
    """Say everything that is not as promised; nothing, when all is well."""
    verdicts = expected(server, now)
    return [
        *_verdicts(_rows(file, "SELECT patient, verdict, card FROM patient"), verdicts),
        *_cards(clinic, verdicts),
        *_events(_rows(file, "SELECT key, state, reason, detail FROM inbox"), acked),
        *_messages(_rows(file, "SELECT id, state, reason FROM outbox"), clinic),
    ]


def _rows(file: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(query).fetchall()


def _verdicts(rows: Iterable[Any], verdicts: Mapping[str, Verdict]) -> list[str]:
    held = {patient: (verdict, card) for patient, verdict, card in rows if patient}
    found = []
    for patient, verdict in verdicts.items():
        card = str(card_id(SOURCE, verdict)) if verdict.kind in WITH_CARD else None
        right = (str(verdict.kind), card)
        is_untouched = patient not in held and verdict.kind is VerdictKind.NOTHING_RELEVANT
        if held.get(patient) != right and not is_untouched:
            found.append(f"verdict: {patient} is {held.get(patient)}, the oracle says {right}")
    return found


def _cards(clinic: Clinic, verdicts: Mapping[str, Verdict]) -> list[str]:
    found = []
    for patient, verdict in verdicts.items():
        posting = decide_posting(None, verdict, card_id(SOURCE, verdict))
        right = {str(posting.card)} if isinstance(posting, Post) else set()
        if clinic.cards.get(patient, set()) != right:
            here = sorted(clinic.cards.get(patient, set()))
            found.append(f"cards: {patient} has {here}, the oracle says {sorted(right)}")
    return found


def _events(rows: Iterable[Any], acked: Iterable[str]) -> list[str]:
    states = {key: (state, reason, detail) for key, state, reason, detail in rows}
    lost = [f"event: acknowledged and gone: {key}" for key in acked if key not in states]
    open_ = [
        f"event: {key} is {state} {reason} {detail}"
        for key, (state, reason, detail) in states.items()
        if state != "done"
    ]
    return lost + open_


def _messages(rows: Iterable[Any], clinic: Clinic) -> list[str]:
    found = [f"message: {ident} took effect twice" for ident in clinic.doubled]
    found += [
        f"message: {ident} is {state} {why}" for ident, state, why in rows if state != "taken"
    ]
    found += [
        f"message: {ident} is taken, and the EHR never had it"
        for ident, state, _ in rows
        if state == "taken" and ident not in clinic.effects
    ]
    return found
