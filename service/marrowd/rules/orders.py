"""The orders at whose signing a card is shown, as look-up tables: `orders.toml`."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("orders.toml")


class DrugKind(StrEnum):
    """What a medication is, as far as it matters at signing."""

    VITAMIN_D = "vitamin_d"
    ANTIRESORPTIVE = "antiresorptive"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRules:
    """Codes and words that make an order one of bone, foot or vitamin D."""

    systems: Mapping[str, str]  # URI -> name
    codes: Mapping[tuple[str, str], DrugKind]  # (system name, code)
    prefixes: Mapping[tuple[str, str], DrugKind]
    words: tuple[tuple[re.Pattern[str], DrugKind], ...]
    not_words: re.Pattern[str]

    def of_code(self, uri: str, code: str) -> DrugKind | None:
        """Say what a coded medication is."""
        name = self.systems.get(uri, "")
        exactly = self.codes.get((name, code))
        if exactly is not None:
            return exactly
        matches = (
            kind
            for (system, prefix), kind in self.prefixes.items()
            if system == name and code.startswith(prefix)
        )
        return next(matches, None)

    def of_name(self, name: str) -> DrugKind | None:
        """Say what a medication is by its name."""
        if self.not_words.search(name):
            return None
        return next((kind for pattern, kind in self.words if pattern.search(name)), None)


@cache
def load_order_rules() -> OrderRules:
    """Read the tables, once."""
    rows = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    codings = [(row["system"], row["code"], DrugKind(row["kind"])) for row in rows["coding"]]
    return OrderRules(
        systems={uri: name for name, uris in rows["systems"].items() for uri in uris},
        codes={(system, code): kind for system, code, kind in codings if code[-1] != "*"},
        prefixes={(system, code[:-1]): kind for system, code, kind in codings if code[-1] == "*"},
        words=tuple((_any_of(row["words"]), DrugKind(row["kind"])) for row in rows["word"]),
        not_words=_any_of(word for row in rows["not_word"] for word in row["words"]),
    )


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    # Longest first, a blank stands for any run of blanks or hyphens; plain words, no backtracking.
    parts = (re.escape(word).replace(r"\ ", r"[\s-]+") for word in sorted(words, key=len)[::-1])
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)", re.IGNORECASE)
