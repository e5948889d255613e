"""
Reads texts with the reader as it is written: a JSON list on stdin, what was read on stdout.

    PYTHONPATH=service python -m tests.compiled.reading
"""

import json
import sys

from marrowd.core.reader import IS_COMPILED, Reader, explain
from marrowd.rules.vocabulary import load_vocabulary


def main() -> None:
    assert not IS_COMPILED
    reader = Reader(load_vocabulary())
    texts = json.load(sys.stdin)
    json.dump([repr((reader.read(text), explain(reader, text))) for text in texts], sys.stdout)


if __name__ == "__main__":
    main()
