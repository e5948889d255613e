"""The configuration: read once, strict, and clear about what is wrong."""

from datetime import timedelta
from decimal import Decimal

import pytest

from marrowd.errors import BadConfiguration
from marrowd.settings import load_settings, masked

SECRET = "a-secret-of-sixteen"
SOURCE = f"""
[[sources]]
name = "hapi"
base_url = "http://127.0.0.1:8000/fhir/"
notification_secret = "{SECRET}"
"""


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "marrowd.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def refused(path, environ=None):
    with pytest.raises(BadConfiguration) as caught:
        load_settings(path, environ or {})
    return str(caught.value)


def test_nothing_given_is_a_sound_configuration():
    settings = load_settings(None, {})

    assert settings.http.host == "127.0.0.1"
    assert settings.hooks.require_jwt


def test_a_file_is_read_and_a_trailing_slash_is_not_kept(write):
    source = load_settings(write(SOURCE), {}).sources[0]

    assert source.base_url == "http://127.0.0.1:8000/fhir"
    assert source.sweep_every == timedelta(minutes=15)


def test_the_file_may_be_named_by_the_environment(write):
    path = write("[http]\nport = 81\n")

    assert load_settings(None, {"MARROWD_CONFIG": str(path)}).http.port == 81


def test_a_duration_may_be_milliseconds(write):
    settings = load_settings(write('[hooks]\nbudget = "300ms"\n'), {})

    assert settings.hooks.budget == timedelta(seconds=0.3)


