"""
From what is stored of a patient to verdict and messages: pure, run by the store.

`screen` says what is so, `decide_posting` what must be said about it, and here it is written down
for each destination. Nothing is sent: delivery takes it from the outbox.

What a decision still lacks is asked here, in the write, and nowhere else: the facts are as they
will be, what the event brings and whatever came in beside it. When something lacks nothing is
written, it is fetched, and the write is made anew.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

import orjson

from marrowd.cds.cards import cards_for
from marrowd.cds.communication import referable
from marrowd.cds.posted import posted_message
from marrowd.core.cards import WITH_CARD
from marrowd.core.facts import Fact
from marrowd.core.identity import card_id
from marrowd.core.lacking import Lacking, Sought, lacking
from marrowd.core.policy import Policy
from marrowd.core.posting import Post, Posting, Replace, Retract, decide_posting
from marrowd.core.screening import screen
from marrowd.core.timeline import Timeline, build_timeline
from marrowd.core.verdict import ALL_CHECKED, Checked, Verdict
from marrowd.errors import MarrowdError
from marrowd.store.protocols import Decide, NewMessage, PatientChange, PatientState
from marrowd.telemetry.tracing import traceparent

# Made once for this purpose. Message ids are derived, so that a transaction that is run again
# writes the same message.
_MESSAGES = UUID("6f1d5f3e-8a9b-4b43-9a53-0e7c2b1d9f60")


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A timeline and what it was built of: what was fetched meanwhile often adds nothing."""

    facts: tuple[Fact, ...]
    timeline: Timeline


class NotEnough(MarrowdError):
    """A decision was asked for without what it rests on; nothing was written."""

    def __init__(self, lacking: Lacking, built: Built) -> None:
        self.lacking = lacking
        self.built = built
        super().__init__("a decision lacks facts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Why a patient is decided on, as far as it shows in what is said."""

    now: datetime
    received_at: datetime | None = None  # of the event; None for a recheck
    checked: Checked = ALL_CHECKED
    sought: Sought | None = None  # None: decide by what there is
    built: Built | None = None  # of an attempt before, which lacked something


class Decider:
    """Decides for the patients of every source by one policy and one rules version."""

    def __init__(
        self,
        *,
        policy: Policy,
        rules: str,
        base_urls: Mapping[str, str],
        destinations: Mapping[str, Sequence[str]],
        writing_fhir: Collection[str] = (),
    ) -> None:
        """
        Take what never changes while the process runs.

        Args:
            policy: cut-offs, windows, how loud the site wants it.
            rules: the rules version, part of what a verdict stood on.
            base_urls: by source, as an EHR knows the FHIR server.
            destinations: names by source; a source without any has its cards in hooks only.
            writing_fhir: names of those that write resources, and so need to know what a card
                stands on.
        """
        self._policy = policy
        self._rules = rules
        self._base_urls = dict(base_urls)
        self._writing_fhir = frozenset(writing_fhir)
        self._destinations = {source: tuple(names) for source, names in destinations.items()}

    @property
    def policy(self) -> Policy:
        """The policy decided by."""
        return self._policy

    def at(self, source: str, now: datetime) -> Decide:
        """Give the function that decides at *now* because time has passed."""
        return self.on(source, Occasion(now=now))

    def on(self, source: str, occasion: Occasion) -> Decide:
        """Give the function that decides on *occasion*; its messages belong to the trace of now."""
        trace = traceparent()

        def decide(state: PatientState) -> PatientChange:
            return self._decide(source, state, occasion, trace)

        return decide

    def verdict(self, state: PatientState, now: datetime) -> Verdict:
        """Screen what is stored of a patient."""
        return self._screen(self._timeline(state), now)

    def _timeline(self, state: PatientState) -> Timeline:
        return build_timeline(state.patient, state.facts, policy=self._policy)

    def _screen(self, timeline: Timeline, now: datetime) -> Verdict:
        return screen(timeline, policy=self._policy, now=now, rules_version=self._rules)

    def _decide(
        self, source: str, state: PatientState, occasion: Occasion, trace: str | None
    ) -> PatientChange:
        timeline = _built_before(occasion, state) or self._timeline(state)
        if occasion.sought is not None and (
            lacks := lacking(
                timeline,
                state.facts,
                sought=occasion.sought,
                policy=self._policy,
                now=occasion.now,
            )
        ):
            raise NotEnough(lacks, Built(facts=state.facts, timeline=timeline))
        verdict = self._screen(timeline, occasion.now)
        card = card_id(source, verdict)
        posted = UUID(state.posted_card) if state.posted_card else None
        destinations = self._destinations.get(source, ())
        posting = decide_posting(posted, verdict, card) if destinations else None
        messages = (
            tuple(self._message(d, state, verdict, posting, occasion, trace) for d in destinations)
            if posting is not None
            else ()
        )
        standing = posted if posting is None else _standing_after(posting)
        return PatientChange(
            verdict=verdict.kind,
            card=str(card) if verdict.kind in WITH_CARD else None,
            posted_card=str(standing) if standing else None,
            recheck_at=verdict.recheck_at,
            rules=self._rules,
            messages=messages,
        )

    def _message(
        self,
        destination: str,
        state: PatientState,
        verdict: Verdict,
        posting: Posting,
        occasion: Occasion,
        trace: str | None,
    ) -> NewMessage:
        sequence = state.last_sequence.get(destination, 0) + 1
        is_shown = isinstance(posting, Post | Replace)
        cards = (
            cards_for(verdict, source=state.source, checked=occasion.checked) if is_shown else []
        )
        retracts = [posting.former] if isinstance(posting, Replace | Retract) else []
        message_id = _message_id(state, destination, sequence, posting, occasion.now)
        body = posted_message(
            message_id=message_id,
            patient=state.patient,
            fhir_server=self._base_urls[state.source],
            sequence=sequence,
            verdict=verdict.kind,
            cards=cards,
            retracts=retracts,
            issued=occasion.now,
        )
        if is_shown and destination in self._writing_fhir:
            body["about"] = _grounds(verdict)
        return NewMessage(
            id=message_id,
            destination=destination,
            sequence=sequence,
            body=orjson.dumps(body),
            event_received_at=occasion.received_at,
            trace=trace,
        )


def _built_before(occasion: Occasion, state: PatientState) -> Timeline | None:
    built = occasion.built
    if built is None or (built.timeline.patient, built.facts) != (state.patient, state.facts):
        return None
    return built.timeline


def _grounds(verdict: Verdict) -> list[str]:
    """Give the refs of the report and the result that the card speaks of."""
    refs = [verdict.report.ref] if verdict.report is not None else []
    refs += [level.result.ref for level in (verdict.governing, verdict.latest) if level is not None]
    return referable(refs)


def _standing_after(posting: Posting) -> UUID | None:
    return None if isinstance(posting, Retract) else posting.card


def _message_id(
    state: PatientState, destination: str, sequence: int, posting: Posting, now: datetime
) -> str:
    told = (state.source, state.patient, destination, sequence, repr(posting), now.isoformat())
    return f"msg_{uuid5(_MESSAGES, repr(told)).hex}"
