"""Whatever stands in the configuration, its mistakes are told with their places."""

from collections.abc import Iterator
from copy import deepcopy
from itertools import islice

import pytest
from tests.fuzz import seeds
from tests.fuzz.files import configuration
from tests.support.shapes import places

HERE = "@here@"
ANYTHING = (
    *("true", "7", "-1", "0", "0.5", "-0.0", "1e400", "1e99999999999999999999", "nan", "-inf"),
    *("9" * 5_000, "1" + "0" * 400, '"x"', '""', '" "', r'"a\u0000b"', '"\U0001f9b6"', '"a|b"'),
    *("[]", "{}", "[[]]", '[{"x" = 1}]', '{"x" = [1]}', '["x", 1]', '{"" = 1}'),
    *('{"kind" = "none"}', '"smart-backend"', '"none"', '"' + "k" * 70_000 + '"'),
    *("2026-02-01", "0001-01-01T00:00:00+23:59", "10:00:00"),
    *('"http://["', '"https://"', '"https://h:99999"', '"http://h:port/"', '"https://[::1]:8/x"'),
    *('"postgresql://["', '"postgresql://h:port/d"', '"postgresql://u:p[w@h/d"'),
    *('"999999999d"', '"99999d"', '"100000d"', '"0s"', '"1ms"', '"/"', '"."', '"../x"'),
    *("[" * 240 + "]" * 240, "[" * 1_000 + "]" * 1_000),
)


def altered() -> Iterator[str]:
    """Give the configuration with one member replaced; a secret by its file and its variable."""
    whole = deepcopy(seeds.CONFIGURATION)
    for holder, key in list(places(whole)):
        members = dict(holder) if isinstance(holder, dict) else None
        for end in ("", "_file", "_env") if members is not None else ("",):
            if members is None:
                kept, holder[key] = holder[key], HERE
                before, _, after = seeds.configured(whole).partition(f'"{HERE}"')
                holder[key] = kept
            else:
                holder.clear()
                holder.update({f"{k}{end}" if k == key else k: v for k, v in members.items()})
                holder[f"{key}{end}"] = HERE
                before, _, after = seeds.configured(whole).partition(f'"{HERE}"')
                holder.clear()
                holder.update(members)
            for text in ANYTHING:
                yield f"{before}{text}{after}"


def test_the_example_itself_is_sound():
    configuration(seeds.configured(seeds.CONFIGURATION).encode())


def test_no_value_of_any_type_ends_in_anything_but_a_mistake_with_its_place():
    tried = 0
    for text in islice(altered(), 0, None, 7):
        tried += 1
        try:
            configuration(text.encode())
        except Exception as exc:
            exc.add_note(text[:2_000])
            raise

    assert tried > 1_000


@pytest.mark.parametrize(
    "text", [b"\xff", b"\xef\xbb\xbf", b"= 1", b"a = 1\na = 2", b"\0", b'"a\\nb" = 1']
)
def test_what_is_no_toml_is_told_as_such(text):
    configuration(text)
