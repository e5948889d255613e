"""
Reads a radiologist's prose: which bone, which side, really there or only considered, now or before.

Knows words, sentences and bones. Must not know where a text came from, or what is done with it.
How a text goes through it, and where a new wording belongs: docs/adr/0005-report-reader.md.
"""

from marrowd.core.reader import scan
from marrowd.core.reader.explain import Explanation, explain
from marrowd.core.reader.precedence import fold
from marrowd.core.reader.read import Reader
from marrowd.core.reader.vocabulary import Vocabulary

IS_COMPILED = not scan.__file__.endswith(".py")
"""Whether this is the reader of a wheel built with a compiler (ADR 16); it reads the same."""

__all__ = ["IS_COMPILED", "Explanation", "Reader", "Vocabulary", "explain", "fold"]