def test_the_environment_overrides_the_file(write):
    path = write("[http]\nport = 81\n")

    assert load_settings(path, {"MARROWD_HTTP__PORT": "82"}).http.port == 82


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("[http]\nprot = 1\n", "http.prot: unknown key; did you mean port?", id="key"),
        pytest.param("[htp]\n", "htp: unknown key; did you mean http?", id="section"),
        pytest.param("[http]\nport = 70000\n", "http.port", id="out of range"),
        pytest.param('[policy]\nrecency = "90"\n', "policy.recency: a duration is", id="duration"),
        pytest.param('[policy]\nrecency = "36h"\n', "whole days", id="whole days"),
        pytest.param('[policy]\nsite_zone = "Mars"\n', "IANA zone", id="zone"),
        pytest.param("[tracing]\nratio = 1.5\n", "tracing.ratio", id="more than all"),
        pytest.param("a = [", "is not TOML", id="not TOML"),
        pytest.param(SOURCE + SOURCE, "sources: the name hapi is used twice", id="two of one name"),
        pytest.param(SOURCE + SOURCE.replace('"hapi"', '"other"'),
                     "sources: the base_url http://127.0.0.1:8000/fhir is used twice",
                     id="two of one server"),
        pytest.param('[store]\nurl = "mysql://h/d"\n', "store.url: give sqlite:///", id="store"),
        pytest.param('[policy]\npain_codes = ["M25.57"]\n', "policy.pain_codes: give system and",
                     id="code without system"),
        pytest.param('[policy]\npain_codes = ["M25.57|"]\n', "policy.pain_codes: give system and",
                     id="system without code"),
        pytest.param(SOURCE.replace(SECRET, "short"), "at least 16", id="short secret"),
        pytest.param('[log]\npatient_key = "short"', "at least 16", id="short key"),
        pytest.param(SOURCE + 'auth = {kind = "basic", user = "u", pasword = "p"}\n',
                     "did you mean password?", id="key in auth"),
        pytest.param('[[destinations]]\nname="e"\nurl="http://x"\nsource="none"\ntoken="t"\n',
                     "there is no source named none", id="unknown source"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(write, text, message):
    assert message in refused(write(text))


def test_a_part_may_come_from_file_or_environment(write):
    path = write("[tracing]\nratio = 0.25\n")

    assert load_settings(path, {}).tracing.ratio == 0.25
    assert load_settings(path, {"MARROWD_TRACING__RATIO": "0.5"}).tracing.ratio == 0.5


def test_a_missing_file_is_named(tmp_path):
    assert "cannot be read" in refused(tmp_path / "none.toml")


def test_a_mistake_in_a_variable_is_said_of_the_variable(write):
    path = write("[http]\nport = 81\nops_port = 70000\n")

    first, second = refused(path, {"MARROWD_HTTP__PORT": "x", "MARROWD_X_PORT": "tcp://1"}).split(
        "\n"
    )
    assert first.startswith(f"{path}: http.ops_port: ")
    assert second.startswith("MARROWD_HTTP__PORT: ")
    assert "MARROWD_STORE__URL_FILE: give sqlite" in refused(
        None, {"MARROWD_STORE__URL_FILE": str(path)}
    )


@pytest.mark.parametrize(
    "name", ["MARROWD_HTTP__PROT", "MARROWD_HTTP", "MARROWD_X__Y", "MARROWD_HTTP_PORT"]
)
def test_an_unknown_variable_is_an_error(name):
    assert name in refused(None, {name: "1"})


@pytest.mark.parametrize(
    "name",
    ["MARROWD_SERVICE_HOST", "MARROWD_PORT", "MARROWD_PORT_8080_TCP_ADDR",
     "MARROWD_WEB_SERVICE_PORT_HTTP"],
)  # fmt: skip
def test_what_kubernetes_injects_is_let_pass(name):
    assert load_settings(None, {name: "tcp://10.0.0.1:80"})


def test_arrays_are_only_in_the_file():
    for name in ("MARROWD_SOURCES__NAME", "MARROWD_HOOKS__ORIGINS"):
        assert f"{name}: unknown variable; lists are given in the file" == refused(
            None, {name: "x"}
        )


def test_a_secret_comes_from_a_file(write, tmp_path):
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    text = SOURCE.replace(
        f'notification_secret = "{SECRET}"',
        f'notification_secret_file = "{tmp_path / "secret"}"',
    )
    source = load_settings(write(text), {}).sources[0]

    assert [s.get_secret_value() for s in source.notification_secret] == [SECRET]


def test_a_secret_comes_from_a_variable_outside_our_names(write):
    text = SOURCE.replace(f'notification_secret = "{SECRET}"', 'notification_secret_env = "HOOK"')
    source = load_settings(write(text), {"HOOK": SECRET}).sources[0]

    assert source.notification_secret[0].get_secret_value() == SECRET
    assert "is not set" in refused(write(text))
    assert "MARROWD_" in refused(write(text.replace("HOOK", "MARROWD_HOOK")))


def test_a_secret_is_given_once(write):
    text = SOURCE + f'notification_secret_file = "{SECRET}"\n'

    assert "exactly one of" in refused(write(text))


def test_two_secrets_rotate_and_three_do_not(write):
    two = SOURCE.replace(f'"{SECRET}"', f'["{SECRET}", "{SECRET}2"]')
    three = SOURCE.replace(f'"{SECRET}"', f'["{SECRET}", "{SECRET}2", "{SECRET}3"]')

    assert len(load_settings(write(two), {}).sources[0].notification_secret) == 2
    assert "notification_secret" in refused(write(three))


def test_no_secret_is_ever_shown_or_quoted_in_an_error(write):
    settings = load_settings(write(SOURCE), {})

    assert SECRET not in repr(settings)
    assert SECRET not in str(masked(settings))
    assert SECRET not in refused(write(SOURCE + f'notification_secret_file = "{SECRET}x"\nx = 1\n')
                                 ).replace(f"{SECRET}x", "")  # fmt: skip


def test_a_sites_figures_stay_exact(write):
    text = """
[[policy.custom]]
name = "site"
source = "our laboratory"
deficient_below_ng_ml = 20.10
sufficient_from_ng_ml = 30
deficient_below_nmol_l = "50"
sufficient_from_nmol_l = 75
"""

    custom = load_settings(write(text), {}).policy.custom[0]

    assert str(custom.deficient_below_ng_ml) == "20.10"
    assert custom.sufficient_from_ng_ml == Decimal(30)


@pytest.mark.parametrize(
    ("table", "key"),
    [
        *(("hooks", "budget"), ("hooks", "fetch_budget")),
        *(("retention", "inbox"), ("retention", "evidence"), ("retention", "audit")),
    ],
)
def test_a_time_that_has_to_be_some_is_not_none(write, table, key):
    said = refused(write(f'[{table}]\n{key} = "0s"\n'))

    assert f"{table}.{key}" in said
    assert "more than nothing" in said


def test_a_sweep_has_a_pause_after_it_and_a_heartbeat_may_be_none(write):
    assert "sweep_every" in refused(write(f'{SOURCE}sweep_every = "0s"\n'))
    assert not load_settings(write(f'{SOURCE}heartbeat = "0s"\n'), {}).sources[0].heartbeat
