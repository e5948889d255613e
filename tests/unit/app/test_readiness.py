"""`/readyz` says yes only while the public listener is open: whoever believes it, calls it."""

import aiohttp
import pytest

from marrowd.app import Role, running, service
from marrowd.settings import load_settings

CLOSED = {"web": "the public listener is not open"}


async def readiness(port):
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/readyz") as answer,
    ):
        return answer.status, (await answer.json())["dependencies"]


@pytest.fixture
def settings(tmp_path):
    file = tmp_path / "marrowd.toml"
    file.write_text(
        f'[http]\nport = 0\nops_port = 0\n[store]\nurl = "sqlite:///{tmp_path}/store.sqlite3"\n'
    )
    return load_settings(file)


@pytest.fixture
def told(monkeypatch):
    """What is answered just before the public listener opens, and as soon as the drain begins."""
    answers, ports, listen = [], [], service.listen

    async def watched(stack, app, host, port):
        async def ask():
            answers.append(await readiness(ports[0]))

        if ports:
            await ask()
        ports.append(await listen(stack, app, host, port))
        if len(ports) > 1:
            stack.push_async_callback(ask)
        return ports[-1]

    monkeypatch.setattr(service, "listen", watched)
    return answers


async def test_ready_while_the_public_listener_is_open_and_not_before_or_after(settings, told):
    async with running(settings) as up:
        assert await readiness(up.ops_port) == (200, {"store": "ok", "work": "ok", "web": "ok"})

    before, after = told
    assert before == (503, {"store": "ok", "work": "ok"} | CLOSED)
    assert after == (503, {"store": "ok", "work": "ok"} | CLOSED)


async def test_a_process_that_only_works_waits_for_no_listener(settings):
    async with running(settings, roles=frozenset({Role.WORK})) as up:
        assert await readiness(up.ops_port) == (200, {"store": "ok", "work": "ok"})
