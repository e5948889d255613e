"""
Text from a report or an EHR is data: here it is made harmless for a Markdown and HTML reader.

A card's detail is GitHub-flavoured Markdown that some clients render with raw HTML allowed, so a
report must not be able to put a link, an image, a tag or a heading into it (rules.md section 4).
Three steps, and the order matters: characters nobody can see are dropped first, because they would
hide a link from the second step; links are removed second, because an escaped link could still be
found by a client that looks for addresses in the rendered words; what remains is escaped last.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

LINK_REMOVED: Final = "[link removed]"

# What shows that a word is an address, for a GitHub-flavoured parser or a client that looks for
# addresses: a scheme with "//", the schemes that work without, `www.`, an e-mail address, a host
# under a common top-level domain. Each begins with its telling part, so that the search is linear.
_ANCHOR: Final = re.compile(
    r"""
      ://
    | (?:mailto|xmpp|javascript|vbscript):(?=\S)
    | data:\w+/
    | www\d{0,3}\.
    | @[\w-]+(?:\.[\w-]+)+
    | \.(?:com|org|net|edu|gov|mil|info|biz|io|dev|app|xyz|example)(?!\w)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_WORD: Final = re.compile(r"\S+")
_OPENING: Final = frozenset("([{<\"',;:|")  # what can stand before an address within one word
_CLOSING: Final = ".,;:!?)]}>\"'"  # what ends the sentence rather than the address

# "(" or ":" directly behind the marker would make it an inline link or a link definition.
_BEHIND_MARKER: Final = re.compile(r"(\[link removed\])(?=[(:\[])")

# A mention is found after rendering, so no backslash helps; "//host" is a link without a scheme.
_NEUTRAL: Final = ((re.compile(r"@(?=\S)"), "@ "), (re.compile(r"/(?=/)"), "/ "))
_SPECIAL: Final = re.compile(r"[\\`*_{}\[\]<>&~|#!^$]")
_ENTITY: Final = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
# A host that is none of the common ones: "evil.ch", but also "edema.No" where a blank is missing.
_HOST_DOT: Final = re.compile(r"(?<=\w)\.(?=[^\W\d_]{2})")
# Most sentences hold nothing of the above; they are told by one look and returned as they are.
_HARMLESS: Final = re.compile(
    r"""
    (?! [-+=\s] | \d{1,9}[.)](?:[ ]|\Z) )
    (?:
        [A-Za-z0-9,;()%'"-]
      | [ ](?![ ]|\Z)
      | /(?!/)
      | (?<=\d)\.(?=\d)
      | (?<!www)\.(?=[ ]|\Z)
    )+
    """,
    re.VERBOSE,
)
# What opens a list, a rule or a heading when it stands first in a line.
_LEADING: Final = re.compile(r"^(?:(\d{1,9})(?=[.)](?: |\Z))|(?=[-+=]))")


def visible(text: str) -> str:
    """Drop what cannot be seen (control, bidi, zero-width) and fold every blank into one space."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(
            " " if char.isspace() else char
            for char in text
            # "C": control, format (bidi marks, zero-width), surrogate, private use, unassigned.
            if char.isspace() or not unicodedata.category(char).startswith("C")
        )
    return " ".join(text.split())


def without_links(text: str) -> str:
    """Replace each URL, `www.` host, bare host and e-mail address by `[link removed]`."""
    return _WORD.sub(_without_link, text) if _ANCHOR.search(text) else text


def _without_link(match: re.Match[str]) -> str:
    word = match.group()
    anchor = _ANCHOR.search(word)
    if anchor is None:
        return word
    start = anchor.start()
    while start and word[start - 1] not in _OPENING:
        start -= 1
    return word[:start] + LINK_REMOVED + word[len(word.rstrip(_CLOSING)) :]


def escaped(text: str) -> str:
    """
    Make *text* of a report or an EHR fit to stand in one line of Markdown.

    Returns:
        One line that renders as the same words, without any link, image, tag or block of its own.
        The marker `[link removed]` stays unescaped: nothing can follow that would make it a link.
    """
    if _HARMLESS.fullmatch(text):
        return text
    parts = without_links(visible(text)).split(LINK_REMOVED)
    joined = LINK_REMOVED.join([_HOST_DOT.sub(r"\\.", _inline(_neutral(part))) for part in parts])
    return _LEADING.sub(r"\1\\", _BEHIND_MARKER.sub(r"\1 ", joined))


@lru_cache(maxsize=64)  # the few settings of a site, on every card
def escaped_setting(text: str) -> str:
    """
    Escape *text* that the site's own configuration gave, such as the source of a policy.

    A site may cite its source by address, so addresses stay. For the middle of a line only.
    """
    return _inline(visible(text))


def _neutral(text: str) -> str:
    for pattern, replacement in _NEUTRAL:
        text = pattern.sub(replacement, text)
    return text


def _inline(text: str) -> str:
    return _SPECIAL.sub(lambda match: _ENTITY.get(match.group(), "\\" + match.group()), text)
