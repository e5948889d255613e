"""
Every metric in one place: names are public API, every label is a closed enumeration present at 0.

The registry is passed in, so that two services in one process (tests) do not share counts.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import product

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from marrowd.core.policy import VitaminDClass
from marrowd.core.verdict import VerdictKind


class Resource(StrEnum):
    """The resource types that are used, and the rest."""

    OBSERVATION = "Observation"
    DIAGNOSTIC_REPORT = "DiagnosticReport"
    IMAGING_STUDY = "ImagingStudy"
    PATIENT = "Patient"
    CONDITION = "Condition"
    SERVICE_REQUEST = "ServiceRequest"
    NONE = "none"  # a ping names no resource
    OTHER = "other"


class Ignored(StrEnum):
    """Why an event needed no work."""

    TYPE = "type"  # a FHIR type the service does not use
    NOT_RELEVANT = "not_relevant"  # a used type about something else
    DUPLICATE = "duplicate"  # delivered before
    OLDER_VERSION = "older_version"  # something newer is stored


class Parked(StrEnum):
    """Why an event was set aside; each has an entry in the runbook."""

    NO_SUBJECT = "no_subject"  # no patient can be resolved
    NOT_FHIR = "not_fhir"  # accepted by shape, unreadable by content
    REFUSED = "refused"  # the FHIR server answered 401, 403 or another 4xx for good
    LOST = "lost"  # claimed again and again without an outcome: it may be what ends the process
    ERROR = "error"  # an error of ours


class ReportOutcome(StrEnum):
    """What came of reading one imaging report."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    UNREADABLE = "unreadable"


class ResultClass(StrEnum):
    """What came of reading one 25(OH)D result."""

    DEFICIENT = VitaminDClass.DEFICIENT
    INSUFFICIENT = VitaminDClass.INSUFFICIENT
    SUFFICIENT = VitaminDClass.SUFFICIENT
    EXCESS = VitaminDClass.EXCESS
    UNCLASSIFIED = "unclassified"
    UNREADABLE = "unreadable"


class HookService(StrEnum):
    """The CDS Hooks services."""

    PATIENT_VIEW = "marrow-vitamin-d-patient-view"
    ORDER_SIGN = "marrow-vitamin-d-order-sign"
    ENCOUNTER_START = "marrow-vitamin-d-encounter-start"


class HookOutcome(StrEnum):
    """How a hook call ended."""

    CARDS = "cards"
    NO_CARDS = "no_cards"
    PRECONDITION = "precondition"  # 412: data could be had neither way
    BAD_REQUEST = "bad_request"
    UNAUTHORIZED = "unauthorized"
    UNAVAILABLE = "unavailable"


class FeedbackOutcome(StrEnum):
    """What a clinician did with a card."""

    ACCEPTED = "accepted"
    OVERRIDDEN = "overridden"


class OverrideReason(StrEnum):
    """Why; the codes are those that cards offer."""

    NONE = "none"  # nothing was said
    ALREADY_TREATED = "already-treated"
    EXPLAINED_BY_INJURY = "explained-by-injury"
    KNOWN_AND_MONITORED = "known-and-monitored"
    NOT_RELEVANT = "not-relevant-to-this-visit"
    DISAGREE = "disagree-with-reading"
    OTHER = "other"  # a reason of the EHR's own, or words only
    UNKNOWN_CARD = "unknown_card"  # no such card was ever shown: nothing is kept


class Delivery(StrEnum):
    """How one attempt to post a message ended."""

    TAKEN = "taken"
    RETRIED = "retried"
    PARKED = "parked"
    STOPPED = "stopped"  # 410: the destination wants no more


class Subscribed(StrEnum):
    """The Subscriptions of a source, by what they bring."""

    RESULTS = "results"
    STUDIES = "studies"
    REPORTS = "reports"
    REPORTS_BY_CODE = "reports-by-code"


class Operation(StrEnum):
    """What was asked of a FHIR server."""

    READ = "read"
    SEARCH = "search"
    WRITE = "write"


class CallOutcome(StrEnum):
    """What a FHIR server made of it."""

    OK = "ok"
    NOT_FOUND = "not_found"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"


class SpanFate(StrEnum):
    """What became of a span that was recorded."""

    SENT = "sent"
    DROPPED = "dropped"  # the collector did not take it, or too many were waiting for it


# Buckets sit at the service's objectives: 50 and 500 ms for hooks, 250 ms to days for lag.
_HOOK_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
_CALL_BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_SCREENING_BUCKETS = (0.005, 0.025, 0.1, 0.25, 1.0, 5.0, 30.0)
_LAG_BUCKETS = (0.25, 1.0, 5.0, 15.0, 60.0, 300.0, 3600.0, 86400.0, 259200.0)
_INDICATORS = ("info", "warning")


