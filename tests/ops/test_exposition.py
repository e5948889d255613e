"""What Prometheus scrapes is well named and well formed, by Prometheus's own tool."""

import pytest
from tests.ops.tools import promtool

pytestmark = [pytest.mark.ops, pytest.mark.asyncio(loop_scope="session")]

NO_UNIT = [  # the tool takes the vitamin's D for "days"; the name is public
    "marrowd_vitamin_d_results_total metric names should not contain abbreviated units"
]


async def test_the_exposition_is_clean(hospital):
    text = await hospital.metrics()

    ran = promtool("check", "metrics", given=text)

    assert (ran.stdout + ran.stderr).decode().splitlines() == NO_UNIT
