"""Bytes that are no HTTP, and defects: answered like everything else, over a raw socket."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
import structlog
from aiohttp import web
from tests.support.hook_calls import PATIENT_VIEW

from marrowd.web.answers import answering
from marrowd.web.bodies import received
from marrowd.web.connections import Runner

SECRET = "Doe-Jane-1970"
POST = f"POST {PATIENT_VIEW} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


async def call(request):
    await received(request)
    return web.Response()


async def fail(_request):
    message = SECRET
    raise ZeroDivisionError(message)


@asynccontextmanager
async def served():
    app = web.Application(middlewares=[answering])
    app.router.add_post(PATIENT_VIEW, call)
    app.router.add_get("/fail", fail)
    runner = Runner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def said(port, *pieces, end=True):
    """Send *pieces* and give status, headers and body of what comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece.encode("latin-1"))
        await writer.drain()
        await asyncio.sleep(0.02)
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
    body = await reader.readexactly(int(headers["content-length"]))
    rest = await reader.read() if end else b""
    writer.close()
    await writer.wait_closed()
    return int(head[0].split()[1]), headers, body, rest


BROKEN = {
    "no request line": (400, f"{SECRET}\r\n\r\n"),
    "a method that is none": (400, f"G@T /{SECRET} HTTP/1.1\r\nHost: x\r\n\r\n"),
    "another version": (400, f"GET /{SECRET} HTTP/3.0\r\nHost: x\r\n\r\n"),
    "TLS": (400, f"\x16\x03\x01\x02{SECRET}\r\n\r\n"),
    "no host": (400, f"GET /{SECRET} HTTP/1.1\r\n\r\n"),
    "a header without colon": (400, f"GET / HTTP/1.1\r\n{SECRET}\r\n\r\n"),
    "a long header": (431, f"GET / HTTP/1.1\r\nHost: x\r\nX-A: {SECRET * 1000}\r\n\r\n"),
    "a long path": (431, f"GET /{SECRET * 1000} HTTP/1.1\r\nHost: x\r\n\r\n"),
    "many headers": (400, "GET / HTTP/1.1\r\n" + f"X-A: {SECRET}\r\n" * 1000 + "\r\n"),
    "a broken chunk": (400, f"{POST}Transfer-Encoding: chunked\r\n\r\n{SECRET}\r\n\r\n"),
    "length and chunks": (
        400,
        f"{POST}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n{SECRET}",
    ),
    "two lengths": (400, f"{POST}Content-Length: 4\r\nContent-Length: 5\r\n\r\n{SECRET}"),
    "a length that is none": (400, f"{POST}Content-Length: -4\r\n\r\n{SECRET}"),
    "brotli": (415, f"{POST}Content-Encoding: br\r\nContent-Length: 4\r\n\r\nabcd"),
    "a defect": (500, "GET /fail HTTP/1.1\r\nHost: x\r\n\r\n"),
}


@pytest.mark.parametrize(("status", "sent"), BROKEN.values(), ids=BROKEN.keys())
async def test_it_is_answered_with_an_outcome_and_a_request_id_and_quotes_nothing(status, sent):
    with structlog.testing.capture_logs() as lines:
        async with served() as port:
            found, headers, body, rest = await said(port, sent)

    assert found == status
    assert headers["content-type"].startswith("application/fhir+json")
    assert len(headers["x-request-id"]) == 32
    assert headers["server"] == "marrowd"
    [issue] = json.loads(body)["issue"]
    assert issue["severity"] == "error"
    assert issue["diagnostics"]
    assert SECRET.encode() not in body
    assert rest == b""  # and the connection is closed
    [line] = lines
    assert line["request_id"] == headers["x-request-id"]
    line.pop("exc_info", None)  # of which the log writes places only
    assert SECRET not in str(line)


async def test_a_chunk_that_breaks_off_later_is_answered_so_too(monkeypatch):
    monkeypatch.setattr("marrowd.web.bodies.ARRIVES_WITHIN_S", 0.05)
    async with served() as port:
        pieces = (f"{POST}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n", "ZZ\r\n")
        status, headers, body, _ = await said(port, *pieces)

    assert status == 408
    assert "x-request-id" in headers
    assert json.loads(body)["issue"][0]["code"] == "timeout"


async def test_an_expectation_nobody_knows_is_417_with_the_callers_request_id():
    async with served() as port:
        known = "X-Request-ID: from-the-caller\r\nExpect: magic\r\nContent-Length: 2\r\n\r\n{}"
        status, headers, body, _ = await said(port, POST + known, end=False)

    assert status == 417
    assert headers["x-request-id"] == "from-the-caller"
    assert json.loads(body)["resourceType"] == "OperationOutcome"


async def test_a_defect_is_told_to_the_log_and_a_caller_that_goes_is_none():
    with structlog.testing.capture_logs() as lines:
        async with served() as port:
            await said(port, "GET /fail HTTP/1.1\r\nHost: x\r\nX-Request-ID: a1\r\n\r\n")
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"{POST}Content-Length: 100\r\n\r\n{{".encode())
            await writer.drain()
            await asyncio.sleep(0.05)
            writer.transport.abort()
            await asyncio.sleep(0.05)

    defect, gone = lines
    assert (defect["event"], defect["log_level"], defect["request_id"]) == (
        "request_failed",
        "error",
        "a1",
    )
    assert isinstance(defect["exc_info"], ZeroDivisionError)
    assert (gone["event"], gone["log_level"]) == ("caller_gone", "info")