class Metrics:
    """The metrics of one running service; attribute names are metric names without `marrowd_`."""

    def __init__(
        self,
        registry: CollectorRegistry,
        *,
        sources: Sequence[str] = (),
        watched: Sequence[str] | None = None,
        destinations: Sequence[str] = (),
        version: str = "",
        rules: str = "",
    ) -> None:
        def counter(name: str, text: str, **labels: Iterable[str]) -> Counter:
            metric = Counter(f"marrowd_{name}", text, list(labels), registry=registry)
            _start_at_zero(metric, labels)
            return metric

        def gauge(name: str, text: str, **labels: Iterable[str]) -> Gauge:
            metric = Gauge(f"marrowd_{name}", text, list(labels), registry=registry)
            _start_at_zero(metric, labels)
            return metric

        def histogram(
            name: str, text: str, buckets: tuple[float, ...], **labels: Iterable[str]
        ) -> Histogram:
            metric = Histogram(
                f"marrowd_{name}", text, list(labels), registry=registry, buckets=buckets
            )
            _start_at_zero(metric, labels)
            return metric

        self.registry = registry
        self.events_received_total = counter(
            "events_received_total", "Events accepted.", source=sources, resource=Resource
        )
        self.events_ignored_total = counter(
            "events_ignored_total", "Events that needed no work.", reason=Ignored
        )
        self.events_parked_total = counter(
            "events_parked_total", "Events set aside for an operator.", reason=Parked
        )
        self.inbox_depth = gauge("inbox_depth", "Events accepted and not yet done.")
        self.inbox_oldest_seconds = gauge(
            "inbox_oldest_seconds", "Age of the oldest event neither done nor parked."
        )
        self.reports_read_total = counter(
            "reports_read_total", "Imaging reports read.", outcome=ReportOutcome
        )
        self.vitamin_d_results_total = counter(
            "vitamin_d_results_total", "25(OH)D results read.", **{"class": ResultClass}
        )
        self.verdicts_total = counter("verdicts_total", "Verdicts reached.", verdict=VerdictKind)
        self.screening_duration_seconds = histogram(
            "screening_duration_seconds", "Claim of an event to its verdict.", _SCREENING_BUCKETS
        )
        self.hook_requests_total = counter(
            "hook_requests_total", "Hook calls.", service=HookService, outcome=HookOutcome
        )
        self.hook_duration_seconds = histogram(
            "hook_duration_seconds", "Time to answer a hook.", _HOOK_BUCKETS, service=HookService
        )
        self.cards_shown_total = counter(
            "cards_shown_total",
            "Cards given in answer to a hook.",
            verdict=VerdictKind,
            indicator=_INDICATORS,
        )
        self.card_feedback_total = counter(
            "card_feedback_total",
            "What clinicians did with cards, each thing once.",
            outcome=FeedbackOutcome,
            reason=OverrideReason,
        )
        self.outbox_depth = gauge(
            "outbox_depth", "Messages neither taken nor parked.", destination=destinations
        )
        self.outbox_oldest_seconds = gauge(
            "outbox_oldest_seconds",
            "Age of the oldest message neither taken nor parked.",
            destination=destinations,
        )
        self.deliveries_total = counter(
            "deliveries_total",
            "Attempts to post a message.",
            destination=destinations,
            outcome=Delivery,
        )
        self.destination_stopped = gauge(
            "destination_stopped",
            "1 when the destination answered 410: nothing is sent until it is resumed.",
            destination=destinations,
        )
        self.delivery_lag_seconds = histogram(
            "delivery_lag_seconds", "Event received to card taken by the EHR.", _LAG_BUCKETS
        )
        self.subscription_active = gauge(
            "subscription_active",
            "1 when every Subscription that the source takes was last seen active.",
            # Of a source whose Subscriptions are made by others it would say 0 for ever.
            source=sources if watched is None else watched,
        )
        self.subscriptions_refused = gauge(
            "subscriptions_refused",
            "1 when the source refused this Subscription and took others: sweeps stand in.",
            source=sources if watched is None else watched,
            subscription=Subscribed,
        )
        # Absent until the first event: a timestamp of 0 would read as 1970.
        self.source_last_event_timestamp_seconds = Gauge(
            "marrowd_source_last_event_timestamp_seconds",
            "When the source last sent an event.",
            ["source"],
            registry=registry,
        )
        # Absent until the first canary has come through.
        self.canary_seconds = Gauge(
            "marrowd_canary_seconds",
            "How long the last canary took from the inbox to the outbox, or takes so far.",
            ["source"],
            registry=registry,
        )
        self.sweep_recovered_total = counter(
            "sweep_recovered_total", "Events that only a sweep found.", source=sources
        )
        self.notification_gaps_total = counter(
            "notification_gaps_total",
            "Runs of events that a topic Subscription counted and that did not come.",
            source=sources,
        )
        self.ehr_request_duration_seconds = histogram(
            "ehr_request_duration_seconds",
            "Time of a request to a FHIR server.",
            _CALL_BUCKETS,
            source=sources,
            operation=Operation,
            outcome=CallOutcome,
        )
        self.spans_total = counter("spans_total", "Spans recorded.", outcome=SpanFate)
        self.secrets_refused = gauge(
            "secrets_refused", "Secrets whose file holds something that was not taken."
        )
        self.build_info = gauge("build_info", "Always 1.", version=(version,), rules=(rules,))
        self.build_info.labels(version=version, rules=rules).set(1)


def _start_at_zero(metric: Counter | Gauge | Histogram, labels: dict[str, Iterable[str]]) -> None:
    if labels:
        for values in product(*labels.values()):
            metric.labels(*(str(v) for v in values))
