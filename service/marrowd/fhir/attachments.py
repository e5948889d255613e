"""
Attachments of a report: inline, contained, or a Binary that somebody has to fetch.

What a report needs is named by `attachment_urls`; whoever has or fetches those hands them in by the
same names. Nothing is fetched here.
"""

import binascii
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from marrowd.errors import UnreadableResource
from marrowd.fhir import reasons
from marrowd.fhir.members import Resource, objects, text
from marrowd.fhir.references import contained
from marrowd.fhir.texts import MAX_BYTES, TextOf, text_of

_BASE64_GROWTH = 4 / 3 + 0.05  # characters a byte, line breaks included
_BLANKS = str.maketrans("", "", " \t\r\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The bytes of an attachment, and the media type they came with ("" when nobody said)."""

    data: bytes
    content_type: str


# What was asked for, by url: the content, or the reason why there is none (such as "not_fetched").
Attachments = Mapping[str, Content | str]


def forms(report: Resource) -> list[Resource]:
    """Give the presented forms of a DiagnosticReport, in order."""
    return objects(report.get("presentedForm"))


def attachment_urls(report: Resource) -> Iterator[str]:
    """Give the urls behind which text may lie that the report does not hold itself."""
    for form in forms(report):
        url = text(form.get("url"))
        if url and not url.startswith("#") and not _has_data(form):
            yield url


def attachment_text(
    form: Resource, *, report: Resource, attachments: Attachments, read_document: TextOf = text_of
) -> str:
    """
    Give the text of one presented form.

    Args:
        form: of *report*.
        report: whose contained resources may hold it.
        attachments: what was fetched.
        read_document: gives the text of a document.

    Raises:
        UnreadableResource: `type`, `broken`, `scan`, `no_text`, `not_fetched`, `too large` as
        `broken`.
    """
    said = text(form.get("contentType"))
    if _has_data(form):
        return read_document(decode_base64(form["data"]), said)
    url = text(form.get("url"))
    if not url:
        raise UnreadableResource(reasons.NO_TEXT, "presentedForm")
    if url.startswith("#"):
        binary = contained(report).get(url[1:])
        if binary is None:
            raise UnreadableResource(reasons.NOT_FETCHED, "presentedForm")
        content: Content | str = binary_content(binary)
    else:
        content = attachments.get(url, "not_fetched")
    if isinstance(content, str):
        raise UnreadableResource(content, "presentedForm")
    return read_document(content.data, _better(content.content_type, said))


def binary_content(binary: Resource) -> Content | str:
    """Give what a Binary resource holds, or "broken"."""
    if binary.get("resourceType") not in (None, "Binary") or "data" not in binary:
        return "broken"
    try:
        data = decode_base64(binary["data"])
    except UnreadableResource as unreadable:
        return unreadable.reason
    return Content(data=data, content_type=text(binary.get("contentType")))


def decode_base64(data: object) -> bytes:
    """
    Decode base64 strictly: line breaks are fine, anything else that is not of the alphabet is not.

    Raises:
        UnreadableResource: `broken`.
    """
    if not isinstance(data, str) or len(data) > MAX_BYTES * _BASE64_GROWTH:
        raise UnreadableResource(reasons.BROKEN, "data")
    try:
        return b64decode(data.translate(_BLANKS), validate=True)
    except (binascii.Error, ValueError):
        raise UnreadableResource(reasons.BROKEN, "data") from None


def _better(fetched: str, said: str) -> str:
    """The server's word on the type, unless it has none worth the name."""
    plain = fetched.partition(";")[0].strip().lower()
    is_vague = plain in {"", "application/octet-stream", "binary/octet-stream"}
    return said if is_vague and said else fetched


def _has_data(form: Resource) -> bool:
    return form.get("data") not in (None, "")
