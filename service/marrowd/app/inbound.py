"""
Everything that looks after one source's ways in: its sweep, its Subscriptions, who listens to them.

They hold on to each other: who listens asks for a sweep or a look, who looks asks who listens.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from marrowd.app.access import Access
from marrowd.app.clock import Clock
from marrowd.settings import PolicySettings
from marrowd.store.protocols import Store
from marrowd.telemetry.metrics import Metrics
from marrowd.telemetry.tracing import OFF, Tracer
from marrowd.work.listening import Asking, Listener
from marrowd.work.mending import Mender
from marrowd.work.sweep import SweepLoop
from marrowd.work.watching import SubscriptionWatch
from marrowd.work.worker import Loop


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """The ways in of one source."""

    sweep: SweepLoop
    listener: Listener
    watch: SubscriptionWatch | None  # None: others make its Subscriptions

    @property
    def loops(self) -> list[Loop]:
        """What runs."""
        return [self.sweep, *([self.watch] if self.watch is not None else [])]


def inbound_of(
    access: Access,
    store: Store,
    policy: PolicySettings,
    *,
    clock: Clock,
    rng: random.Random,
    metrics: Metrics,
    wake: Callable[[], None],
    tracer: Tracer = OFF,
) -> Inbound:
    """
    Join the parts for one source.

    Args:
        access: the source.
        store: where events go and positions are kept.
        policy: says how far back evidence matters.
        clock: gives the time.
        rng: gives jitter.
        metrics: where it is shown.
        wake: says that events have come in.
        tracer: begins the traces of sweeps.
    """
    source = access.source
    watches: list[SubscriptionWatch] = []

    def look() -> None:
        for watch in watches:
            watch.request()

    sweep = SweepLoop(
        access.sweeper(store, policy, clock=clock, wake=wake),
        every=source.sweep_every,
        clock=clock,
        rng=rng,
        tracer=tracer,
    )
    listener = Listener(
        store,
        access.client,
        source=source.name,
        clock=clock,
        metrics=metrics,
        ask=Asking(sweep=sweep.request, look=look, wake=wake),
    )
    if access.wanted:
        heartbeat = source.heartbeat if source.subscribe == "topic" and source.heartbeat else None
        mender = Mender(
            store,
            access.client,
            listener,
            source=source.name,
            clock=clock,
            request_sweep=sweep.request,
            heartbeat=heartbeat,
        )
        watches.append(
            SubscriptionWatch(
                store,
                access.client,
                source=source.name,
                wanted=lambda: access.wanted,
                every=min(source.sweep_every, heartbeat or source.sweep_every),
                clock=clock,
                metrics=metrics,
                mender=mender,
            )
        )
    return Inbound(sweep=sweep, listener=listener, watch=watches[0] if watches else None)
