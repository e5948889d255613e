"""
The parsers under atheris: `python -m tests.fuzz.parsers NAME [libFuzzer]`.

`make test-ship` gives each some thousand inputs; give one hours with `-max_total_time=3600`.
"""

import sys

import atheris

with atheris.instrument_imports(include=["marrowd"]):
    from tests.fuzz.targets import TARGETS

    from marrowd.errors import BadInput


def main() -> None:
    """Feed one parser until libFuzzer's bounds are reached."""
    target = TARGETS[sys.argv.pop(1)]

    def one(data: bytes) -> None:
        try:
            target(data)
        except BadInput:
            return

    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
