"""Text out of attachments, or the reason why not."""

import base64
import contextlib
import time

import pytest
from tests.support.documents import pdf

from marrowd.errors import UnreadableResource
from marrowd.fhir.attachments import Content, attachment_text, attachment_urls, decode_base64
from marrowd.fhir.narratives import narrative
from marrowd.fhir.texts import MAX_BYTES, MAX_CHARACTERS, text_of

HTML = (
    "<html><head><title>Report</title><style>p {}</style></head><body><h2>FINDINGS</h2><p>Marrow "
    "<b>edema</b> in the\n   talus.<br>No fracture.</p><table><tr><th>Cuboid:</th><td>normal</td>"
    "</tr></table><del>Edema in the navicular.</del><p hidden>x</p><p style='display: none'>y</p>"
    "</body></html>"
)


@pytest.mark.parametrize(
    ("data", "content_type", "text"),
    [
        (b"Edema.\r\nNo.", "text/plain", "Edema.\r\nNo."),
        ("Ödem".encode(), "text/plain; charset=utf-8", "Ödem"),
        ("Ödem".encode("latin-1"), "text/plain;charset=ISO-8859-1", "Ödem"),
        ("Ödem".encode("cp1252"), "text/plain", "Ödem"),
        ("Ödem".encode("utf-16"), "text/plain", "Ödem"),
        (b"\xef\xbb\xbfOdem", "TEXT/PLAIN", "Odem"),
        (b"Odem", "text/plain; charset=hex", "Odem"),
        (b"Odem", "text/plain; charset=no-such", "Odem"),
        (b"Odem", "", "Odem"),
        (b"<p>Odem</p>", "", "Odem"),
        (
            HTML.encode(),
            "text/html",
            "FINDINGS\nMarrow edema in the talus.\nNo fracture.\nCuboid: normal",
        ),
        (
            b"<div xmlns='http://www.w3.org/1999/xhtml'>A<br/>B</div>",
            "application/xhtml+xml",
            "A\nB",
        ),
        (b"<pre>A\n  B</pre>", "text/html", "A\nB"),
        (b"FINDINGS:\nEdema &lt; 1 cm.", "text/html", "FINDINGS:\nEdema < 1 cm."),
        (b"<p>Ede&shy;ma<!-- no --> in<wbr> it</p>", "text/html", "Edema in it"),
        (b"<!DOCTYPE html><p>A</p><p>B</p>", "text/plain", "A\nB"),
        (rb"{\rtf1\ansi FINDINGS:\par Edema.\par}", "application/rtf", "FINDINGS:\nEdema.\n"),
        (rb"{\rtf1\ansi Edema.\par}", "text/plain", "Edema.\n"),
        (pdf("Edema in the talus."), "application/pdf", "Edema in the talus."),
        (pdf("Page one.", "Page two."), "application/octet-stream", "Page one.\nPage two."),
    ],
)
def test_text_is_found(data, content_type, text):
    assert text_of(data, content_type) == text


@pytest.mark.parametrize(
    ("data", "content_type", "reason"),
    [
        (b"", "text/plain", "no_text"),
        (b" \n ", "text/plain", "no_text"),
        (b"<p> </p>", "text/html", "no_text"),
        (bytes(range(32)) * 4, "text/plain", "broken"),
        (pdf(""), "application/pdf", "scan"),
        (pdf("Edema.")[:300], "application/pdf", "broken"),
        (b"no pdf", "application/pdf", "broken"),
        (b"no rtf", "application/rtf", "broken"),
        (b"\x89PNG\r\n\x1a\n", "image/png", "type"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "", "type"),
        (b"PK\x03\x04", "application/msword", "type"),
        (b"<ClinicalDocument/>", "application/hl7-cda+xml", "type"),
        (b"x" * (MAX_BYTES + 1), "text/plain", "broken"),
        (b"x" * (MAX_CHARACTERS + 1), "text/plain", "broken"),
    ],
)
def test_why_there_is_none(data, content_type, reason):
    with pytest.raises(UnreadableResource) as caught:
        text_of(data, content_type)

    assert caught.value.reason == reason


def test_html_nested_ten_thousand_deep_is_read():
    assert text_of(b"<div>" * 10_000 + b"talus", "text/html") == "talus"


