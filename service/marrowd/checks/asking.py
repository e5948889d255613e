"""One plain request, and what its answer, or the lack of one, tells."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import aiohttp
from multidict import CIMultiDict

from marrowd.fhir.answers import http_date

TIMEOUT_S = 10.0  # doctor waits no longer for anybody
_TRUST = (
    "its certificate is not trusted: have it signed by a known authority, or name the "
    "hospital's own in SSL_CERT_FILE"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What came back: a status, or a word on why nothing did."""

    status: int | None = None
    problem: str = ""
    date: datetime | None = None  # the other side's clock


async def ask(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Response:
    """Send one request, follow nothing, read no body."""
    try:
        async with session.request(
            method,
            url,
            headers=CIMultiDict(headers or {}),
            data=body,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
        ) as response:
            return Response(status=response.status, date=http_date(response.headers.get("Date")))
    except TimeoutError:
        return Response(problem=f"nobody answers within {TIMEOUT_S:g} s")
    except aiohttp.ClientConnectorCertificateError:
        return Response(problem=_TRUST)
    except aiohttp.ClientConnectorDNSError:
        return Response(problem="there is no machine of this name")
    except (aiohttp.ClientError, OSError) as error:
        # Its own text may quote the URL, which may hold a secret.
        return Response(problem=f"nobody answers ({type(error).__name__})")
