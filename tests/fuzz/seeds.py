"""What the fuzzer begins with: a sound example of everything that a parser is for."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.fuzz.answers import BASE, CARD, WANTED
from tests.support.documents import pdf, rtf
from tests.support.hook_calls import (
    EDEMA,
    HOOK_INSTANCE,
    a_call,
    bundle,
    level,
    mri,
    vitamin_d_order,
    whole_prefetch,
)
from tests.support.tokens import ISSUER, jwks

_NOTIFICATIONS = Path(__file__).parents[1] / "data" / "notifications"
_REPORT = (
    "MRI LEFT ANKLE. HISTORY: pain since 2026-01-05. FINDINGS: Moderate bone marrow edema in the "
    "talus and navicular; no edema of the calcaneus. IMPRESSION: Marrow edema, left talus."
)


_TIMES = {"lastModified": "2026-02-01T10:00:00Z", "etag": 'W/"2"'}
ANSWERS: list[Any] = [
    bundle(level(), link=[{"relation": "next", "url": f"{BASE}?_getpages=1"}]),
    bundle(
        type="history",
        entry=[
            {
                "fullUrl": f"{BASE}/Observation/o1",
                "request": {"method": "DELETE", "url": "Observation/o1"},
                "response": _TIMES,
            },
            {"resource": level(), "request": {"method": "PUT", "url": "Observation/lab1"}},
        ],
    ),
    {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "invalid"}]},
    {
        "resourceType": "CapabilityStatement",
        "fhirVersion": "4.0.1",
        "rest": [
            {
                "mode": "server",
                "resource": [{"type": "Observation", "interaction": [{"code": "history-type"}]}],
            }
        ],
    },
    bundle(*(WANTED[0].resource() | {"id": ident, "status": "active"} for ident in "ab")),
    {"resourceType": "Binary", "id": "1", "contentType": "application/pdf", "data": "eA=="},
    {
        "resourceType": "Patient",
        "id": "p1",
        "identifier": [{"system": "urn:mrn", "value": "1"}],
        "link": [{"type": "replaced-by", "other": {"reference": "Patient/p2"}}],
    },
    bundle({"resourceType": "Patient", "id": "p1"}),
    {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "subscription", "valueReference": {"reference": "Subscription/1"}},
            {"name": "type", "valueCode": "query-status"},
            {"name": "status", "valueCode": "active"},
            {"name": "events-since-subscription-start", "valueString": "3"},
            {
                "name": "notification-event",
                "part": [
                    {"name": "event-number", "valueString": "3"},
                    {"name": "focus", "valueReference": {"reference": f"{BASE}/Observation/o1"}},
                ],
            },
        ],
    },
]
COMMUNICATIONS: list[Any] = [
    bundle(
        {
            "resourceType": "Communication",
            "id": "c1",
            "meta": {"versionId": "2", "lastUpdated": "2026-02-01T10:00:00Z"},
            "status": "completed",
            "sent": "2026-02-01T10:00:00Z",
            "identifier": [
                {"system": "urn:marrowd:card", "value": CARD},
                {"system": "urn:marrowd:sequence", "value": "1"},
            ],
        }
    )
]
GRANTS: list[Any] = [
    {
        "token_endpoint": f"{BASE}/token",
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["ES384"],
    },
    {
        "access_token": "abc",
        "token_type": "bearer",
        "expires_in": 300,
        "scope": "system/Observation.rs",
    },
    {"error": "invalid_client"},
]
CALLS: list[Any] = [
    a_call(
        hook,
        prefetch=whole_prefetch(
            problems=bundle(
                {
                    "resourceType": "Condition",
                    "id": "c1",
                    "code": {"coding": [{"system": "http://snomed.info/sct", "code": "47933007"}]},
                    "subject": {"reference": "Patient/p1"},
                    "onsetDateTime": "2025-08-01",
                },
                total=1,
            ),
            orders=bundle(vitamin_d_order() | {"id": "q1"}),
        ),
        fhirServer=BASE,
        fhirAuthorization={
            "access_token": "t",
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": "patient/*.rs",
            "subject": "marrowd",
        },
    )
    for hook in ("patient-view", "order-sign", "encounter-start")
]
HEADER = {"alg": "ES384", "typ": "JWT", "kid": "ehr", "jku": "https://ehr.example.org/jwks"}
CLAIMS = {
    "iss": ISSUER,
    "aud": ["https://cds.example.org/cds-services/marrow-vitamin-d-patient-view"],
    "iat": 1772366400,  # 2026-03-01T12:00:00Z
    "nbf": 1772366400,
    "exp": 1772366700,
    "jti": "a-token-of-its-own",
    "tenant": "t",
}
FEEDBACK: Any = {
    "feedback": [
        {
            "card": HOOK_INSTANCE,
            "outcome": "accepted",
            "outcomeTimestamp": "2026-03-01T12:00:00Z",
            "acceptedSuggestions": [{"id": HOOK_INSTANCE}],
        },
        {
            "card": HOOK_INSTANCE,
            "outcome": "overridden",
            "outcomeTimestamp": "2026-03-01T12:00:00.5+01:00",
            "overrideReason": {
                "reason": {"system": "urn:marrowd:override-reason", "code": "already-treated"},
                "userComment": "no",
            },
        },
    ]
}
CONFIGURATION: Any = {
    "http": {
        "host": "127.0.0.1",
        "port": 8080,
        "ops_port": 9090,
        "public_url": "https://cds.example.org",
        "max_body": 5_000_000,
    },
    "store": {"url": "sqlite:///marrowd.sqlite3"},
    "sources": [
        {
            "name": "hospital",
            "base_url": BASE,
            "notification_secret": ["a-secret-of-sixteen", "another-secret-of-16"],
            "subscribe": "topic",
            "topics": {"observation": "o", "imaging_study": "i", "diagnostic_report": "d"},
            "payload": "id-only",
            "heartbeat": "1m",
            "sweep_every": "15m",
            "auth": {
                "kind": "smart-backend",
                "client_id": "marrowd",
                "private_key": "pem",
                "key_id": "k1",
                "token_url": f"{BASE}/token",
            },
            "canary": True,
        },
        {
            "name": "lab",
            "base_url": "http://127.0.0.1/fhir",
            "notification_secret": "a-secret-of-sixteen",
            "auth": {"kind": "basic", "user": "u", "password": "p"},
        },
    ],
    "destinations": [
        {
            "name": "ehr",
            "kind": "webhook",
            "url": "https://ehr.example.org/cards",
            "source": "hospital",
            "secret": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
            "token": "t",
        }
    ],
    "hooks": {
        "require_jwt": True,
        "budget": "500ms",
        "fetch_budget": "400ms",
        "origins": ["https://ehr.example.org"],
        "issuers": [
            {
                "iss": ISSUER,
                "jwks_url": "https://ehr.example.org/jwks",
                "source": "hospital",
                "tenant": "t",
            }
        ],
    },
    "policy": {
        "vitamin_d": "endocrine-2011",
        "recency": "365d",
        "window_before": "180d",
        "window_after": "90d",
        "push_min_severity": "deficient",
        "consider_mri": False,
        "pain_codes": ["http://snomed.info/sct|47933007"],
        "override_quiet": "90d",
        "local_codes": [{"system": "urn:lab", "code": "VITD", "analyte": "total"}],
        "site_zone": "Europe/Vienna",
        "custom": [
            {
                "name": "own",
                "source": "our laboratory",
                "deficient_below_ng_ml": 20,
                "sufficient_from_ng_ml": 30,
                "deficient_below_nmol_l": 50,
                "sufficient_from_nmol_l": 75,
            }
        ],
    },
    "retention": {"inbox": "7d", "evidence": "3650d", "audit": "2190d"},
    "log": {"format": "json", "level": "info", "patient_key": "a-key-of-sixteen-chars"},
    "tracing": {"endpoint": "http://127.0.0.1:4318", "ratio": 0.5},
}


def toml(value: object) -> str:
    """Write a value in one line."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json.dumps(k)} = {toml(v)}' for k, v in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value)


