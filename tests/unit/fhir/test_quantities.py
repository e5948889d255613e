"""Values as texts: no text takes long to refuse."""

import time

import pytest

from marrowd.core.facts import Analyte
from marrowd.errors import UnreadableResource
from marrowd.fhir.quantities import amount

BLANKS = " " * 50_000


@pytest.mark.parametrize(
    "text", [f"{BLANKS}x", f"<{BLANKS}x", f"14{BLANKS}5", f"14 ng/mL{BLANKS}x"]
)
def test_no_run_of_blanks_keeps_the_process(text):
    began = time.process_time()

    with pytest.raises(UnreadableResource):
        amount({"valueString": text}, analyte=Analyte.TOTAL)

    assert time.process_time() - began < 2
