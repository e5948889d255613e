"""The chart under the tools that a platform team holds against it."""

import json
import subprocess

import kubernetes_validate
import pytest
from tests.ship.tools import CHART, KUBERNETES, SCENARIOS, helm, rendered, text_of, tool, values_of

pytestmark = pytest.mark.ship
_OF_OPERATORS = {"ServiceMonitor", "PrometheusRule"}  # no schema of Kubernetes' own
_CRITICAL = 1  # kube-score's grade of a critical finding; 5 a warning, 10 fine


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_helm_finds_nothing_to_complain_about(scenario):
    said = helm("lint", "--strict", str(CHART), "-f", values_of(scenario)).stdout

    assert "0 chart(s) failed" in said


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_object_is_valid_to_the_letter(scenario):
    kinds = set()
    for each in rendered(scenario):
        kinds.add(each["kind"])
        if each["kind"] not in _OF_OPERATORS:
            kubernetes_validate.validate(each, KUBERNETES, strict=True)

    assert {"Deployment", "Service", "ConfigMap", "NetworkPolicy"} <= kinds


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_kube_score_finds_nothing_critical(scenario):
    done = subprocess.run(
        [tool("kube-score"), "score", "--output-format", "json", "-"],
        input=text_of(scenario),
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    scored = json.loads(done.stdout)

    critical = [
        (one["object_name"], check["check"]["name"])
        for one in scored
        for check in one["checks"]
        if check["grade"] == _CRITICAL and not check["skipped"]
    ]
    assert scored
    assert critical == []
