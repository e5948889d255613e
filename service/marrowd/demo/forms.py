"""The shapes in which a report leaves a radiology system: plain, HTML, RTF, a scanned page."""

import base64
import html
import io
from typing import Final

# A grey page and nothing else: what a fax machine makes of a report.
_SCAN_WIDTH: Final = 24
_SCAN_HEIGHT: Final = 32
_SCAN_MARGIN: Final = 3


def attachment(text: str, form: str) -> tuple[str, bytes]:
    """
    Give media type and bytes of *text* in *form*: plain, html, rtf or scan.

    Raises:
        ValueError: there is no such form.
    """
    match form:
        case "plain":
            return "text/plain", text.encode()
        case "html":
            return "text/html", _html(text).encode()
        case "rtf":
            return "application/rtf", _rtf(text).encode("ascii")
        case "scan":
            return "application/pdf", _scan()
        case _:
            message = f"no form of a report: {form}"
            raise ValueError(message)


def base64_of(data: bytes) -> str:
    """Give *data* as FHIR's base64Binary."""
    return base64.b64encode(data).decode("ascii")


def _html(text: str) -> str:
    blocks = (html.escape(block).replace("\n", "<br/>") for block in text.strip().split("\n\n"))
    body = "".join(f"<p>{block}</p>" for block in blocks)
    return (
        f'<html><head><meta charset="utf-8"><title>Report</title></head><body>{body}</body></html>'
    )


def _rtf(text: str) -> str:
    escaped = text.translate({ord(sign): f"\\{sign}" for sign in "\\{}"})
    body = escaped.replace("\n", "\\par\n")
    return r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0 Arial;}}\f0\fs20 " + body + "}"


def _scan() -> bytes:
    """Write a PDF of one page that holds a picture and no text."""
    pixels = bytes(
        0xB0 if row % 4 == 1 and _SCAN_MARGIN < column < _SCAN_WIDTH - _SCAN_MARGIN else 0xF4
        for row in range(_SCAN_HEIGHT)
        for column in range(_SCAN_WIDTH)
    )
    drawing = b"q 595 0 0 842 0 0 cm /Scan Do Q"
    size = f"/Width {_SCAN_WIDTH} /Height {_SCAN_HEIGHT}"
    picture = f"/Type /XObject /Subtype /Image {size} /ColorSpace /DeviceGray /BitsPerComponent 8"
    page_dictionary = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /XObject << /Scan 5 0 R >> >> >>"
    )
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        page_dictionary,
        _stream("", drawing),
        _stream(picture, pixels),
    ]
    page = io.BytesIO()
    page.write(b"%PDF-1.4\n")
    places = []
    for number, written in enumerate(objects, start=1):
        places.append(page.tell())
        page.write(b"%d 0 obj\n%s\nendobj\n" % (number, written))
    table = page.tell()
    page.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    for place in places:
        page.write(b"%010d 00000 n \n" % place)
    page.write(b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1))
    page.write(b"startxref\n%d\n%%%%EOF\n" % table)
    return page.getvalue()


def _stream(entries: str, data: bytes) -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries.encode(), len(data), data)
