"""The HTTP client sessions of a process: each connects where it was told to, and nowhere else."""

from collections.abc import Iterable

import aiohttp

from marrowd.fhir.addresses import pinned_connector

_POOL = 20  # connections to one host: an EHR is somebody's production system


def session_to(urls: Iterable[str]) -> aiohttp.ClientSession:
    """Give a session that connects to the hosts of *urls* alone."""
    return aiohttp.ClientSession(
        connector=pinned_connector(urls, per_host=_POOL),
        cookie_jar=aiohttp.DummyCookieJar(),  # a server that sets cookies gets none back
    )
