"""`marrowd serve`: runs the service until it is told to stop."""

import asyncio
import signal
from pathlib import Path

import structlog
import uvloop

from marrowd.app import Role, running, set_for_answering
from marrowd.cli.exits import Exit
from marrowd.cli.logs import log_by
from marrowd.errors import BadConfiguration
from marrowd.settings import Settings, load_settings

_log = structlog.get_logger(__name__)


def serve_command(config: Path | None, roles: str) -> Exit:
    """Run until SIGTERM or SIGINT; a second one does not wait for the drain."""
    settings = load_settings(config)
    log_by(settings.log, is_traced=settings.tracing.endpoint is not None)
    uvloop.run(_serve(settings, _roles(roles)))
    return Exit.FINE


async def _serve(settings: Settings, roles: frozenset[Role]) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    loop.add_signal_handler(signal.SIGHUP, _tell_hangup)
    async with running(settings, roles=roles) as service:
        set_for_answering()
        _log.info("serving", host=settings.http.host, port=service.port, ops_port=service.ops_port)
        await service.until(stopping)
        _log.info("draining")
    _log.info("stopped")


def _tell_hangup() -> None:
    hint = "secrets and keys in files are read again by themselves; the rest needs a restart"
    _log.info("hangup_ignored", hint=hint)


def _roles(text: str) -> frozenset[Role]:
    try:
        return frozenset(Role(part.strip()) for part in text.split(","))
    except ValueError:
        message = f"--roles: expected some of {', '.join(Role)}, joined by a comma"
        raise BadConfiguration(message) from None
