"""
The version of everything that decides how a text or a value is read.

Kept by hand for people, with the hash of the rule files behind it, so that a changed word never
goes by the version of the unchanged one.
"""

from functools import cache
from hashlib import sha256
from importlib.resources import files

_RELEASE = "2026.11.0"
_HASH_CHARACTERS = 8


@cache
def rules_version() -> str:
    """Say the release and the hash of all rule files; line ends do not count."""
    digest = sha256()
    folder = files(__package__)
    rules = (entry for entry in folder.iterdir() if entry.name.endswith(".toml"))
    for entry in sorted(rules, key=lambda entry: entry.name):
        text = entry.read_text(encoding="utf-8").replace("\r\n", "\n")
        digest.update(f"{entry.name}\n{text}\n".encode())
    return f"{_RELEASE}+{digest.hexdigest()[:_HASH_CHARACTERS]}"


RULES_VERSION = rules_version()
