"""
Every SHALL and SHOULD of CDS Hooks 2.0 that a service can break, and the test that says so.

Each line holds only if its test was there and passed in every case. Those of the tests that have
not run in this session are run, all together in a process of their own. What only an installation
can keep (HTTPS in front of the listener) is not in the list.
"""

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from tests.support.outcomes import OUTCOMES

ROOT = Path(__file__).parents[2]
BOUND_S = 600.0  # a minute on a quiet machine

CHECKLIST = {
    # Use of JSON
    "JSON goes in and comes out": "test_an_answer_is_json_by_the_schema_without_empty_members",
    "no null, no empty text, list or object": "test_a_card_has_no_null_and_nothing_empty",
    "no comment, no trailing comma": "test_what_is_not_json_is_400",
    "extension is an object and is let be": "test_extensions_and_unknown_members_are_let_go",
    # Discovery
    "discovery answers 200 with services": "test_discovery_is_json_by_the_schema",
    "a service has hook, id, description, title": "test_discovery_holds_to_the_schema",
    "each id is served": "test_each_service_has_its_own_id_and_hook",
    # Prefetch
    "templates use root-level tokens only": "test_templates_keep_to_the_portable_subset",
    "templates keep to the portable subset": "test_templates_keep_to_the_portable_subset",
    "any key may be absent": "test_without_orders_or_problems_no_suggestion_depends_on_them",
    "null means that there is none": "test_null_and_an_empty_bundle_are_answers",
    "an empty Bundle means that there is none": "test_null_and_an_empty_bundle_are_answers",
    "an OperationOutcome is no data": "test_a_required_key_that_is_not_an_answer_is_412",
    "a next page is not overlooked": "test_a_required_key_that_is_not_an_answer_is_412",
    "data by prefetch": "test_prefetch_alone_gives_the_card",
    "data by FHIR": "test_what_is_missing_is_fetched_with_the_token_of_the_call",
    "412 when data can be had neither way": "test_without_data_every_service_is_412",
    "an answer within about 500 ms": (
        "test_an_answer_comes_within_the_budget_of_the_specification"
    ),
    "refusals carry an OperationOutcome": "test_every_documented_answer_is_seen_and_no_other",
    # The request
    "hook, hookInstance, context are required": "test_a_required_member_that_is_missing_is_422",
    "context by hook": "test_context_members_that_a_hook_requires_are_asked_for",
    "fhirServer is there with fhirAuthorization": (
        "test_a_member_of_the_wrong_kind_is_422_naming_it"
    ),
    "the token goes with each FHIR call": (
        "test_what_is_missing_is_fetched_with_the_token_of_the_call"
    ),
    "the token goes nowhere else": "test_a_server_that_is_not_configured_is_never_asked",
    "the token is transient": "test_no_patient_and_no_token_is_left_behind",
    # The response
    "200 with cards": "test_an_answer_is_json_by_the_schema_without_empty_members",
    "no card is an empty list": "test_nothing_to_say_is_an_empty_list",
    "summary of at most 139 characters": "test_a_card_holds_to_the_schema",
    "indicator info, warning or critical": "test_a_card_holds_to_the_schema",
    "source.label; topic with code and system": "test_a_card_holds_to_the_schema",
    "HTML in detail is harmless": "test_text_of_a_report_is_harmless_where_markup_is_rendered",
    "uuid for feedback": "test_a_card_has_what_an_ehr_needs_for_feedback",
    "suggestions with selectionBehavior": (
        "test_suggestions_come_with_a_selection_behavior_and_only_they"
    ),
    "an action has type, description, resource": "test_a_card_holds_to_the_schema",
    "resources are valid FHIR": "test_resources_of_suggestions_are_fhir_r4",
    "override reasons with code, system, display": "test_a_card_holds_to_the_schema",
    "links are absolute, without appContext": "test_links_are_absolute",
    # Feedback
    "accepted and overridden are taken": (
        "test_feedback_is_counted_by_outcome_and_reason_each_thing_once"
    ),
    "several cards in one call": ("test_an_unknown_card_is_no_error_and_does_not_spoil_the_batch"),
    "a card more than once": "test_feedback_is_counted_by_outcome_and_reason_each_thing_once",
    "malformed feedback is refused": "test_malformed_feedback_is_422_with_an_outcome",
    "an override quiets": "test_an_override_quiets_the_card_until_the_snooze_ends",
    # Trusting clients
    "a JWT on every call": "test_discovery_and_feedback_ask_for_a_token_too",
    "header alg, kid, typ; claims iss, aud, exp, iat, jti": (
        "test_any_other_token_is_401_without_a_reason"
    ),
    "aud is the exact address, text or list": "test_an_honest_token_is_let_in",
    "neither none nor symmetric": "test_any_other_token_is_401_without_a_reason",
    "ES384 and RS384": "test_an_honest_token_is_let_in",
    "an allow list of issuers": "test_nothing_is_fetched_for_an_unknown_issuer",
    "an allow list of jku": "test_a_jku_that_was_not_agreed_is_never_fetched",
    "tenant": "test_a_tenant_agreed_is_asked_for",
    "jti once": "test_a_token_lets_one_call_in",
    "tokens are not logged": "test_no_patient_and_no_token_is_left_behind",
    "401 without a reason": "test_any_other_token_is_401_without_a_reason",
    "a key set of one's own": "test_keys_are_fetched_once_from_the_url_agreed",
    "keys rotate": "test_a_new_key_is_found_when_the_set_may_be_read_again",
    # CORS
    "preflight without a token": "test_a_preflight_is_answered_and_names_authorization",
    "Authorization is named": "test_a_preflight_is_answered_and_names_authorization",
    "headers on errors too": "test_errors_can_be_read_by_the_page_too",
    "a browser can do all of it": "test_a_browser_ehr_shows_accepts_and_overrides",
    # What breaks real services
    "a call-back answered 401, 500, HTML, or never": (
        "test_a_hostile_server_is_412_within_the_budget"
    ),
    "missing data is not nothing to say": "test_without_data_every_service_is_412",
    "deep nesting, NaN, lone surrogates": "test_what_is_not_json_is_400",
    "a body that is too large": "test_a_body_beyond_the_limit_is_413",
    "nothing is answered 500": "test_whatever_comes_is_answered_and_never_with_500",
}


