"""What an operator hands in by file: documents, lines of reports, the configuration."""

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.screened import screen_texts

from marrowd.checks.configured import configured
from marrowd.cli.configuration import _lines
from marrowd.cli.read import _item, _line
from marrowd.core.reader import Reader
from marrowd.errors import BadConfiguration
from marrowd.rules.codes import load_codes
from marrowd.rules.policies import policy_from
from marrowd.rules.vocabulary import load_vocabulary
from marrowd.settings import load_settings, masked

_READER = Reader(load_vocabulary())


def screened(data: bytes) -> None:
    """Screen a file."""
    found = screen_texts([data])
    assert all(line["verdict"] for line in found.lines.values())
    assert "Error at " not in found.err, found.err  # an error of ours, told with its place


def report_line(data: bytes) -> None:
    """Read a line of `marrowd read`."""
    item = _item(data)
    if not isinstance(item, str):
        _line(_READER, item, is_explained=False)


def configuration(data: bytes) -> None:
    """Read a configuration, check it and show it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "marrowd.toml"
        path.write_bytes(data)
        try:
            settings = load_settings(path, {})
            policy = settings.policy
            policy_from(policy)
            load_codes(
                local={(code.system, code.code): code.analyte for code in policy.local_codes},
                pains=policy.pain_codes,
            )
        except BadConfiguration as wrong:
            _check_place(str(wrong), path)
            return
        for finding in configured(settings):
            assert finding.place
        "\n".join(_lines(masked(settings))).encode()


def _check_place(message: str, path: Path) -> None:
    assert all(line.startswith((str(path), "[policy]", "[[policy")) for line in message.split("\n"))
