"""
No text of a report or an EHR can put a link, an image, HTML or a block of its own into a card.

Judged by a real parser of GitHub-flavoured Markdown; what that parser leaves to an extension (bare
addresses, mentions, footnotes, tables inside text) is looked for in the words it renders.
"""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from tests.support.verdicts import finding, level, report, result, verdict

from marrowd.core.card_text import detail
from marrowd.core.escaping import LINK_REMOVED, escaped, visible
from marrowd.core.reading import Certainty
from marrowd.core.verdict import VerdictKind

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
ALLOWED_BLOCKS = {"paragraph_open", "paragraph_close", "inline"}
ALLOWED_INLINE = {"text", "text_special", "softbreak"}
# What GFM's autolink extension, or a linkifying client, would take for an address.
ADDRESS = re.compile(
    r"""(?ix)
      [a-z][a-z0-9+.-]*://
    | (?<!\w)//\w
    | (?:mailto|xmpp|javascript|vbscript):\S
    | www\d{0,3}\.\S
    | [\w.+-]@[\w-]+\.[\w-]
    | @\w
    | \w\.(?:com|org|net|edu|gov|mil|info|biz|io|dev|app)\b
    """
)
HOSTILE = [
    "http://evil.example/x",
    "HTTPS://EVIL.EXAMPLE",
    "ftp://evil.example.",
    "www.evil.example",
    "WWW.evil.com/a(b)",
    "ww\u200bw.evil.com",
    "ht\u00adtp://evil.com",
    "\u202ewww.evil.com",
    "a@evil.example",
    "mailto:a@evil.example",
    "xmpp:a@evil.example/x",
    "evil.com",
    "evil.com/path?a=b&c=d",
    "//evil.com",
    "//localhost",
    "<http://evil.com>",
    "<a@evil.com>",
    "[a](http://evil.com)",
    "[a](x)",
    "[a][b]",
    "[a]: http://evil.com",
    "[link removed]: x",
    "[link removed](x)",
    "a@b.co: x",
    "a@b.co(x)",
    "a@b.co[x]",
    "![i](x)",
    "![i](data:image/png;base64,AAAA)",
    "!http://evil.com(x)",
    "<b>x</b>",
    "<img src=x onerror=alert(1)>",
    "<!-- x -->",
    "<script>alert(1)</script>",
    "&lt;b&gt;",
    "&#60;b&#62;",
    "&colon;//evil.com",
    "# x",
    "#x",
    "- x",
    "+ x",
    "* x",
    "1. x",
    "1) x",
    "---",
    "===",
    "***",
    "    x",
    "\tx",
    "```x```",
    "~~~",
    "`x`",
    "~~x~~",
    "**x** _y_ __z__",
    "> x",
    "a|b",
    "|a|b|\n|-|-|\n|c|d|",
    "[^1]",
    "[^1]: x",
    "@user",
    "@org/team",
    "- [ ] x",
    "$x$",
    "a\nb\n\n# c",
    "a\\",
    "\\[a](b)",
    "\x00\x1b[31m",
    "\ud800",
    "\u2028# x",
    "\u0085- x",
]
TEXT = st.lists(
    st.one_of(
        st.sampled_from(HOSTILE),
        st.sampled_from(list("<>[]()!@#|`~*_:/.\\&;\"'-+= \n")),
        st.text(max_size=8),
    ),
    max_size=8,
).map("".join)


class Words(HTMLParser):
    """The words that a browser would show, and every tag it would see."""

    def __init__(self):
        super().__init__()
        self.words, self.tags = "", []

    def handle_starttag(self, tag, _):
        self.tags.append(tag)

    def handle_data(self, data):
        self.words += data

    def handle_comment(self, data):
        self.tags.append(data)


def tokens(text):
    for token in MARKDOWN.parse(text):
        yield token
        yield from token.children or ()


def words_of(text):
    seen = Words()
    seen.feed(MARKDOWN.render(text))
    seen.close()
    return seen.words


def every(cases):
    def wrap(test):
        for case in cases:
            test = example(case)(test)
        return test

    return wrap


@every(HOSTILE)
@given(TEXT)
def test_text_stays_text_alone(text):
    found = {token.type for token in tokens(escaped(text))}

    assert found <= ALLOWED_BLOCKS | ALLOWED_INLINE


@every(HOSTILE)
@given(TEXT)
def test_text_stays_text_between_quotation_marks(text):
    found = {token.type for token in tokens(f'"{escaped(text)}"')}

    assert found <= ALLOWED_BLOCKS | ALLOWED_INLINE


@every(HOSTILE)
@given(TEXT)
def test_no_address_is_left_in_the_words(text):
    words = words_of(escaped(text))

    assert not ADDRESS.search(words), words


@every(HOSTILE)
@given(TEXT)
def test_a_client_that_shows_markdown_as_html_sees_no_tag(text):
    """Some clients put the text into a page without parsing Markdown first."""
    seen = Words()
    seen.feed(escaped(text))
    seen.close()

    assert not seen.tags


@every(HOSTILE)
@given(TEXT)
def test_text_is_one_line_that_can_be_sent(text):
    line = escaped(text)

    assert line.isprintable()
    assert line.encode().decode() == line


@every(HOSTILE)
@given(TEXT)
def test_every_marker_is_alone(text):
    """Nothing may stand behind the marker that would make a link of it."""
    assert not re.search(re.escape(LINK_REMOVED) + r"[(:\[]", escaped(text))


@given(
    st.text(
        st.characters(codec="ascii", categories=["L", "N"], include_characters=" ,"), max_size=80
    )
)
def test_plain_words_stay_as_they_are(text):
    assert escaped(text) == visible(text)


@every(HOSTILE)
@given(TEXT)
def test_a_hostile_report_changes_nothing_but_words(text):
    """The whole card with hostile text in every place that text can reach keeps its shape."""
    shape = [token.type for token in tokens(hostile_card("x")) if token.type not in ALLOWED_INLINE]
    found = [token.type for token in tokens(hostile_card(text)) if token.type not in ALLOWED_INLINE]

    assert found == shape


def hostile_card(text):
    governing = level(status=text, ref=f"Observation/{text}", version=text)
    return detail(
        verdict(
            governing=governing,
            latest=level(ref="Observation/2", status=text),
            report=report(
                finding(text=f"a {text}"),
                finding(text=f"b {text}", certainty=Certainty.POSSIBLE),
                status=text,
                ref=text,
                version=text,
            ),
        )
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_what_could_not_be_classified_is_data_too(text):
    told = detail(
        verdict(
            VerdictKind.VITAMIN_D_INDETERMINATE,
            unclassifiable=(result("40", comparator="<", status=f"s {text}"),),
        )
    )

    assert {token.type for token in tokens(told)}.isdisjoint({"link_open", "image", "html_inline"})
    assert not ADDRESS.search(words_of(told))
