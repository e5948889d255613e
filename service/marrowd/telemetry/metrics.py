"""
Every metric in one place: names are public API, every label is a closed enumeration present at 0.

The registry is passed in, so that two services in one process (tests) do not share counts.
"""

from collections.abc import Sequence
from enum import StrEnum

from prometheus_client import CollectorRegistry

from marrowd.core.policy import VitaminDClass
from marrowd.core.verdict import VerdictKind
from marrowd.telemetry.declaring import (
    Configured,
    Declared,
    counter,
    gauge,
    gauge_once_set,
    histogram,
)


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

    # The way in.
    events_received_total = counter(
        "Events accepted.", source=Configured.SOURCES, resource=Resource
    )
    events_ignored_total = counter("Events that needed no work.", reason=Ignored)
    events_parked_total = counter("Events set aside for an operator.", reason=Parked)
    inbox_depth = gauge("Events accepted and not yet done.")
    inbox_oldest_seconds = gauge("Age of the oldest event neither done nor parked.")

    # What was read and decided.
    reports_read_total = counter("Imaging reports read.", outcome=ReportOutcome)
    vitamin_d_results_total = counter("25(OH)D results read.", **{"class": ResultClass})
    verdicts_total = counter("Verdicts reached.", verdict=VerdictKind)
    screening_duration_seconds = histogram("Claim of an event to its verdict.", _SCREENING_BUCKETS)

    # Hooks, and what clinicians did with the cards.
    hook_requests_total = counter("Hook calls.", service=HookService, outcome=HookOutcome)
    hook_duration_seconds = histogram("Time to answer a hook.", _HOOK_BUCKETS, service=HookService)
    cards_shown_total = counter(
        "Cards given in answer to a hook.", verdict=VerdictKind, indicator=_INDICATORS
    )
    card_feedback_total = counter(
        "What clinicians did with cards, each thing once.",
        outcome=FeedbackOutcome,
        reason=OverrideReason,
    )

    # The way out.
    outbox_depth = gauge("Messages neither taken nor parked.", destination=Configured.DESTINATIONS)
    outbox_oldest_seconds = gauge(
        "Age of the oldest message neither taken nor parked.", destination=Configured.DESTINATIONS
    )
    deliveries_total = counter(
        "Attempts to post a message.", destination=Configured.DESTINATIONS, outcome=Delivery
    )
    destination_stopped = gauge(
        "1 when the destination answered 410: nothing is sent until it is resumed.",
        destination=Configured.DESTINATIONS,
    )
    delivery_lag_seconds = histogram("Event received to card taken by the EHR.", _LAG_BUCKETS)

    # The sources.
    subscription_active = gauge(
        "1 when every Subscription that the source takes was last seen active.",
        # Of a source whose Subscriptions are made by others it would say 0 for ever.
        source=Configured.WATCHED,
    )
    subscriptions_refused = gauge(
        "1 when the source refused this Subscription and took others: sweeps stand in.",
        source=Configured.WATCHED,
        subscription=Subscribed,
    )
    # A timestamp of 0 would read as 1970.
    source_last_event_timestamp_seconds = gauge_once_set(
        "When the source last sent an event.", source=Configured.SOURCES
    )
    # Until the first canary has come through there is nothing to tell.
    canary_seconds = gauge_once_set(
        "How long the last canary took from the inbox to the outbox, or takes so far.",
        source=Configured.SOURCES,
    )
    sweep_recovered_total = counter("Events that only a sweep found.", source=Configured.SOURCES)
    notification_gaps_total = counter(
        "Runs of events that a topic Subscription counted and that did not come.",
        source=Configured.SOURCES,
    )
    ehr_request_duration_seconds = histogram(
        "Time of a request to a FHIR server.",
        _CALL_BUCKETS,
        source=Configured.SOURCES,
        operation=Operation,
        outcome=CallOutcome,
    )

    # The process itself.
    spans_total = counter("Spans recorded.", outcome=SpanFate)
    secrets_refused = gauge("Secrets whose file holds something that was not taken.")
    build_info = gauge("Always 1.", version=Configured.VERSION, rules=Configured.RULES)

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
        """
        Make them all.

        Args:
            registry: where they are made.
            sources: their names.
            watched: those whose Subscriptions are made here; None: all.
            destinations: their names.
            version: of the service.
            rules: the version of the rules.
        """
        self.registry = registry
        configured = {
            Configured.SOURCES: sources,
            Configured.WATCHED: sources if watched is None else watched,
            Configured.DESTINATIONS: destinations,
            Configured.VERSION: (version,),
            Configured.RULES: (rules,),
        }
        for name, declared in vars(Metrics).items():
            if isinstance(declared, Declared):
                setattr(self, name, declared.made(name, registry, configured))
        self.build_info.labels(version=version, rules=rules).set(1)
