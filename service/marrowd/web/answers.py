"""Answers that say what is wrong: an OperationOutcome for every refusal; what all answers share."""

import json
import random
import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from aiohttp import hdrs, web
from multidict import CIMultiDict

from marrowd.errors import StoreUnavailable
from marrowd.telemetry.logging import REQUEST_ID

FHIR_JSON = "application/fhir+json"
_REFUSALS: dict[int, tuple[type[web.HTTPException], str]] = {
    400: (web.HTTPBadRequest, "structure"),
    401: (web.HTTPUnauthorized, "login"),
    404: (web.HTTPNotFound, "not-found"),
    408: (web.HTTPRequestTimeout, "timeout"),
    412: (web.HTTPPreconditionFailed, "required"),
    413: (web.HTTPRequestEntityTooLarge, "too-long"),
    415: (web.HTTPUnsupportedMediaType, "not-supported"),
    422: (web.HTTPUnprocessableEntity, "invalid"),
    501: (web.HTTPNotImplemented, "not-supported"),
    503: (web.HTTPServiceUnavailable, "transient"),
}
_SAID = {413: "body: larger than http.max_body lets in"}  # where aiohttp's words do not help
_REQUEST_ID = re.compile(r"[A-Za-z0-9\-]{1,64}")
_SERVER = "marrowd"  # aiohttp would tell its version and Python's
# JSON is neither to be kept, nor run as a page, nor shown in a frame; the ops page says its own.
_UNLESS_SAID = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
)
_NOSNIFF = "X-Content-Type-Options"
_ALL_HEADERS = CIMultiDict([(_NOSNIFF, "nosniff"), ("Server", _SERVER), *_UNLESS_SAID])
_JSON_HEADERS = CIMultiDict([(hdrs.CONTENT_TYPE, "application/json"), *_ALL_HEADERS.items()])
RETRY_AFTER_S = 5  # a store that is restarting is back in seconds

_log = structlog.get_logger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Response = TypeVar("Response", bound=web.StreamResponse)


def outcome(code: str, diagnostics: str) -> str:
    """Write an OperationOutcome with one error; *diagnostics* never quotes what was sent."""
    issue = {"severity": "error", "code": code, "diagnostics": diagnostics}
    return json.dumps({"resourceType": "OperationOutcome", "issue": [issue]})


def refusal(status: int, diagnostics: str) -> web.HTTPException:
    """Make the exception that answers *status* with an OperationOutcome."""
    kind, code = _REFUSALS[status]
    body = outcome(code, diagnostics)
    if kind is web.HTTPRequestEntityTooLarge:
        return web.HTTPRequestEntityTooLarge(
            max_size=0, actual_size=0, text=body, content_type=FHIR_JSON
        )
    answer = kind(text=body, content_type=FHIR_JSON)
    if status == web.HTTPServiceUnavailable.status_code:
        answer.headers["Retry-After"] = str(RETRY_AFTER_S)
    elif status == web.HTTPUnauthorized.status_code:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


@web.middleware
async def answering(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every answer a request id and safe headers, and every refusal a body that helps."""
    request_id = request_id_of(request)
    # Never unbound: aiohttp gives each request a task and so a context of its own.
    REQUEST_ID.set(request_id)
    try:
        response = await handler(request)
    except web.HTTPException as exc:
        response = answer_of(exc)
    except StoreUnavailable:
        _log.warning("store_unavailable", route=_route(request))
        response = answer_of(refusal(503, "the store cannot be reached or written; retry"))
    return dressed(response, request_id)


def request_id_of(request: web.BaseRequest) -> str:
    """Give the id that a request brought, or a new one."""
    given = request.headers.get("X-Request-ID")
    if given is not None and _REQUEST_ID.fullmatch(given):
        return given
    # No secret, so no system call for it: that costs more than all the rest here.
    return f"{random.getrandbits(128):032x}"


def json_answer(body: bytes) -> web.Response:
    """Give 200 with *body*, which is JSON, and all headers that are the same each time."""
    return web.Response(body=body, headers=_JSON_HEADERS)


def no_content() -> web.Response:
    """Give 204 with all headers that are the same each time."""
    return web.Response(status=204, headers=_ALL_HEADERS)


def dressed(response: Response, request_id: str) -> Response:
    """Give *response* the headers that all answers share."""
    headers = response.headers
    headers["X-Request-ID"] = request_id
    if _NOSNIFF in headers:  # from one of the two above, which have them all
        return response
    headers[_NOSNIFF] = "nosniff"
    headers["Server"] = _SERVER
    for name, value in _UNLESS_SAID:
        headers.setdefault(name, value)
    return response


def answer_of(exc: web.HTTPException) -> web.Response:
    """Turn *exc* into an answer whose body is an OperationOutcome."""
    is_ours = exc.content_type == FHIR_JSON
    text = exc.text if is_ours else outcome(_code_of(exc.status), _SAID.get(exc.status, exc.reason))
    answer = web.Response(status=exc.status, text=text, content_type=FHIR_JSON)
    for name in ("Allow", "Retry-After", "WWW-Authenticate"):
        if name in exc.headers:
            answer.headers[name] = exc.headers[name]
    return answer


def _code_of(status: int) -> str:
    return _REFUSALS[status][1] if status in _REFUSALS else "processing"


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"
