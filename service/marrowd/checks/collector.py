"""Where traces go: does it take an empty batch?"""

from typing import Final

import aiohttp

from marrowd.checks.asking import ask
from marrowd.checks.remarks import Remark, away, fine, note, wrong

_OK: Final = 200
_LETS_NOBODY_IN: Final = frozenset({401, 403})
_DOWN: Final = 500


async def check_collector(endpoint: str, session: aiohttp.ClientSession) -> Remark:
    """Send a request of OTLP without a span in it: no bytes, in protobuf."""
    asked = await ask(
        session,
        "POST",
        f"{endpoint}/v1/traces",
        headers={"Content-Type": "application/x-protobuf"},
        body=b"",
    )
    mend = "see that tracing.endpoint names a collector's OTLP port for HTTP, often 4318"
    if asked.status is None:
        return away("tracing", asked.problem, mend)
    if asked.status == _OK:
        return fine("tracing", "the collector answers")
    says = f"the collector answers {asked.status}"
    if asked.status in _LETS_NOBODY_IN:
        return note("tracing", f"{says} to no token", "give one in OTEL_EXPORTER_OTLP_HEADERS")
    return away("tracing", says, mend) if asked.status >= _DOWN else wrong("tracing", says, mend)
