"""Whatever an attachment holds and whatever it calls itself: a text, or a reason of the list."""

from hypothesis import given
from hypothesis import strategies as st

from marrowd.errors import UnreadableResource
from marrowd.fhir.attachments import decode_base64
from marrowd.fhir.texts import text_of

TYPES = st.sampled_from(
    [
        *("", "text/plain", "text/html", "application/pdf", "application/rtf", "image/png"),
        *(
            "text/plain; charset=utf-16",
            "text/html; charset=utf-7",
            "text/plain; charset=\x00",
            "/",
        ),
    ]
)
PARTS = st.sampled_from(
    [
        *(b"%PDF-1.4\n", b"1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n", b"xref\n0 1\n"),
        *(b"trailer << /Root 1 0 R /Encrypt 1 0 R >>\n", b"startxref\n0\n%%EOF", b"/Pages 1 0 R"),
        *(
            b"{\\rtf1\\ansi",
            b"\\u99999?",
            b"\\'zz",
            b"\\bin999",
            b"{\\*",
            b"}",
            b"\\ansicpg0",
            b"\\par",
        ),
        *(b"<div>", b"</p>", b"<!--", b"<![CDATA[", b"&#0;", b"&#xd800;", b"<script>", b"talus"),
        *(b"\xff\xfe", b"\xef\xbb\xbf", b"\x00", b"\xed\xa0\x80", b"<meta charset=x>"),
    ]
)
BYTES = st.one_of(st.binary(max_size=60), st.lists(PARTS, max_size=12).map(b"".join))
REASONS = {"type", "broken", "scan", "no_text", "not_fetched"}


def reason_of(data, content_type):
    """The reason why there is no text; "" when there is some."""
    try:
        text = text_of(data, content_type)
    except UnreadableResource as unreadable:
        return unreadable.reason
    return "" if text.strip() and text.encode() else "nothing"


@given(BYTES, TYPES)
def test_any_bytes_are_a_text_or_a_reason(data, content_type):
    assert reason_of(data, content_type) in {*REASONS, ""}


@given(st.text(max_size=30), TYPES)
def test_any_data_is_a_text_or_broken(data, content_type):
    try:
        decoded = decode_base64(data)
    except UnreadableResource as unreadable:
        reason = unreadable.reason
    else:
        reason = reason_of(decoded, content_type)

    assert reason in {*REASONS, ""}
