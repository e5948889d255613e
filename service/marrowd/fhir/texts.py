"""
Text out of the bytes of an attachment, or the reason why there is none.

Pure functions of bytes and a media type, so that they can run anywhere: in this process for a
report already in hand, in a child with limits for what came from elsewhere. The parsers are
imported when the first document needs them.
"""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, lookup
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from html import unescape
from io import BytesIO

from marrowd.errors import UnreadableResource
from marrowd.fhir import reasons
from marrowd.fhir.markup import text_of_markup

MAX_BYTES = 32 * 1024 * 1024  # of a document; a radiology report is a few kB, scanned ones 1-5 MB
MAX_CHARACTERS = 1_000_000  # of its text: no report is longer
_MAX_PAGES = 200
_STARTS_WITHIN = 4096  # bytes: blanks before the first sign of what a document is
TextOf = Callable[[bytes, str], str]  # `text_of`, or what does the same in another process

_PDF, _RTF = b"%PDF-", b"{\\rtf"
_PLAIN = frozenset({"text/plain", "text/markdown", "text/x-markdown", "text"})
_HTML = frozenset({"text/html", "application/xhtml+xml", "text/xhtml", "text/xhtml+xml"})
_RTF_TYPES = frozenset({"text/rtf", "application/rtf", "application/x-rtf", "text/richtext"})
_PDF_TYPES = frozenset({"application/pdf", "application/x-pdf"})
_UNSAID = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_MISTAKABLE = _PLAIN | _HTML | _RTF_TYPES | _PDF_TYPES | _UNSAID  # the first bytes know better
_TAG = re.compile(r"<[a-zA-Z!/]")  # without any, "HTML" is plain text: its lines are to be kept
_IS_HTML = re.compile(rb"\s*<(?:!doctype html|html)\b", re.IGNORECASE)
_LOOKS_HTML = re.compile(
    rb"\s*<(?:!doctype html|html|body|div|p|h[1-6]|table|br|span|pre)\b", re.IGNORECASE
)
_CHARSET = re.compile(r"charset\s*=\s*\"?'?([\w.:-]+)", re.IGNORECASE)
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f]")
_MAX_CONTROLS = 0.02  # share of control characters above which bytes are not text


class Form(StrEnum):
    """What a document is; all but plain text need a parser."""

    PLAIN = "plain"
    HTML = "html"
    RTF = "rtf"
    PDF = "pdf"


def text_of(data: bytes, content_type: str) -> str:
    """
    Give the text of a document.

    Args:
        data: its bytes.
        content_type: its media type with parameters, "" when nobody says; the first bytes are
            looked at then, and whenever they plainly say otherwise.

    Raises:
        UnreadableResource: `type`, `broken`, `scan` (pages without a text layer) or `no_text`.
    """
    form = form_of(data, content_type)
    if form is Form.PDF:
        text = _pdf(data)
    elif form is Form.RTF:
        text = _rtf(data)
    else:
        text = decoded(data, content_type)
        if form is Form.HTML:
            text = text_of_markup(text) if _TAG.search(text) else unescape(text)
    if len(text) > MAX_CHARACTERS:
        raise UnreadableResource(reasons.BROKEN, "text size")
    if not text.strip():
        raise UnreadableResource(reasons.NO_TEXT, "attachment")
    return whole(text)


def form_of(data: bytes, content_type: str) -> Form:
    """
    Say what a document is, from its type and first bytes.

    Raises:
        UnreadableResource: `type`, or `broken` when it is too long or not what it says.
    """
    if len(data) > MAX_BYTES:
        raise UnreadableResource(reasons.BROKEN, "attachment size")
    kind = content_type.partition(";")[0].strip().lower()
    start = data[:_STARTS_WITHIN].lstrip()
    if start.startswith(_PDF) and kind in _MISTAKABLE:
        return Form.PDF
    if start.startswith(_RTF) and kind in _MISTAKABLE:
        return Form.RTF
    if kind in _PDF_TYPES or kind in _RTF_TYPES:
        raise UnreadableResource(reasons.BROKEN, "attachment")
    if kind in _HTML or (kind in _UNSAID and _LOOKS_HTML.match(data)) or _is_html(data, kind):
        return Form.HTML
    if kind in _PLAIN or (kind in _UNSAID and not _CONTROLS.search(_peek(data))):
        return Form.PLAIN
    raise UnreadableResource(reasons.TYPE, "attachment")


def decoded(data: bytes, content_type: str) -> str:
    """
    Decode bytes: a byte-order mark, else the declared charset, else UTF-8, else Windows-1252.

    Raises:
        UnreadableResource: `broken`, when what comes out is not text.
    """
    text = _decoded(data, content_type)
    if len(_CONTROLS.findall(text)) > _MAX_CONTROLS * len(text):
        raise UnreadableResource(reasons.BROKEN, "attachment")
    return text


def whole(text: str) -> str:
    """Replace lone surrogates, one for one: they have no form in UTF-8, and offsets must hold."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _decoded(data: bytes, content_type: str) -> str:
    if data.startswith(BOM_UTF8):
        return data.decode("utf-8-sig", "replace")
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    declared = _CHARSET.search(content_type) or _CHARSET.search(_peek(data))
    for name in (declared[1] if declared else "utf-8", "utf-8"):
        try:
            lookup(name)  # "hex" and its like are codecs too, but bytes.decode refuses them
            return data.decode(name)
        except (LookupError, UnicodeError, ValueError):
            continue
    return data.decode("cp1252", "replace")


def _is_html(data: bytes, kind: str) -> bool:
    """Say whether what is called plain text is a whole HTML document."""
    return kind in _PLAIN and _IS_HTML.match(data) is not None


def _peek(data: bytes) -> str:
    return data[:1024].decode("latin-1")


@contextmanager
def _parsing(form: str) -> Iterator[None]:
    """Take whatever a parser raises to mean that the document is broken: strangers feed it."""
    try:
        yield
    except UnreadableResource:
        raise
    except Exception:  # noqa: BLE001 - see above
        raise UnreadableResource(reasons.BROKEN, form) from None


def _rtf(data: bytes) -> str:
    from striprtf.striprtf import rtf_to_text  # noqa: PLC0415 - see the module's docstring

    with _parsing("RTF"):
        written = data.decode("cp1252", "replace")
        return str(rtf_to_text(written, errors="replace"))  # type: ignore[no-untyped-call]


def _pdf(data: bytes) -> str:
    import logging  # noqa: PLC0415 - only where pypdf logs

    from pypdf import PdfReader  # noqa: PLC0415 - 150 ms, only for those who have a PDF

    log = logging.getLogger("pypdf")  # it quotes what it cannot parse: never to be written
    log.propagate = False
    if not log.handlers:
        log.addHandler(logging.NullHandler())
    with _parsing("PDF"):
        reader = PdfReader(BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise UnreadableResource(reasons.BROKEN, "PDF")
        pages = reader.pages[:_MAX_PAGES]
        text = "\n".join(page.extract_text() for page in pages)
        if not any(character.isalpha() for character in text):
            raise UnreadableResource(reasons.SCAN, "PDF")
        return text
