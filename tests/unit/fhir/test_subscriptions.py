import json
from collections.abc import Mapping
from typing import Any

import pytest
from fhir.resources.R4B.subscription import Subscription

from marrowd.fhir.subscriptions import (
    NOT_SHOWN,
    Create,
    Delete,
    Keep,
    Update,
    Wanted,
    interests,
    ours,
    plan,
    slug_of,
    wanted,
)
from marrowd.fhir.topics import TopicTerms
from marrowd.rules.codes import load_codes

ENDPOINT = "http://127.0.0.1:8080/events/hospital"
CODES = load_codes(local={("urn:lab", "VITD"): "total"})
WANTED = wanted(CODES, endpoint=ENDPOINT, secret="new-secret-of-16")


def on_server(one: Wanted, ident: str = "1", **changes: Any) -> Mapping[str, Any]:
    return {**one.resource(), "id": ident, "status": "active", **changes}


def test_criteria_ask_for_types_codes_and_categories_only() -> None:
    criteria = {i.slug: i.criteria for i in interests(CODES)}

    assert criteria["studies"] == "ImagingStudy?"
    assert criteria["reports"].startswith("DiagnosticReport?category=")
    assert criteria["reports-by-code"].startswith("DiagnosticReport?code=http://loinc.org|")
    assert "http://loinc.org|24707-2" in criteria["reports-by-code"]
    assert not any(w in c for c in criteria.values() for w in ("status", "value", "modality"))


@pytest.mark.parametrize(
    ("token", "is_asked_for"),
    [
        pytest.param("http://loinc.org|62292-8", True, id="total"),
        pytest.param("http://loinc.org|1989-3", True, id="D3"),
        pytest.param("http://loinc.org|49054-0", True, id="D2, because it is summed"),
        pytest.param("http://loinc.org|72034-2", True, id="panel, because it holds results"),
        pytest.param("urn:lab|VITD", True, id="the site's own"),
        pytest.param("http://loinc.org|35365-6", False, id="grey, not configured"),
        pytest.param("http://loinc.org|1649-3", False, id="1,25-dihydroxy"),
    ],
)
def test_results_are_asked_for_by_code(token: str, *, is_asked_for: bool) -> None:
    criteria = next(i.criteria for i in interests(CODES) if i.slug == "results")

    assert is_asked_for == (token in criteria.partition("code=")[2].split(","))


def test_a_subscription_carries_the_secret_and_asks_for_deletions() -> None:
    channel = WANTED[0].resource()["channel"]

    assert channel["header"] == ["Authorization: Bearer new-secret-of-16"]
    assert channel["payload"] == "application/fhir+json"
    assert channel["endpoint"] == ENDPOINT
    assert channel["extension"][0]["valueBoolean"] is True


def test_an_empty_server_gets_all() -> None:
    assert plan([], WANTED) == tuple(Create(wanted=w) for w in WANTED)


def test_what_is_there_is_kept() -> None:
    existing = [on_server(w, str(n)) for n, w in enumerate(WANTED)]

    assert [type(a) for a in plan(existing, WANTED)] == [Keep] * len(WANTED)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        pytest.param({"status": "error"}, "status", id="in error"),
        pytest.param({"status": "off"}, "status", id="switched off"),
        pytest.param({"criteria": "Observation?code=old"}, "criteria", id="an older code list"),
        pytest.param({"channel": None}, NOT_SHOWN, id="headers hidden"),
    ],
)
def test_what_differs_is_written_anew(changes: Mapping[str, Any], why: str) -> None:
    assert plan([on_server(WANTED[0], "7", **changes)], WANTED[:1]) == (
        Update(ref="Subscription/7", wanted=WANTED[0], why=why),
    )


def test_a_rotated_secret_updates_the_header() -> None:
    before = wanted(CODES, endpoint=ENDPOINT, secret="old-secret-of-16")

    actions = plan([on_server(before[0], "7")], WANTED[:1])

    assert actions == (Update(ref="Subscription/7", wanted=WANTED[0], why="secret"),)


def test_of_doubles_the_active_one_is_kept() -> None:
    existing = [on_server(WANTED[0], "1", status="error"), on_server(WANTED[0], "2")]

    assert plan(existing, WANTED[:1]) == (
        Keep(ref="Subscription/2", slug="results", state="active"),
        Delete(ref="Subscription/1", slug="results"),
    )


def test_one_of_an_older_version_is_removed() -> None:
    old = on_server(WANTED[0], "9", reason="[marrowd:retired] x", criteria="Patient?")

    assert plan([old], ()) == (Delete(ref="Subscription/9", slug="retired"),)


def test_a_stranger_is_not_ours() -> None:
    stranger = {"id": "1", "reason": "other", "channel": {"endpoint": f"{ENDPOINT}/x"}}

    assert ours([stranger, {"id": "2"}], endpoint=ENDPOINT) == []
    assert slug_of(stranger) == ""


TOPICS = TopicTerms(
    topics=dict.fromkeys(
        ("Observation", "ImagingStudy", "DiagnosticReport"), "http://example.org/topic"
    ),
    payload="id-only",
    heartbeat_s=60,
)
BY_TOPIC = wanted(CODES, endpoint=ENDPOINT, secret="new-secret-of-16", topic=TOPICS)
BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport"


def test_a_topic_subscription_filters_by_what_a_rest_hook_one_has_as_criteria() -> None:
    for by_topic, plain in zip(BY_TOPIC, WANTED, strict=True):
        resource = by_topic.resource()

        assert resource["meta"]["profile"] == [f"{BACKPORT}-subscription"]
        assert resource["criteria"] == "http://example.org/topic"
        assert resource["_criteria"]["extension"] == [
            {"url": f"{BACKPORT}-filter-criteria", "valueString": plain.criteria}
        ]
        assert resource["channel"]["_payload"]["extension"] == [
            {"url": f"{BACKPORT}-payload-content", "valueCode": "id-only"}
        ]
        assert resource["channel"]["extension"] == [
            {"url": f"{BACKPORT}-heartbeat-period", "valueUnsignedInt": 60}
        ]
        assert resource["channel"]["header"] == ["Authorization: Bearer new-secret-of-16"]


def test_topic_subscriptions_of_one_topic_are_told_apart() -> None:
    held = [on_server(one, str(n)) for n, one in enumerate(reversed(BY_TOPIC))]

    assert all(isinstance(action, Keep) for action in plan(held, BY_TOPIC))


def test_a_source_that_changes_its_way_has_the_same_ones_written_anew() -> None:
    actions = plan([on_server(one, str(n)) for n, one in enumerate(WANTED)], BY_TOPIC)

    assert [(a.ref, a.why) for a in actions if isinstance(a, Update)] == [
        (f"Subscription/{n}", "criteria") for n in range(4)
    ]


@pytest.mark.parametrize("sent", [WANTED, BY_TOPIC], ids=["by criteria", "by topic"])
def test_what_is_sent_is_fhir(sent: tuple[Wanted, ...]) -> None:
    for resource in (one.resource() for one in sent):
        assert json.loads(Subscription.model_validate(resource).model_dump_json()) == resource
