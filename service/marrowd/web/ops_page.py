"""
`/` on the operators' listener: the whole line on one screen, drawn on the server.

Works without scripts, and none could run: the policy it is sent with allows its own style only. It
asks for itself again every few seconds until it is told to pause.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from string import Template
from typing import Final

from aiohttp import web

from marrowd.core.policy import Policy
from marrowd.settings import Destination, Source
from marrowd.store.protocols import Store
from marrowd.telemetry.metrics import Metrics
from marrowd.web.drawing import picture
from marrowd.web.looking import Counts, look
from marrowd.web.ops_tables import (
    LATE_S,
    Shown,
    destination_table,
    failure_table,
    hook_list,
    parked_table,
    rule_list,
    section,
    source_table,
    stages,
)

REFRESH_S: Final = 10
_FOLDER = files(__package__)
_PAGE: Final = Template((_FOLDER / "ops_page.html").read_text(encoding="utf-8"))
_STYLE: Final = (_FOLDER / "ops_page.css").read_text(encoding="utf-8")
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(f"\n{_STYLE}\n".encode()).digest()).decode()
_HEADERS: Final = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpsPage:
    """What the page is made of."""

    store: Store
    metrics: Metrics
    clock: Callable[[], datetime]
    policy: Policy
    rules: str
    version: str
    sources: Sequence[Source]
    destinations: Sequence[Destination]

    def add_routes(self, app: web.Application) -> None:
        """Put the page on *app*."""
        app.router.add_get("/", self.page)

    async def page(self, request: web.Request) -> web.Response:
        """Answer with the page; `?refresh=0` stands still."""
        now = self.clock()
        looked = await look(self.store, now=now)
        shown = Shown(
            look=looked,
            counts=Counts.of(self.metrics.registry),
            sources=self.sources,
            destinations=self.destinations,
            now=now,
        )
        is_paused = request.query.get("refresh") == "0"
        text = _PAGE.substitute(self._parts(shown, is_paused=is_paused))
        return web.Response(text=text, content_type="text/html", headers=_HEADERS)

    def _parts(self, shown: Shown, *, is_paused: bool) -> Mapping[str, str]:
        state, is_good = _state(shown)
        at = shown.now.astimezone(UTC)
        return {
            "style": _STYLE,
            "state": escape(state),
            "tone": "good" if is_good else "bad",
            "refresh": "" if is_paused else f'<meta http-equiv="refresh" content="{REFRESH_S}">',
            "meta": f"{escape(self.version)} &middot; {at:%Y-%m-%d %H:%M:%S} UTC",
            "pause": (
                '<a href="/">Refresh again by itself</a>'
                if is_paused
                else '<a href="/?refresh=0">Pause refreshing</a>'
            ),
            "picture": picture(stages(shown)),
            "sections": "\n".join(
                (
                    section("Sources and Subscriptions", source_table(shown)),
                    section("Destinations", destination_table(shown)),
                    section("Parked, by reason", parked_table(shown), width="third"),
                    section("Hooks and verdicts", hook_list(shown), width="third"),
                    section(
                        "Rules and policy in force",
                        rule_list(self.policy, self.rules),
                        width="third",
                    ),
                    section("Last errors", failure_table(shown), width="wide"),
                )
            ),
            "footer": (
                "Depth and age are the store's; what is counted, this process has counted since "
                "it began. Nothing here is of a patient."
            ),
        }


def _state(shown: Shown) -> tuple[str, bool]:
    looked = shown.look
    if looked is None:
        return "the store does not answer", False
    if any(destination.name in looked.stopped for destination in shown.destinations):
        return "a destination wants no cards: needs a look", False
    parked = sum(looked.parked.values())
    if parked:
        return f"{parked} set aside: needs a look", False
    if looked.inbox.oldest_s > LATE_S or any(
        queue.oldest_s > LATE_S for queue in looked.outbox.values()
    ):
        return "running late", False
    return "all is well", True
