"""`marrowd config check`."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.support.tokens import ec_key

from marrowd.cli.configuration import check_command
from marrowd.cli.exits import Exit
from marrowd.errors import BadConfiguration

PEM = ec_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def written(folder: Path, *, key: str, auth: str = "") -> Path:
    path = folder / "key.pem"
    path.write_text(key, encoding="ascii")
    smart = f'kind = "smart-backend", client_id = "c", key_id = "1", private_key_file = "{path}"'
    config = folder / "marrowd.toml"
    config.write_text(
        f"""
        [[sources]]
        name = "main"
        base_url = "https://fhir.example.org/r4"
        notification_secret = "0123456789abcdef"
        auth = {{{auth} {smart}}}
        """,
        encoding="utf-8",
    )
    return config


def test_a_sound_configuration_is_said_to_be(tmp_path, capsys) -> None:
    assert check_command(written(tmp_path, key=PEM)) is Exit.FINE

    assert capsys.readouterr().out == "the configuration is sound\n"


@pytest.mark.parametrize(
    ("key", "auth", "said"),
    [
        pytest.param("no key", "", "sources main: auth.private_key cannot be read", id="key"),
        pytest.param(
            PEM,
            'token_url = "http://auth.example.org/token",',
            "sources main: auth.token_url must be https",
            id="clear text",
        ),
    ],
)
def test_a_key_that_cannot_be_used_is_found(tmp_path, key, auth, said) -> None:
    with pytest.raises(BadConfiguration) as raised:
        check_command(written(tmp_path, key=key, auth=auth))

    assert said in str(raised.value)
