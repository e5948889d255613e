"""
Bare aiohttp handlers, each the least that could answer at all, in a process of their own.

`python -m tests.bench.floors hooks DATABASE` parses the body with orjson, does one read through the
store and gives back given bytes; `... sqlite FILE` and `... postgresql URL` do one INSERT and one
commit a request and answer 204 once it is durable, at the durability of the service. They print
their port and serve until standard input ends.
"""

import asyncio
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import orjson
import psycopg
import uvloop
from aiohttp import web

from marrowd.store.cards_shown import Asked
from marrowd.store.open import open_store

_CONNECTIONS = 8  # as many as the store has
Handler = Callable[[web.Request], Awaitable[web.Response]]


async def _hooks(path: str) -> list[web.RouteDef]:
    store = open_store(f"sqlite:///{path}")
    await store.open()
    given: list[bytes] = []
    asked = Asked("hospital", "Patient/p1", "")

    async def answer(request: web.Request) -> web.Response:
        orjson.loads(await request.read())
        await store.standings([asked])
        return web.Response(body=given[0], content_type="application/json")

    async def take(request: web.Request) -> web.Response:
        given[:] = [await request.read()]
        return web.Response()

    return [web.post("/call", answer), web.put("/answer", take)]


async def _sqlite(path: str) -> list[web.RouteDef]:
    thread = ThreadPoolExecutor(1)
    connection = sqlite3.connect(path, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE event (key TEXT PRIMARY KEY, payload BLOB)")

    def insert(key: str, payload: bytes) -> None:
        with connection:
            connection.execute("INSERT INTO event VALUES (?, ?)", (key, payload))

    async def keep(request: web.Request) -> web.Response:
        payload = await request.read()
        await asyncio.get_running_loop().run_in_executor(thread, insert, request.path, payload)
        return web.Response(status=204)

    return [web.put("/events/{rest:.*}", keep)]


async def _postgresql(url: str) -> list[web.RouteDef]:
    free: asyncio.Queue[psycopg.AsyncConnection] = asyncio.Queue()
    for _ in range(_CONNECTIONS):
        free.put_nowait(await psycopg.AsyncConnection.connect(url, autocommit=True))
    first = await free.get()
    await first.execute("CREATE TABLE event (key TEXT PRIMARY KEY, payload BYTEA)")
    free.put_nowait(first)

    async def keep(request: web.Request) -> web.Response:
        payload = await request.read()
        connection = await free.get()
        try:
            await connection.execute("INSERT INTO event VALUES (%s, %s)", (request.path, payload))
        finally:
            free.put_nowait(connection)
        return web.Response(status=204)

    return [web.put("/events/{rest:.*}", keep)]


async def _serve(kind: str, where: str) -> None:
    made = {"hooks": _hooks, "sqlite": _sqlite, "postgresql": _postgresql}[kind]
    app = web.Application(client_max_size=10_000_000)
    app.add_routes(await made(where))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    uvloop.run(_serve(*sys.argv[1:]))