def test_no_entity_of_a_document_is_looked_up(tmp_path):
    (tmp_path / "secret").write_text("hidden")
    declared = f'<!DOCTYPE html [<!ENTITY e SYSTEM "file://{tmp_path}/secret">]>'

    said = text_of(
        f"{declared}<html><body><p>a&e;b</p></body></html>".encode(), "application/xhtml+xml"
    )

    assert "hidden" not in said


TAKES_MINUTES = {
    "open at once": "<div>" * 40_000,
    "made anew": "".join(f"<b id={n}>" for n in range(20_000)) + "<p>x" * 20_000,
    "closed by nothing": "<b></p>" * 40_000,
    "attributes": "<p " + " ".join(f"a{n}" for n in range(40_000)) + ">",
    "blanks": "<pre>x" + " " * 200_000 + "x</pre>",
    "style": f'<p style="{"text-decoration" * 60_000}">x</p>',
}


@pytest.mark.parametrize("markup", TAKES_MINUTES.values(), ids=TAKES_MINUTES)
def test_no_markup_keeps_the_process(markup):
    began = time.process_time()

    with contextlib.suppress(UnreadableResource):
        text_of(markup.encode(), "text/html")
    narrative({"text": {"div": markup}})

    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "style",
    [
        "display:none",
        "color: red; DISPLAY : none",
        "visibility:hidden",
        "text-decoration: underline line-through",
        "text-decoration-line: line-through",
    ],
)
def test_what_a_style_hides_is_left_out(style):
    assert text_of(f'<p>a<b style="{style}">b</b></p>'.encode(), "text/html") == "a"


@pytest.mark.parametrize("style", ["display:block", "color:none", "line-through", ""])
def test_what_no_style_hides_is_kept(style):
    assert text_of(f'<p>a<b style="{style}">b</b></p>'.encode(), "text/html") == "ab"


def test_nothing_of_a_broken_pdf_is_logged(caplog, capsys):
    with pytest.raises(UnreadableResource):
        text_of(b"%PDF-1.4 Mustermann", "application/pdf")

    assert "Mustermann" not in caplog.text + capsys.readouterr().err


def form(**members):
    return {"contentType": "text/plain"} | members


@pytest.mark.parametrize(
    ("attachment", "text"),
    [
        (form(data="RWRlbWE="), "Edema"),
        (form(data="RWRl\r\n bWE="), "Edema"),
        (form(url="Binary/1"), "Fetched"),
        (form(url="#b"), "Inside"),
        (form(data="RWRlbWE=", url="Binary/9"), "Edema"),
    ],
)
def test_where_an_attachment_lies(attachment, text):
    report = {"contained": [{"resourceType": "Binary", "id": "b", "data": "SW5zaWRl"}]}
    fetched = {"Binary/1": Content(data=b"Fetched", content_type="")}

    assert attachment_text(attachment, report=report, attachments=fetched) == text


@pytest.mark.parametrize(
    ("attachment", "reason"),
    [
        (form(url="Binary/2"), "not_fetched"),
        (form(url="Binary/3"), "broken"),
        (form(url="#c"), "not_fetched"),
        (form(data="####"), "broken"),
        (form(data=5), "broken"),
        (form(), "no_text"),
        ({}, "no_text"),
    ],
)
def test_why_an_attachment_has_no_text(attachment, reason):
    with pytest.raises(UnreadableResource) as caught:
        attachment_text(attachment, report={}, attachments={"Binary/3": "broken"})

    assert caught.value.reason == reason


def test_what_the_server_says_of_the_type_beats_the_report():
    fetched = {"b": Content(data=b"<p>Edema</p>", content_type="text/html")}

    assert attachment_text(form(url="b"), report={}, attachments=fetched) == "Edema"


def test_only_what_is_not_inline_is_asked_for():
    report = {
        "presentedForm": [form(url="Binary/1"), form(data="x", url="Binary/2"), form(url="#b")]
    }

    assert list(attachment_urls(report)) == ["Binary/1"]


def test_base64_too_long_to_decode_is_broken():
    with pytest.raises(UnreadableResource):
        decode_base64(base64.b64encode(b"x" * (MAX_BYTES + MAX_BYTES // 8)).decode())