def placed_tests():
    """Give the files that have a test of a name."""
    pattern = re.compile(r"^(?:async )?def (test_\w+)", re.MULTILINE)
    placed = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for name in pattern.findall(path.read_text(encoding="utf-8")):
            placed[name].append(path)
    return placed


def run(tests, report):
    """Run *tests* and give what came of every case, by the name of its test."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
        + [str(test) for test in tests],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=BOUND_S,
    )
    assert report.exists(), done.stdout + done.stderr
    came = defaultdict(list)
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest has just written it
        said = {child.tag for child in case} & {"failure", "error", "skipped"}
        came[case.get("name").partition("[")[0]].append(said.pop() if said else "passed")
    return came


@pytest.fixture(scope="module")
def came(request, tmp_path_factory):
    placed, here = placed_tests(), request.config.stash[OUTCOMES]
    came, lacking = defaultdict(list), []
    for name in sorted(set(CHECKLIST.values())):
        for path in placed[name]:
            cases = here.of(path, name)
            if cases is None:
                lacking.append(f"{path}::{name}")
            else:
                came[name] += cases
    if lacking:
        for name, cases in run(
            lacking, tmp_path_factory.mktemp("checklist") / "report.xml"
        ).items():
            came[name] += cases
    return came


@pytest.mark.afterwards
@pytest.mark.parametrize("line", CHECKLIST)
def test_a_line_of_the_specification_is_kept(line, came):
    outcomes = set(came.get(CHECKLIST[line], ["not run"]))
    if outcomes == {"skipped"}:
        pytest.skip(f"{CHECKLIST[line]} was skipped: see there")

    assert outcomes == {"passed"}


def test_a_check_that_fails_or_is_gone_is_seen(tmp_path):
    broken = tmp_path / "test_broken.py"
    broken.write_text(
        "import pytest\n\n"
        "@pytest.mark.parametrize('case', [0, 1])\n"
        "def test_half(case):\n    assert case\n\n"
        "def test_whole():\n    pass\n",
        encoding="utf-8",
    )

    came = run([broken], tmp_path / "report.xml")

    assert came == {"test_half": ["failure", "passed"], "test_whole": ["passed"]}
