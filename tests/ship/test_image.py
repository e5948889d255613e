"""The image file and the trial, without an engine: linted, and held against what they start."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from tests.ship.tools import ROOT

from marrowd.cli.configuration import check_command
from marrowd.cli.exits import Exit
from marrowd.settings import load_settings

pytestmark = pytest.mark.ship
CONTAINERFILE = ROOT / "deploy" / "Containerfile"
TEXT = CONTAINERFILE.read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
TRIAL = ROOT / "deploy" / "trial"


def test_hadolint_finds_nothing():
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [hadolint, CONTAINERFILE], check=False, capture_output=True, text=True, timeout=60
    )

    assert (done.returncode, done.stdout) == (0, "")


def test_what_runs_is_a_stage_of_its_own_without_rights():
    stages = TEXT.split("\nFROM ")
    last = stages[-1]

    assert len(stages) == 3
    assert [line for line in TEXT.splitlines() if line.startswith(("FROM", "ARG"))] == [
        "ARG BASE=docker.io/library/python:3.13-slim",
        "ARG BUILDER=${BASE}",
        "FROM ${BUILDER} AS build",
        "ARG COMPILE=",  # nothing is compiled unless it is asked for
        "FROM ${BASE}",
    ]
    [user] = re.findall(r"^USER (\d+):(\d+)$", last, re.MULTILINE)
    assert min(map(int, user)) > 10_000
    assert "pip install" not in last
    assert "apt-get" not in TEXT


def test_what_the_image_sets_is_understood():
    pairs = re.findall(r"\b(MARROWD_\w+)=(\S+)", TEXT)
    settings = load_settings(None, environ=dict(pairs))

    assert len(pairs) == 3
    assert settings.http.ops_host == settings.http.host == "0.0.0.0"


def test_what_the_image_takes_away_is_what_only_builds_need():
    [parts] = re.findall(r"pip uninstall --yes (.*) \\", TEXT)
    locked = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {re.split(r"[\[><=; ]", name)[0].lower() for name in project["dependencies"]}

    for name in set(parts.split()) - {"pip", "setuptools"}:  # these came with the environment
        assert re.search(rf"^{name}==", locked, re.MULTILINE)
        assert name not in needed


def test_the_build_sees_only_what_it_copies():
    lines = (ROOT / ".containerignore").read_text(encoding="utf-8").splitlines()
    allowed = {line[1:] for line in lines if line.startswith("!")}
    copied = {
        word.removeprefix("./")
        for line in re.findall(r"^COPY (?!--)(.*)$", TEXT, re.MULTILINE)
        for word in line.split()[:-1]
    }

    assert lines[0] == "*"
    assert allowed == copied
    assert (ROOT / ".dockerignore").read_bytes() == (ROOT / ".containerignore").read_bytes()


def test_the_trial_is_for_this_machine_alone():
    ports = [port for service in COMPOSE["services"].values() for port in service.get("ports", ())]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_trial_runs_the_service_as_a_cluster_would():
    ours = COMPOSE["services"]["marrowd"]

    assert ours["read_only"] is True
    assert ours["cap_drop"] == ["ALL"]
    assert ours["security_opt"] == ["no-new-privileges:true"]
    images = [service["image"] for service in COMPOSE["services"].values()]
    assert all(":" in image and not image.endswith(":latest") for image in images)


def test_everything_that_the_trial_mounts_is_there():
    for service in COMPOSE["services"].values():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (ROOT / "deploy" / source).exists(), source


def test_the_trials_configuration_is_sound(capsys):
    assert check_command(TRIAL / "marrowd.toml") is Exit.FINE
    notes = [line for line in capsys.readouterr().err.splitlines() if line.startswith("note")]
    assert notes  # a trial is in clear text; nothing else is wrong with it
    assert [note for note in notes if "clear" not in note] == []


def test_the_trials_patient_does_not_age():
    recency = load_settings(TRIAL / "marrowd.toml", {}).policy.recency

    assert recency.days > 50 * 365


def test_prometheus_and_grafana_of_the_trial_find_each_other():
    prometheus = yaml.safe_load((TRIAL / "prometheus.yaml").read_text(encoding="utf-8"))
    [target] = prometheus["scrape_configs"][0]["static_configs"][0]["targets"]
    source = yaml.safe_load((TRIAL / "grafana-datasource.yaml").read_text(encoding="utf-8"))

    assert target.split(":")[0] in COMPOSE["services"]
    assert source["datasources"][0]["url"].split("/")[2].split(":")[0] in COMPOSE["services"]


def test_the_trials_call_is_about_the_trials_patient():
    call = json.loads((TRIAL / "call.json").read_text(encoding="utf-8"))
    bundle = json.loads((TRIAL / "patient.json").read_text(encoding="utf-8"))

    ids = [entry["resource"]["id"] for entry in bundle["entry"]]
    assert call["context"]["patientId"] in ids
