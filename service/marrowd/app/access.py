"""
How this process reaches each source: a client, what it asks for, where it is told to send.

Shared by the service and by the commands that talk to a FHIR server without one running.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog

from marrowd.app.clock import Clock, utc_now
from marrowd.app.sessions import session_to
from marrowd.errors import BadConfiguration
from marrowd.fhir.authorization import authorization_for
from marrowd.fhir.breaker import Breaker, State
from marrowd.fhir.client import FhirClient
from marrowd.fhir.subscriptions import Wanted, interests, wanted
from marrowd.fhir.topics import TopicTerms
from marrowd.fhir.transport import Observe, Transport
from marrowd.rules.codes import Codes, load_codes
from marrowd.settings import PolicySettings, Rotation, Settings, SmartBackendAuth, Source
from marrowd.store.protocols import Store
from marrowd.telemetry.metrics import CallOutcome, Metrics, Operation
from marrowd.work.searching import SweepPace
from marrowd.work.sweep import Sweeper

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One source, reachable."""

    source: Source
    client: FhirClient
    codes: Codes
    endpoint: str  # where its Subscriptions point to
    secret: Callable[[], str]  # what they carry: the first of those in force

    @property
    def wanted(self) -> tuple[Wanted, ...]:
        """The Subscriptions it should hold; none when others make them."""
        if self.source.subscribe == "none":
            return ()
        return wanted(
            self.codes,
            endpoint=self.endpoint,
            secret=self.secret(),
            topic=_topic_terms(self.source),
        )

    def sweeper(
        self,
        store: Store,
        policy: PolicySettings,
        *,
        clock: Clock = utc_now,
        wake: Callable[[], None] = lambda: None,
    ) -> Sweeper:
        """Give what asks this source for missed events."""
        return Sweeper(
            store,
            self.client,
            source=self.source.name,
            interests=interests(self.codes),
            clock=clock,
            pace=SweepPace(look_back=policy.recency + policy.window_before),
            wake=wake,
        )


def _first_secret(source: Source) -> str:
    return source.notification_secret[0].get_secret_value()


def _topic_terms(source: Source) -> TopicTerms | None:
    if source.subscribe != "topic" or source.topics is None:
        return None
    return TopicTerms(
        topics={
            "Observation": source.topics.observation,
            "ImagingStudy": source.topics.imaging_study,
            "DiagnosticReport": source.topics.diagnostic_report,
        },
        payload=source.payload,
        heartbeat_s=int(source.heartbeat.total_seconds()) or None,
    )


def codes_from(policy: PolicySettings) -> Codes:
    """Give the codes in force: the built-in ones and the site's own."""
    local = {(code.system, code.code): code.analyte for code in policy.local_codes}
    return load_codes(local=local, pains=policy.pain_codes)


@asynccontextmanager
async def opened(
    settings: Settings,
    *,
    only: str | None = None,
    metrics: Metrics | None = None,
    clock: Clock = utc_now,
    rng: random.Random | None = None,
    public_url: str = "",
    rotation: Rotation | None = None,
) -> AsyncIterator[Mapping[str, Access]]:
    """
    Open a way to every source, or to the one called *only*.

    Raises:
        BadConfiguration: there is no source called *only*, or a private key that cannot be used.
    """
    sources = _chosen(settings.sources, only)
    rotation, rng = rotation or Rotation(), rng or random.SystemRandom()
    base = settings.http.public_url or public_url or _url_of(settings)
    codes = codes_from(settings.policy)
    async with session_to(_addressed(sources)) as session, AsyncExitStack() as stack:
        accesses = {}
        for source in sources:
            authorization = authorization_for(
                source, session, rotation=rotation, clock=clock, rng=rng
            )
            stack.push_async_callback(authorization.close)
            transport = Transport(
                session,
                authorization=authorization,
                breaker=_breaker(source.name, rng),
                observe=observer(metrics, source.name),
                clock=clock,
            )
            accesses[source.name] = Access(
                source=source,
                client=FhirClient(transport, source.base_url),
                codes=codes,
                endpoint=f"{base}/events/{source.name}",
                secret=rotation.hold(source, _first_secret, place=f"sources {source.name}"),
            )
        yield accesses


def _addressed(sources: Sequence[Source]) -> list[str]:
    """Give every URL that the configuration lets the FHIR client connect to."""
    auths = [source.auth for source in sources]
    token_urls = [a.token_url for a in auths if isinstance(a, SmartBackendAuth) and a.token_url]
    return [*(source.base_url for source in sources), *token_urls]


def _breaker(source: str, rng: random.Random) -> Breaker:
    def told(state: State) -> None:
        if state is State.OPEN:
            _log.warning("source_left_alone", source=source, reason="nobody answers")
        else:
            _log.info("source_answers_again", source=source)

    return Breaker(clock=asyncio.get_running_loop().time, rng=rng, told=told)


def _chosen(sources: Sequence[Source], only: str | None) -> Sequence[Source]:
    if only is None:
        return sources
    chosen = [source for source in sources if source.name == only]
    if not chosen:
        known = ", ".join(source.name for source in sources) or "none"
        message = f"--source: there is no source named {only}; configured: {known}"
        raise BadConfiguration(message)
    return chosen


def _url_of(settings: Settings) -> str:
    return f"http://{settings.http.host}:{settings.http.port}"


def observer(metrics: Metrics | None, source: str) -> Observe:
    """Give what is told how long a server of *source* took."""
    if metrics is None:
        return lambda _operation, _outcome, _seconds: None
    duration = metrics.ehr_request_duration_seconds
    durations = {
        (operation, outcome): duration.labels(source=source, operation=operation, outcome=outcome)
        for operation in Operation
        for outcome in CallOutcome
    }

    def observe(operation: Operation, outcome: CallOutcome, seconds: float) -> None:
        durations[operation, outcome].observe(seconds)

    return observe
