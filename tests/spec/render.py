"""
Write docs/truth-tables.md from the tables that the tests run (`make spec`).

Usage: python tests/spec/render.py [--check]
"""

import argparse
import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "truth-tables.md"
# In the order of a reader: a result, a report, both together, what is done with it.
CHAPTERS = (
    ("Vitamin D results", ("test_levels", "test_draws", "test_versions", "test_time")),
    ("MRI reports", ("test_reports", "test_superseding")),
    ("The verdict", ("test_governing", "test_verdicts", "test_patterns", "test_recheck")),
    ("What is posted", ("test_posting", "test_identity")),
)
HEAD = """\
# Truth tables

Written by `make spec` from the tests in `tests/spec/core`; each row is a test that runs in
`make test`. Do not edit this page: change the test.

How to read a cell: `result 14 ng/mL @-20` is a final 25(OH)D total taken 20 days before now,
`@2025` a date of which only the year is known, `@?` an unreadable one.
`report @-10 left foot: talus affirmed` is a final report on an MRI of the left foot that affirms
marrow edema in the talus (a bone alone is affirmed). `study S` is an ImagingStudy, `panel=` the
DiagnosticReport that lists a result, `v=` a version. Unless a table says otherwise the policy is
`endocrine-2011`, recency 365 days, the window 180 days before to 90 days after the study.
"""


def page() -> str:
    """Give the whole page."""
    for folder in (ROOT, ROOT / "service"):
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    tables = importlib.import_module("tests.spec.tables")
    lines = [HEAD]
    for title, modules in CHAPTERS:
        lines += [f"## {title}", ""]
        for name in modules:
            module = importlib.import_module(f"tests.spec.core.{name}")
            for value in vars(module).values():
                if isinstance(value, tables.Table):
                    lines += [*value.page(), ""]
    return "\n".join(lines).rstrip() + "\n"


def main() -> int:
    """Write the page, or say whether the one that is there is current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if out of date")
    check = parser.parse_args().check
    made = page()
    if check:
        return int(not PAGE.exists() or PAGE.read_text(encoding="utf-8") != made)
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
