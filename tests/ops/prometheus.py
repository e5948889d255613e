"""A real Prometheus on loopback that scrapes one service every second and loads the real rules."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from tests.ops.tools import RULES, tool
from tests.support.service import _free_ports, until

_STOP_S = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Prometheus:
    """A running server."""

    url: str
    session: aiohttp.ClientSession

    async def ask(self, path: str, **params: str) -> Any:
        """Ask its API; give the answer's data."""
        async with self.session.get(f"{self.url}/api/v1/{path}", params=params) as answer:
            said = await answer.json()
        assert said["status"] == "success", f"{params}: {said.get('error')}"
        return said["data"]

    async def query(self, expr: str) -> list[float]:
        """Give the values of *expr* now."""
        found = await self.ask("query", query=expr)
        samples = found["result"] if found["resultType"] == "vector" else [found["result"]]
        return [float(s["value"][1] if isinstance(s, dict) else s[1]) for s in samples]


@asynccontextmanager
async def scraping(folder: Path, target: str) -> AsyncIterator[Prometheus]:
    """Run Prometheus while the block lasts; *target* is host:port of an ops listener."""
    binary = tool("prometheus")
    (port,) = _free_ports(1)
    config = folder / "prometheus.yaml"
    config.write_text(yaml.safe_dump(_config(folder, target)))
    with (folder / "prometheus.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            binary,
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
            server = Prometheus(url=f"http://127.0.0.1:{port}", session=session)

            async def has_scraped() -> bool:
                try:
                    return await server.query("up") == [1.0]
                except (aiohttp.ClientError, AssertionError):
                    return False

            await until(has_scraped, "Prometheus has scraped the service", timeout_s=60)
            yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_STOP_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def _config(folder: Path, target: str) -> dict[str, Any]:
    """Write its configuration: the rules are the real ones, only looked at every second."""
    rules = []
    for path in RULES:
        quick = folder / path.name
        quick.write_text(re.sub(r"interval: 30s", "interval: 1s", path.read_text()))
        rules.append(str(quick))
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": rules,
        "scrape_configs": [{"job_name": "marrowd", "static_configs": [{"targets": [target]}]}],
    }