def configured(value: Mapping[str, object]) -> str:
    """Write a configuration, one section a line."""
    return "".join(f"{json.dumps(name)} = {toml(one)}\n" for name, one in value.items())


def sown(folder: Path) -> Path:
    """Write every seed into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        (folder / f"seed-{number:03}").write_bytes(seed)
    return folder


def seeds() -> Iterator[bytes]:
    calls: list[Any] = [a_call(hook) for hook in ("patient-view", "order-sign", "encounter-start")]
    calls += [*CALLS, FEEDBACK, *ANSWERS, *COMMUNICATIONS, *GRANTS]
    for value in (*calls, level(), mri(text=_REPORT), level()["valueQuantity"], jwks()):
        yield json.dumps(value).encode()
    for path in sorted(_NOTIFICATIONS.glob("*.json")):
        yield from _bodies(json.loads(path.read_text(encoding="utf-8")))
    yield from (date.encode() for date in ("2026", "2026-02-01", "2026-02-01T10:00:00.5+01:00"))
    yield b"\n".join(json.dumps(part).encode() for part in (HEADER, CLAIMS))
    yield from (b"Sun, 01 Mar 2026 12:00:00 +0100", b"120", configured(CONFIGURATION).encode())
    yield from (_REPORT.encode(), EDEMA.encode(), json.dumps({"id": 1, "text": _REPORT}).encode())
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
