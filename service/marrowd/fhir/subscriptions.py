"""
The R4 Subscriptions that bring events, and what it takes to make a server's match them.

They are rest-hook ones by criteria, or topic ones with the criteria as filters (`fhir.topics`).

Criteria name what can never change for the better: types, codes, categories. Never a status or a
value, because a correction to "entered in error" would then go unsaid; never `modality`, because R4
looks for it in the series only. What is not relevant is dropped in the service.

A Subscription is ours when it points at our endpoint; which of ours it is says the slug that its
`reason` opens with. Neither needs the server to accept ids or tags of our choosing. See
docs/adr/0008-line.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fhir.resources.R4B.subscription import Subscription as R4Subscription

from marrowd.fhir.json import parse
from marrowd.fhir.members import obj, text
from marrowd.fhir.references import is_id
from marrowd.fhir.topics import TopicTerms, of_topic
from marrowd.rules.codes import Codes, Role

NOT_SHOWN = "header not shown"  # why one is written anew whenever it is synced
_DELETES = "http://hapifhir.io/fhir/StructureDefinition/subscription-send-delete-messages"
_PAYLOAD = "application/fhir+json"
_LOINC = "http://loinc.org"
# HL7 table 0074 (diagnostic service section) under whatever system a site gives it, and LOINC's
# "Radiology", which US Core asks for.
_RADIOLOGY = ("RAD", "NMR", "IMG", f"{_LOINC}|LP29684-5")
_BROUGHT = frozenset({Role.TOTAL, Role.D3, Role.D2, Role.PANEL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Interest:
    """What one Subscription, and one search of a sweep, asks for."""

    slug: str
    type: str
    params: tuple[tuple[str, str], ...]

    @property
    def criteria(self) -> str:
        """The R4 `criteria`."""
        return f"{self.type}?" + "&".join(f"{name}={value}" for name, value in self.params)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A Subscription as it should be."""

    slug: str
    criteria: str
    endpoint: str
    secret: str = field(repr=False)  # sent back by the server in each notification
    topic: TopicTerms | None = None  # None: by criteria alone

    def resource(self) -> dict[str, Any]:
        """Give it as FHIR, to be created or written over what is there."""
        plain = {
            "resourceType": "Subscription",
            "status": "requested",  # the server makes it active
            "reason": f"{_mark(self.slug)} marrowd reads vitamin D and foot MRI together",
            "criteria": self.criteria,
            "channel": {
                "extension": [{"url": _DELETES, "valueBoolean": True}],
                "type": "rest-hook",
                "endpoint": self.endpoint,
                "payload": _PAYLOAD,
                "header": [f"Authorization: Bearer {self.secret}"],
            },
        }
        subscription = R4Subscription.model_validate(
            plain if self.topic is None else of_topic(plain, self.topic)
        )
        resource: dict[str, Any] = parse(subscription.model_dump_json())
        return resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """There is none: make it."""

    wanted: Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """It is there and differs, or is not at work: write it anew."""

    ref: str
    wanted: Wanted
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """It is there and as it should be."""

    ref: str
    slug: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """It is ours and not wanted: an older version's, or a double."""

    ref: str
    slug: str


Action = Create | Update | Keep | Delete


def interests(codes: Codes) -> tuple[Interest, ...]:
    """Say what to be told of: the same for Subscriptions and for sweeps."""
    results = [f"{_LOINC}|{code}" for code, row in codes.vitamin_d.items() if row.role in _BROUGHT]
    results += [f"{system}|{code}" if system else code for system, code in codes.local]
    exams = [f"{_LOINC}|{code}" for code in codes.imaging]
    return (
        Interest(slug="results", type="Observation", params=(("code", _any_of(results)),)),
        Interest(slug="studies", type="ImagingStudy", params=()),
        Interest(
            slug="reports", type="DiagnosticReport", params=(("category", _any_of(_RADIOLOGY)),)
        ),
        # By code as well: "categorization is not consistent across sites" (US Core).
        Interest(
            slug="reports-by-code", type="DiagnosticReport", params=(("code", _any_of(exams)),)
        ),
    )


def wanted(
    codes: Codes, *, endpoint: str, secret: str, topic: TopicTerms | None = None
) -> tuple[Wanted, ...]:
    """Give the Subscriptions of one source; *endpoint* is `{public_url}/events/{source}`."""
    return tuple(
        Wanted(slug=i.slug, criteria=i.criteria, endpoint=endpoint, secret=secret, topic=topic)
        for i in interests(codes)
    )


def ours(existing: Iterable[Mapping[str, Any]], *, endpoint: str) -> list[Mapping[str, Any]]:
    """Keep those of *existing* that point at *endpoint*."""
    return [s for s in existing if _channel(s).get("endpoint") == endpoint and is_id(s.get("id"))]


def plan(existing: Sequence[Mapping[str, Any]], wanted: Sequence[Wanted]) -> tuple[Action, ...]:
    """
    Say what makes *existing* (those that are ours) what is *wanted*.

    Carried out, it has nothing more to say.
    Of doubles the one at work is kept, else the smallest id.
    """
    actions: list[Action] = []
    left = sorted(existing, key=lambda s: (s.get("status") != "active", s["id"]))
    for one in wanted:
        mine = [s for s in left if _is(s, one)]
        if not mine:
            actions.append(Create(wanted=one))
            continue
        kept = mine[0]
        left.remove(kept)
        ref = f"Subscription/{kept['id']}"
        why = _difference(kept, one)
        if why:
            actions.append(Update(ref=ref, wanted=one, why=why))
        else:
            actions.append(Keep(ref=ref, slug=one.slug, state=text(kept.get("status"))))
    actions += [Delete(ref=f"Subscription/{s['id']}", slug=slug_of(s)) for s in left]
    return tuple(actions)


def slug_of(subscription: Mapping[str, Any]) -> str:
    """Say which of ours a Subscription is, "" when its reason does not tell."""
    opening = text(subscription.get("reason")).partition(" ")[0]
    return opening[1:-1].removeprefix("marrowd:") if opening.startswith("[marrowd:") else ""


def _difference(existing: Mapping[str, Any], one: Wanted) -> str:
    """Say in one word what is not as wanted; "" when all is."""
    channel = _channel(existing)
    whole = one.resource()
    target = whole["channel"]
    if any(existing.get(member) != whole.get(member) for member in ("criteria", "_criteria")):
        return "criteria"
    # A server that hides headers gets them again: a rotated secret could not be noticed otherwise.
    if channel.get("header") != target["header"]:
        return "secret" if channel.get("header") else NOT_SHOWN
    members = ("type", "payload", "_payload", "extension")
    if any(channel.get(member) != target.get(member) for member in members):
        return "channel"
    if text(existing.get("status")) not in {"active", "requested"}:
        return "status"
    return ""


def _is(existing: Mapping[str, Any], one: Wanted) -> bool:
    if slug_of(existing):
        return slug_of(existing) == one.slug
    return one.topic is None and existing.get("criteria") == one.criteria


def _channel(subscription: Mapping[str, Any]) -> Mapping[str, Any]:
    return obj(subscription.get("channel"))


def _mark(slug: str) -> str:
    return f"[marrowd:{slug}]"


def _any_of(tokens: Iterable[str]) -> str:
    return ",".join(sorted(set(tokens)))
