"""
What both halves of a process share, and how something is begun that lives as long as it does.

Whatever is begun is put on a stack, which ends it when the process stops.
"""

import asyncio
import random
from contextlib import AsyncExitStack
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from marrowd.app.access import codes_from
from marrowd.app.clock import Clock
from marrowd.core.policy import Policy
from marrowd.core.reader import Reader
from marrowd.fhir.facts import Extraction
from marrowd.fhir.parsing_process import ParsingProcess
from marrowd.fhir.texts import TextOf
from marrowd.rules.version import RULES_VERSION
from marrowd.settings import Rotation, Settings
from marrowd.store.protocols import Store
from marrowd.telemetry.metrics import Metrics
from marrowd.telemetry.tracing import OFF, Tracer
from marrowd.work.worker import Loop


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What every part of the process shares."""

    settings: Settings
    policy: Policy
    reader: Reader
    store: Store
    metrics: Metrics
    clock: Clock
    rng: random.Random
    rotation: Rotation
    tracer: Tracer = OFF


def extraction(parts: Parts, text_of: TextOf) -> Extraction:
    """Say how resources are read, the same for every source; *text_of* opens documents."""
    policy = parts.settings.policy
    return Extraction(
        reader=parts.reader,
        rules=RULES_VERSION,
        codes=codes_from(policy),
        zone=ZoneInfo(policy.site_zone),
        read_document=text_of,
    )


def opening(stack: AsyncExitStack) -> TextOf:
    """Give what opens documents, in a process that ends with the stack; each half has its own."""
    documents = ParsingProcess()
    stack.callback(documents.close)
    return documents.text_of


async def begin(loop: Loop, stack: AsyncExitStack) -> asyncio.Task[None]:
    """Run *loop* until the stack unwinds, and then wait for it."""
    stop = asyncio.Event()
    task = asyncio.create_task(loop.run(stop), name=loop.name)

    async def drain() -> None:
        stop.set()
        await task

    stack.push_async_callback(drain)
    return task
