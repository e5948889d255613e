"""
Text out of HTML and XHTML, line by line as a person sees it.

The report reader stands on lines and headings, so a block becomes a line and what is inline stays
in its sentence. What a person does not see (scripts, hidden elements) is left out, and so is struck
text: an amended report strikes what no longer holds.
"""

import re
from collections import Counter
from typing import TYPE_CHECKING

from marrowd.errors import UnreadableResource
from marrowd.fhir import reasons

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
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)([^>]*+)")
_QUOTED = re.compile(r"\"[^\"]*+\"|'[^']*+'")
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_MOST_WORK = 100_000_000  # steps of the parser, 2 ns each; a report takes some ten thousand


def text_of_markup(markup: str | bytes) -> str:
    """
    Give the text of an HTML document or fragment; "" when there is none.

    Args:
        markup: as text; as bytes, the document's own charset declaration is followed.

    Raises:
        UnreadableResource: `broken`, when nobody could have meant it: what is open at once, or the
            attributes of one tag, would keep the parser busy for minutes.
    """
    if _work(markup if isinstance(markup, str) else markup.decode("latin-1")) > _MOST_WORK:
        raise UnreadableResource(reasons.BROKEN, "markup")
    # Imported here: most runs never meet HTML, and a start costs 30 ms less without.
    from selectolax.lexbor import LexborHTMLParser  # noqa: PLC0415

    root = LexborHTMLParser(markup).root
    if root is None:
        return ""
    parts: list[str] = []
    _collect(root, parts)
    blocks = (block.strip() for block in "".join(parts).translate(_UNSEEN).split(_EDGE))
    text = "\n".join(block for block in blocks if block)
    return "\n".join(_BLANKS.sub(" ", line).strip() for line in text.split("\n")).strip("\n")


def _work(markup: str) -> int:
    """
    Estimate from above what parsing costs.

    For each tag the parser walks through the elements that are open, and makes those anew that
    change the type; each attribute it compares with those before it in its tag.
    """
    work, depth = 0, 0
    is_open: Counter[str] = Counter()
    for tag in _TAG.finditer(markup):
        closing, name, rest = tag.groups()
        work += depth
        if rest:
            work += len(_QUOTED.sub("", rest).replace("/", " ").split()) ** 2
        if not closing:
            if name.lower() not in _VOID:
                is_open[name] += 1
                depth += 1
        elif is_open[name]:
            is_open[name] -= 1
            depth -= 1
    return work


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
    return "hidden" in attributes or any(
        _hides(*declaration.partition(":")[::2])
        for declaration in (attributes.get("style") or "").lower().split(";")
    )


def _hides(name: str, value: str) -> bool:
    """Say whether a declaration of a style keeps its element from being seen, or strikes it."""
    match name.strip():
        case "display":
            return value.strip().startswith("none")
        case "visibility":
            return value.strip().startswith("hidden")
        case "text-decoration" | "text-decoration-line":
            return "line-through" in value
        case _:
            return False
