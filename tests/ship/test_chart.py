"""What the chart promises, looked for in what it renders."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from deploy.grafana import build as dashboards
from deploy.prometheus import build as rules
from tests.ship.tools import (
    CHART,
    SCENARIOS,
    containers,
    of_kind,
    pods,
    refused,
    rendered,
    text_of,
)

from marrowd.settings import load_settings

pytestmark = pytest.mark.ship
SCHEMA = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_pods_meet_the_restricted_standard(scenario):
    for pod in pods(rendered(scenario)):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
        kinds = {next(iter(set(volume) - {"name"})) for volume in pod["volumes"]}
        assert kinds <= {"emptyDir", "secret", "configMap", "persistentVolumeClaim"}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_containers_can_do_nothing_but_their_work(scenario):
    for container in containers(rendered(scenario)):
        security = container["securityContext"]
        assert security["runAsUser"] > 10_000
        assert security["runAsGroup"] > 10_000
        assert security["readOnlyRootFilesystem"] is True
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}
        for bound in ("requests", "limits"):
            assert set(container["resources"][bound]) == {"cpu", "memory", "ephemeral-storage"}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_secrets_are_files_and_never_variables(scenario):
    objects = rendered(scenario)

    assert of_kind(objects, "Secret") == []
    for container in containers(objects):
        assert all("valueFrom" not in variable for variable in container["env"])
        assert "envFrom" not in container
        for mount in container["volumeMounts"]:
            assert mount.get("readOnly") or mount["name"] in {"tmp", "data"}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_three_probes_are_three_questions(scenario):
    for deployment in of_kind(rendered(scenario), "Deployment"):
        [container] = deployment["spec"]["template"]["spec"]["containers"]
        startup, live, ready = (
            container[f"{name}Probe"] for name in ("startup", "liveness", "readiness")
        )

        assert live["httpGet"]["path"] == startup["httpGet"]["path"] == "/livez"  # no database
        assert ready["httpGet"]["path"] == "/readyz"
        assert startup["failureThreshold"] * startup["periodSeconds"] >= 60
        assert startup != live


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_pod_has_time_to_drain(scenario):
    for deployment in of_kind(rendered(scenario), "Deployment"):
        pod = deployment["spec"]["template"]["spec"]
        [container] = pod["containers"]
        before = container["lifecycle"]["preStop"]["sleep"]["seconds"]

        assert before + 25 + 5 < pod["terminationGracePeriodSeconds"]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_service_understands_what_it_is_given(scenario, tmp_path):
    objects = rendered(scenario)
    [config] = [o for o in of_kind(objects, "ConfigMap") if "marrowd.toml" in o["data"]]
    secrets = tmp_path / "secrets"
    (secrets / "hospital").mkdir(parents=True)
    for name in ("notification", "fhir-token", "webhook"):
        (secrets / "hospital" / name).write_text("whsec_0123456789abcdef", encoding="utf-8")
    (secrets / "store").mkdir()
    (secrets / "store" / "url").write_text("postgresql://u:p@db/marrowd", encoding="utf-8")
    path = tmp_path / "marrowd.toml"
    path.write_text(config["data"]["marrowd.toml"].replace("/run/secrets", str(secrets)))

    for container in containers(objects):
        environ = {v["name"]: v["value"] for v in container["env"] if v["name"] != "MARROWD_CONFIG"}
        moved = {k: v.replace("/run/secrets", str(secrets)) for k, v in environ.items()}
        settings = load_settings(path, environ=moved)
        if "serve" in container["args"]:
            assert settings.http.public_url == "https://marrowd.example.org"
            assert {p["containerPort"] for p in container["ports"]} <= {8080, 9090}
        is_sqlite = settings.store.url.get_secret_value().startswith("sqlite:////var/lib/marrowd/")
        assert is_sqlite is bool(
            [m for m in container["volumeMounts"] if m["mountPath"] == "/var/lib/marrowd"]
        )


@pytest.mark.parametrize("scenario", ["sqlite", "own"])
def test_sqlite_is_one_replica_with_a_volume(scenario):
    objects = rendered(scenario)
    [deployment] = of_kind(objects, "Deployment")
    [volume] = [v for v in deployment["spec"]["template"]["spec"]["volumes"] if v["name"] == "data"]

    assert deployment["spec"]["replicas"] == 1
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}
    claims = [claim["metadata"]["name"] for claim in of_kind(objects, "PersistentVolumeClaim")]
    name = volume["persistentVolumeClaim"]["claimName"]
    assert name in claims if scenario == "sqlite" else name == "marrowd-data"
    assert of_kind(objects, "Job") == []  # it could not reach the file: an init container migrates
    [first] = deployment["spec"]["template"]["spec"]["initContainers"]
    assert first["args"] == ["db", "upgrade"]


@pytest.mark.parametrize(
    "setting", ["web.replicas=2", "mode=apart", "web.autoscaling.enabled=true"]
)
def test_sqlite_refuses_more(setting):
    assert setting.partition("=")[0].split(".")[-1] in refused("sqlite", setting)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("store.existingSecret=", "store.existingSecret"),
        ("publicUrl=", "publicUrl"),
        ("publicUrl=marrowd.example.org", "publicUrl"),
        ("config=[http]", "given by the chart"),
        ('config=notification_secret = "0123456789abcdef"', "clear text"),
        ("config=token='x'", "clear text"),
        ("image.tag=latest", "image"),
        ("image.digest=sha256:1", "image"),
        ("replicaCount=2", "replicaCount"),
        ("web.replica=2", "replica"),
        ("web.replicas=0", "replicas"),
        ("store.kind=mysql", "kind"),
        ("secrets[0].name=store", "secrets"),
        ("serviceAccount.create=false", "serviceAccount.name"),
        ("networkPolicy.opsFrom=null", "opsFrom"),
    ],
)
def test_values_that_contradict_or_are_misspelt_are_refused(setting, said):
    if setting == "networkPolicy.opsFrom=null":
        setting = "networkPolicy.opsFrom[0].nameSpace=x"
    assert said in refused("postgresql", setting)


def test_every_level_of_the_values_is_closed():
    passed_on = {"global", "podSelector", "namespaceSelector"}

    def open_ones(schema, place):
        if schema.get("type") == "object" and "additionalProperties" not in schema:
            yield place
        for name, each in schema.get("properties", {}).items():
            yield from open_ones(each, f"{place}.{name}")
        if isinstance(schema.get("items"), dict):
            yield from open_ones(schema["items"], f"{place}[]")

    assert [p for p in open_ones(SCHEMA, "") if p.rpartition(".")[2] not in passed_on] == []


def test_every_value_has_a_default_and_every_default_fits():
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    jsonschema.validate(values, SCHEMA)

    assert set(SCHEMA["properties"]) - {"global"} == set(values)


def test_the_migration_goes_first_and_knows_the_store_alone():
    objects = rendered("postgresql")
    [job] = of_kind(objects, "Job")
    [container] = job["spec"]["template"]["spec"]["containers"]

    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert container["args"] == ["db", "upgrade"]
    assert {mount["name"] for mount in container["volumeMounts"]} == {"store", "tmp"}
    assert "serviceAccountName" not in job["spec"]["template"]["spec"]  # not there yet
    assert of_kind(rendered("postgresql", "store.migrate=false"), "Job") == []


def test_apart_is_two_deployments_of_which_one_listens():
    deployments = {
        o["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"]: o
        for o in of_kind(rendered("apart"), "Deployment")
    }
    ports = {
        name: {port["name"] for port in o["spec"]["template"]["spec"]["containers"][0]["ports"]}
        for name, o in deployments.items()
    }

    assert ports == {"web": {"http", "ops"}, "work": {"ops"}}
    assert "replicas" not in deployments["web"]["spec"]  # the autoscaler's
    assert deployments["work"]["spec"]["replicas"] == 3


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_evictions_never_hang_on_a_pod_that_is_ill(scenario):
    for budget in of_kind(rendered(scenario), "PodDisruptionBudget"):
        assert budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
        assert budget["spec"]["maxUnavailable"] == 1


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_whoever_is_selected_exists(scenario):
    objects = rendered(scenario)
    labels = [
        o["spec"]["template"]["metadata"]["labels"]
        for o in objects
        if o["kind"] in {"Deployment", "Job"}
    ]
    selectors = [o["spec"]["selector"] for o in of_kind(objects, "Service")]
    selectors += [
        o["spec"]["podSelector"]["matchLabels"] for o in of_kind(objects, "NetworkPolicy")
    ]
    selectors += [
        o["spec"]["selector"]["matchLabels"]
        for o in (*of_kind(objects, "PodDisruptionBudget"), *of_kind(objects, "Deployment"))
    ]

    for selector in selectors:
        assert [one for one in labels if selector.items() <= one.items()], selector


def test_the_operators_listener_is_for_monitoring_alone():
    [policy] = [
        o
        for o in of_kind(rendered("postgresql"), "NetworkPolicy")
        if o["metadata"]["name"] == "it-marrowd"
    ]
    public, ops = policy["spec"]["ingress"]

    assert [port["port"] for port in public["ports"]] == [8080]
    assert [port["port"] for port in ops["ports"]] == [9090]
    assert ops["from"]
    ports = [port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"]]
    assert ports == [53, 53, 5432, 443]


def test_a_policy_names_the_peers_it_is_given():
    [policy] = [
        o
        for o in of_kind(rendered("apart"), "NetworkPolicy")
        if o["metadata"]["name"] == "it-marrowd"
    ]

    assert policy["spec"]["ingress"][0]["from"]
    assert all(rule.get("to") for rule in policy["spec"]["egress"])


def test_a_digest_beats_a_tag():
    images = {container["image"] for container in containers(rendered("apart"))}

    assert images == {f"images.example.org/marrowd@sha256:{0:064d}"}


def test_a_change_of_the_configuration_restarts_the_pods():
    def checksum(*settings):
        [deployment] = of_kind(rendered("postgresql", *settings), "Deployment")
        return deployment["spec"]["template"]["metadata"]["annotations"]["checksum/config"]

    assert checksum() != checksum("config=[policy]")


@pytest.mark.parametrize(
    ("folder", "files"),
    [
        (CHART / "files" / "rules", rules.files()),
        (CHART / "files" / "dashboards", dashboards.files()),
    ],
    ids=["rules", "dashboards"],
)
def test_alerts_and_dashboards_of_the_chart_are_current(folder: Path, files):
    held = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}

    assert held == files, "run `make ops-assets chart-assets`"


def test_alerts_arrive_whole_with_the_sites_runbook():
    [rule] = of_kind(rendered("apart"), "PrometheusRule")
    groups = {group["name"]: group for group in rule["spec"]["groups"]}
    written = [group for text in rules.files().values() for group in yaml.safe_load(text)["groups"]]

    assert set(groups) == {group["name"] for group in written}
    for group in written:
        for ours, theirs in zip(group["rules"], groups[group["name"]]["rules"], strict=True):
            assert ours["expr"] == theirs["expr"]
            link = theirs.get("annotations", {}).get("runbook_url", "https://wiki.example.org/")
            assert link.startswith("https://wiki.example.org/")


def test_alerts_carry_no_link_where_no_runbook_is_published():
    said = text_of("apart", "monitoring.prometheusRule.runbookBase=")

    assert "alert: MarrowdDown" in said
    assert "runbook_url" not in said
    assert "example.org/marrowd/runbook" not in said


def test_no_secret_is_mounted_by_a_path_that_is_never_renewed():
    for container in containers(rendered("postgresql")):
        for mount in container["volumeMounts"]:
            if mount["mountPath"].startswith("/run/secrets/"):
                assert "subPath" not in mount


def test_dashboards_arrive_to_the_letter():
    [config] = [
        o
        for o in of_kind(rendered("apart"), "ConfigMap")
        if o["metadata"]["name"].endswith("-dashboards")
    ]

    assert config["data"] == dashboards.files()
    assert config["metadata"]["labels"]["grafana_dashboard"] == "1"


def test_the_scrape_finds_the_operators_service():
    objects = rendered("apart")
    [monitor] = of_kind(objects, "ServiceMonitor")
    selector = monitor["spec"]["selector"]["matchLabels"]
    [found] = [
        o
        for o in of_kind(objects, "Service")
        if selector.items() <= o["metadata"]["labels"].items()
    ]

    assert [port["name"] for port in found["spec"]["ports"]] == [
        endpoint["port"] for endpoint in monitor["spec"]["endpoints"]
    ]
