"""What is in force, what is tried and what is refused when a secret's file changes."""

import pytest

from marrowd.errors import BadConfiguration
from marrowd.settings import Destination, Issuer, Rotation, load_settings
from marrowd.settings.rotation import Change

OLD, NEW = "the-old-secret-of-all", "the-new-secret-of-all"
PLACE = "sources hapi"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "secret"
    path.write_text(OLD, encoding="utf-8")
    return path


def source_of(folder, given, auth=""):
    path = folder / "marrowd.toml"
    path.write_text(
        f'[[sources]]\nname = "hapi"\nbase_url = "http://127.0.0.1/fhir"\n{given}\n{auth}\n'
    )
    return load_settings(path, {"OTHER": "the-secret-of-a-variable"}).sources[0]


def secrets_of(source):
    return [secret.get_secret_value() for secret in source.notification_secret]


def held(source, rotation):
    return rotation.hold(source, secrets_of, place=PLACE)


@pytest.fixture
def rotation():
    return Rotation()


@pytest.fixture
def now(tmp_path, file, rotation):
    return held(source_of(tmp_path, f'notification_secret_file = "{file}"'), rotation)


def test_what_has_not_changed_is_not_tried(now, rotation):
    assert rotation.is_needed
    assert [rotation.look() for _ in range(3)] == [[], [], []]
    assert now() == [OLD]


def test_new_content_is_in_force_when_two_looks_have_seen_it(now, rotation, file):
    file.write_text(f"{NEW}\n")

    assert rotation.look() == []
    assert now() == [OLD]
    assert rotation.look() == [Change(place=PLACE)]
    assert now() == [NEW]
    assert rotation.look() == []


def test_what_a_writer_leaves_half_way_is_never_tried(now, rotation, file):
    for length in range(3, len(NEW) + 1):
        file.write_text(NEW[:length])
        rotation.look()
        assert now() == [OLD]

    rotation.look()
    assert now() == [NEW]


@pytest.mark.parametrize("spoil", ["short", "nothing", "no text", "removed"])
def test_what_cannot_be_used_is_said_once_and_the_old_stays(now, rotation, file, spoil):
    match spoil:
        case "removed":
            file.unlink()
        case "no text":
            file.write_bytes(b"\xff" * 30)
        case "nothing":
            file.write_text("")
        case _:
            file.write_text("short")
    rotation.look()
    [change] = rotation.look()

    assert change.place == PLACE
    assert change.refused
    assert "short" not in change.refused
    assert (rotation.refused, now()) == ([PLACE], [OLD])
    assert rotation.look() == []

    file.write_text(OLD)
    rotation.look()
    assert rotation.look() == [Change(place=PLACE)]
    assert (rotation.refused, now()) == ([], [OLD])


def test_a_change_between_reading_and_holding_is_noticed(tmp_path, file, rotation):
    source = source_of(tmp_path, f'notification_secret_file = "{file}"')
    file.write_text(NEW)
    now = held(source, rotation)

    rotation.look()
    rotation.look()
    assert now() == [NEW]


def test_two_values_change_together(tmp_path, file, rotation):
    other = tmp_path / "other"
    other.write_text(OLD[::-1])
    given = f'notification_secret_file = ["{file}", "{other}"]'
    now = held(source_of(tmp_path, given), rotation)
    file.write_text(NEW)
    other.write_text(OLD)

    rotation.look()
    assert now() == [OLD, OLD[::-1]]
    rotation.look()
    assert now() == [NEW, OLD]


def test_who_holds_later_gets_what_is_in_force(tmp_path, file, rotation):
    source = source_of(tmp_path, f'notification_secret_file = "{file}"')
    held(source, rotation)
    file.write_text(NEW)
    rotation.look()
    rotation.look()

    assert held(source, rotation)() == [NEW]


def test_nobody_gets_the_new_where_one_cannot_use_it(tmp_path, file, rotation):
    source = source_of(tmp_path, f'notification_secret_file = "{file}"')
    now = held(source, rotation)

    def make(source):
        if secrets_of(source) == [NEW]:
            message = "of no use to me"
            raise BadConfiguration(message)
        return secrets_of(source)

    other = rotation.hold(source, make, place=PLACE)
    file.write_text(NEW)
    rotation.look()

    assert rotation.look() == [Change(place=PLACE, refused="of no use to me")]
    assert now() == other() == [OLD]


def test_a_section_within_a_section_has_files_of_its_own(tmp_path, file, rotation):
    given = 'notification_secret_env = "OTHER"'
    source = source_of(tmp_path, given, f'auth = {{kind = "bearer", token_file = "{file}"}}')
    token = rotation.hold(source.auth, lambda auth: auth.token.get_secret_value(), place="auth")
    held(source, rotation)
    file.write_text(NEW)
    rotation.look()

    assert rotation.look() == [Change(place="auth")]
    assert token() == NEW


def test_a_key_set_is_a_file_like_a_secrets(file, rotation):
    issuer = Issuer(iss="https://ehr.example.org", source="hapi", jwks_file=str(file))
    now = rotation.hold(issuer, lambda _: file.read_text(), place="issuer")
    file.write_text(NEW)
    rotation.look()

    assert rotation.look() == [Change(place="issuer")]
    assert now() == NEW


def test_nothing_is_looked_at_where_nothing_came_by_file(rotation):
    destination = Destination(name="ehr", url="http://127.0.0.1", source="hapi", token="t")
    rotation.hold(destination, lambda given: given, place="destinations ehr")

    assert not rotation.is_needed
    assert rotation.look() == []
