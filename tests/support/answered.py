"""A client session in memory: each request gets the same answer, and has to be fit for the wire."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from multidict import CIMultiDict
from yarl import URL

FHIR_JSON = {"Content-Type": "application/fhir+json"}


class Body:
    """What is read of an answer."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def read(self, most: int) -> bytes:
        """Give so many bytes."""
        given, self._data = self._data[:most], self._data[most:]
        return given

    def at_eof(self) -> bool:
        """Say whether all was read."""
        return not self._data

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        """Give all, so many bytes at a time."""
        while self._data:
            yield await self.read(size)


class Response:
    """An answer."""

    def __init__(self, status: int, headers: Mapping[str, str], data: bytes) -> None:
        self.status = status
        self.headers = CIMultiDict(headers)
        self.content = Body(data)

    def close(self) -> None:
        """Leave the rest."""


class Answered:
    """Stands in for `aiohttp.ClientSession`."""

    def __init__(
        self, data: bytes, *, status: int = 200, headers: Mapping[str, str] = FHIR_JSON
    ) -> None:
        self.data = data
        self._status = status
        self._headers = headers

    @asynccontextmanager
    async def request(
        self,
        _method: str,
        url: str | URL,
        *,
        headers: Mapping[str, str] | None = None,
        **_options: Any,
    ) -> AsyncIterator[Response]:
        """Answer a request that aiohttp could send."""
        assert URL(url).host
        for value in (headers or {}).values():
            value.encode()
            assert not {"\r", "\n", "\0"} & set(value), "aiohttp refuses such a header"
        yield Response(self._status, self._headers, self.said(URL(url)))

    def said(self, _url: URL) -> bytes:
        """Give the body of the answer."""
        return self.data

    def get(self, url: str | URL, **options: Any) -> AbstractAsyncContextManager[Response]:
        """Answer a GET."""
        return self.request("GET", url, **options)
