"""
Whose a log line is, said so that lines of one patient can be found together and nobody by them.

Code names the patient to the log; the log alone turns it into a pseudonym, or leaves it out where
no key is configured. What carries the name there shows nothing of itself.
"""

import hmac
from dataclasses import dataclass

_CHARACTERS = 32  # 128 bits: no two patients share one


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Whose:
    """The patient that a line is about; its `repr` is Python's own, without a field."""

    source: str  # ids are a server's own
    patient: str


def pseudonym(whose: Whose, *, key: bytes) -> str:
    """Give the HMAC-SHA256 of a patient, in hexadecimal, the same for each line."""
    named = f"{whose.source}\n{whose.patient}".encode("utf-8", "surrogatepass")
    return hmac.digest(key, named, "sha256").hex()[:_CHARACTERS]
