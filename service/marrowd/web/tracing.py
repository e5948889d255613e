"""A span for each call from outside, as a part of the caller's own trace where it names one."""

from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from marrowd.telemetry.tracing import TRACEPARENT, SpanName, Told, Tracer

_NAMES: Final = (("/events/", SpanName.NOTIFICATION), ("/cds-services/", SpanName.HOOK))


def traced(tracer: Tracer) -> Middleware:
    """Give the middleware; it belongs before all others, and only where traces are on."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        route = "" if resource is None else resource.canonical
        name = next((name for start, name in _NAMES if route.startswith(start)), None)
        if name is None:
            return await handler(request)
        parents = request.headers.getall(TRACEPARENT, ())
        # Two count as none: nobody can say which of them is meant.
        with tracer.begin(name, parent=parents[0] if len(parents) == 1 else None) as span:
            span.tell(Told.METHOD, request.method)
            span.tell(Told.ROUTE, route)
            response = await handler(request)
            span.tell(Told.STATUS, response.status)
            if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                span.fail(str(response.status))
        return response

    return middleware
