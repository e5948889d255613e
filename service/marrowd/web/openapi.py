"""
The written form of this API, served by the service it describes.

An installed package carries the document beside this module; a checkout has it in `openapi/`.
"""

from importlib.resources import files
from pathlib import Path
from typing import Final

from aiohttp import web

_NAME: Final = "marrowd.yaml"


def openapi_document() -> bytes:
    """Give the document as it stands in the file."""
    packaged = files(__package__) / _NAME
    if packaged.is_file():
        return packaged.read_bytes()
    return (Path(__file__).parents[3] / "openapi" / _NAME).read_bytes()


def add_openapi(app: web.Application) -> None:
    """Put `GET /openapi.yaml` on *app*."""
    document = openapi_document()

    async def give(_request: web.Request) -> web.Response:
        return web.Response(body=document, content_type="application/yaml", charset="utf-8")

    app.router.add_get("/openapi.yaml", give)
