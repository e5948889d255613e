"""
What no handler ever sees, answered like everything else: bytes that are not HTTP, and defects.

aiohttp answers these by itself: past every middleware, in plain text, and quoting what was sent.
Here they get an OperationOutcome, a request id and one line in the log, and nothing is quoted. The
Origin of what could not be read is not known, so these answers carry no CORS headers.

At the end aiohttp stops reading before it waits for what is under way, so that a request of which
half had arrived could only run into its time limit. Here the other half is read first.
"""

import asyncio
from http import HTTPStatus
from typing import Final

import structlog
from aiohttp import web
from aiohttp.http_exceptions import (
    ContentEncodingError,
    HttpProcessingError,
    LineTooLong,
)

from marrowd.web.answers import FHIR_JSON, answer_of, dressed, outcome, request_id_of

_log = structlog.get_logger(__name__)

_LOOK_EVERY_S: Final = 0.02
_WHOLE: Final = (
    HTTPStatus.BAD_REQUEST,
    "structure",
    "not HTTP/1.1: request line, headers or chunks",
)
_BY_KIND: Final[dict[type[HttpProcessingError], tuple[HTTPStatus, str, str]]] = {
    LineTooLong: (
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        "too-long",
        "request line or headers: longer than 8 KiB",
    ),
    ContentEncodingError: (
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "not-supported",
        "Content-Encoding: expected gzip, deflate or none",
    ),
}


class Runner(web.AppRunner):
    """Runs an application, answering for it what does not reach it."""

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(made.request_handler, request_factory=made.request_factory, **self._kwargs)

    async def cleanup(self) -> None:
        """Listen no more, let the bodies arrive that are on their way, then end as aiohttp does."""
        for site in list(self.sites):
            await site.stop()
        if isinstance(self.server, _Server):
            await self.server.all_arrived(self._shutdown_timeout)
        await super().cleanup()


class _Server(web.Server):
    def __call__(self) -> web.RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)

    async def all_arrived(self, within_s: float) -> None:
        """Wait until no request lacks a part of its body, at most *within_s*."""
        until = self._loop.time() + within_s
        while self._loop.time() < until and any(  # noqa: ASYNC110 - no event tells of all of them
            isinstance(each, _Connection) and each.is_receiving for each in self.connections
        ):
            await asyncio.sleep(_LOOK_EVERY_S)


class _Connection(web.RequestHandler):
    __slots__ = ()

    @property
    def is_receiving(self) -> bool:
        """Whether a handler has a request whose body has not arrived to its end."""
        request = self._current_request
        return request is not None and not request.content.is_eof()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what could not be read, or what a handler did not expect; then close."""
        request_id = request_id_of(request)
        what = (HTTPStatus(status), "exception", "a defect of this service; see its log")
        if isinstance(exc, HttpProcessingError):
            what = _BY_KIND.get(type(exc), _WHOLE)
            kind = type(exc).__name__
            _log.info("request_unreadable", error=kind, status=what[0], request_id=request_id)
        elif isinstance(exc, ConnectionError):
            _log.info("caller_gone", request_id=request_id)
        else:
            _log.error("request_failed", request_id=request_id, exc_info=exc)
        if request.writer.output_size > 0:
            message = "an answer is on its way already"
            raise ConnectionError(message)
        text = outcome(what[1], what[2])
        response = web.Response(status=what[0], text=text, content_type=FHIR_JSON)
        response.force_close()
        return dressed(response, request_id)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer; one that aiohttp gave before any middleware becomes ours."""
        if isinstance(resp, web.HTTPException):
            resp = dressed(answer_of(resp), request_id_of(request))
        return await super().finish_response(request, resp, start_time)
