"""
CORS for EHRs that run in a browser: named origins, named headers, also on errors and preflights.

Outermost of the middlewares, so that a refusal can be read by the page that caused it and a
preflight, which carries no token by the Fetch standard, is answered before anybody asks for one.
"""

from collections.abc import Collection
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from marrowd.web.answers import dressed, request_id_of

_PATHS: Final = ("/cds-services", "/openapi.yaml")
_METHODS: Final = "GET, POST, OPTIONS"
# `*` would not cover Authorization (Fetch standard, CORS-unsafe request-headers).
_HEADERS: Final = "Authorization, Content-Type, Accept, X-Request-ID"
_EXPOSED: Final = "X-Request-ID, Retry-After, WWW-Authenticate"
_MAX_AGE_S: Final = "600"  # a configuration that takes an origin away works within ten minutes
_ANY: Final = "*"


def cors(origins: Collection[str]) -> Middleware:
    """
    Give the middleware that lets pages of *origins* ("https://ehr.example.org") call the hooks.

    Args:
        origins: scheme, host and port as a browser writes them; "*" for any page.
    """
    allowed = frozenset(origin.rstrip("/") for origin in origins)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(_PATHS):
            return await handler(request)
        origin = request.headers.get(hdrs.ORIGIN)
        is_allowed = origin is not None and (origin in allowed or _ANY in allowed)
        is_preflight = (
            request.method == hdrs.METH_OPTIONS
            and origin is not None
            and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers
        )
        if is_preflight:
            response: web.StreamResponse = dressed(
                web.Response(status=204 if is_allowed else 403), request_id_of(request)
            )
            if is_allowed:
                response.headers[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = _METHODS
                response.headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = _HEADERS
                response.headers[hdrs.ACCESS_CONTROL_MAX_AGE] = _MAX_AGE_S
        else:
            response = await handler(request)
        response.headers.add(hdrs.VARY, hdrs.ORIGIN)
        if is_allowed and origin is not None:
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
            response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = _EXPOSED
        return response

    return middleware
