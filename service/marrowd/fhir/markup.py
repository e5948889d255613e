"""
Text out of HTML and XHTML, line by line as a person sees it.

The report reader stands on lines and headings, so a block becomes a line and what is inline stays
in its sentence. What a person does not see (scripts, hidden elements) is left out, and so is struck
text: an amended report strikes what no longer holds.
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_SKIPPED = frozenset(
    "script style head title template noscript object embed iframe svg del s strike".split()
)
_BLOCKS = frozenset(
    (
        "address article aside blockquote body caption center dd div dl dt fieldset figcaption"
        " figure footer form h1 h2 h3 h4 h5 h6 header hr html legend li main nav ol p pre section"
        " table tbody tfoot thead tr ul"
    ).split()
)
_CELLS = frozenset({"td", "th"})
_BLANKS = re.compile(r"[ \t\r\n\f\u00a0]+")
# Soft hyphens and zero-width signs stand inside words.
_UNSEEN = str.maketrans("", "", "\u00ad\u200b\u2060\ufeff")
_EDGE = "\x1e"  # a block begins or ends: several in a row are one new line
_EDGES = re.compile(r"\s*\x1e[\s\x1e]*")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|text-decoration[^;]*line-through")


def text_of_markup(markup: str | bytes) -> str:
    """
    Give the text of an HTML document or fragment; "" when there is none.

    Args:
        markup: as text; as bytes, the document's own charset declaration is followed.
    """
    # Imported here: most runs never meet HTML, and a start costs 30 ms less without.
    from selectolax.lexbor import LexborHTMLParser  # noqa: PLC0415

    root = LexborHTMLParser(markup).root
    if root is None:
        return ""
    parts: list[str] = []
    _collect(root, parts)
    text = _EDGES.sub("\n", "".join(parts).translate(_UNSEEN))
    return "\n".join(_BLANKS.sub(" ", line).strip() for line in text.split("\n")).strip("\n")


def _collect(root: "LexborNode", parts: list[str]) -> None:
    """Walk without recursion: a document may be nested ten thousand deep."""
    waiting: list[LexborNode | str] = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            parts.append(node)
            continue
        tag = node.tag or ""
        if tag == "-text":
            parts.append(_text(node))
            continue
        if tag in _SKIPPED or _is_hidden(node):
            continue
        if tag == "br":
            parts.append("\n")
        elif tag in _BLOCKS:
            parts.append(_EDGE)
            waiting.append(_EDGE)
        elif tag in _CELLS:
            waiting.append(" ")
        children = list(node.iter(include_text=True))
        waiting.extend(reversed(children))


def _text(node: "LexborNode") -> str:
    said = (node.text_content or "").replace(_EDGE, " ")
    parent = node.parent
    if parent is not None and parent.tag == "pre":
        return said
    return _BLANKS.sub(" ", said)


def _is_hidden(node: "LexborNode") -> bool:
    if node.tag is None or node.tag.startswith(("-", "#", "!")):
        return False
    attributes = node.attributes
    return "hidden" in attributes or _HIDDEN.search(attributes.get("style") or "") is not None
