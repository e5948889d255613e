"""At the end, what had half arrived is let arrive; whoever sends no more is not waited for."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from tests.support.patience import PATIENCE_S

from marrowd.web.connections import Runner

HALF = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nhalf"


@asynccontextmanager
async def half_sent(*, shutdown_timeout):
    """Give a runner that has half of a request in hand, and the connection it came by."""
    begun = asyncio.Event()

    async def echo(request):
        begun.set()
        return web.Response(body=await request.read())

    app = web.Application()
    app.router.add_post("/", echo)
    runner = Runner(app, access_log=None, shutdown_timeout=shutdown_timeout)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    reader, writer = await asyncio.open_connection(*runner.addresses[0][:2])
    try:
        writer.write(HALF)
        await begun.wait()
        yield runner, reader, writer
    finally:
        writer.close()
        await runner.cleanup()


async def test_a_request_of_which_half_has_arrived_is_answered():
    async with half_sent(shutdown_timeout=PATIENCE_S) as (runner, reader, writer):
        ending = asyncio.create_task(runner.cleanup())
        await asyncio.sleep(0.1)
        writer.write(b"full")

        answer = await reader.read()
        await ending

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"halffull")


async def test_nobody_new_is_listened_to_meanwhile():
    async with half_sent(shutdown_timeout=0.5) as (runner, _, _):
        address = runner.addresses[0][:2]
        ending = asyncio.create_task(runner.cleanup())
        await asyncio.sleep(0.1)

        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*address)
        await ending


async def test_who_sends_no_more_is_not_waited_for():
    async with half_sent(shutdown_timeout=0.1) as (runner, reader, _):
        await asyncio.wait_for(runner.cleanup(), timeout=PATIENCE_S)

        assert await reader.read() == b""
