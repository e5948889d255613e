"""
Secrets that change while the service runs: whoever uses one asks here what it is now.

    in force --(its files hold something else)--> seen --(the same at the next look)--> tried
       ^                                                                                 |  |
       '------------------(usable: it replaces the old, as a whole)----------------------'  |
                          refused: the old stays in force, and it is said <-----------------'

Files are read, not watched: a mounted Secret is swapped by a symbolic link, a file by hand in
place, and what was read is right in either case. Only what two looks in a row have seen is tried,
because the first may have come upon a writer half way. A section is replaced as a whole, so that
two values of it (a key and its name, old and new) never mix.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from marrowd.errors import BadConfiguration
from marrowd.settings.load import explained
from marrowd.settings.section import Section, secret_text

S = TypeVar("S", bound=Section)
T = TypeVar("T")
_Texts = tuple[str | None, ...]  # None: a file that cannot be read


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What became of new content."""

    place: str  # the section, as errors name it
    refused: str = ""  # why the old one stays; "" where the new one is in force


class _Held(Generic[T]):
    """Something made of a section, replaced as a whole."""

    def __init__(self, value: T, make: Callable[[Any], T]) -> None:
        self.value = value
        self.make = make

    def __call__(self) -> T:
        return self.value


class _Watched:
    """A section, the files it came from, and what is made of it."""

    def __init__(self, section: Section, place: str) -> None:
        self.given = section
        self.place = place
        self.refused = ""
        self._now = section
        self._held: list[_Held[Any]] = []
        # As it was read then: a file may have changed since.
        self._in_force = self._seen = self._tried = tuple(
            _text_or_none(path) if (text := section.read_from(path)) is None else text
            for path in section.files
        )

    def hold(self, make: Callable[[Any], T]) -> _Held[T]:
        held = _Held(make(self._now), make)
        self._held.append(held)
        return held

    def look(self) -> Change | None:
        found, before = self._read(), self._seen
        self._seen = found
        if found != before or found == self._tried:
            return None
        self._tried = found
        was_refused, self.refused = bool(self.refused), ""
        if found == self._in_force:  # somebody put the old content back
            return Change(place=self.place) if was_refused else None
        try:
            self._take(found)
        except ValidationError as error:
            self.refused = "; ".join(explained(error))
        except (BadConfiguration, ValueError) as error:
            self.refused = str(error)
        return Change(place=self.place, refused=self.refused)

    def _take(self, found: _Texts) -> None:
        texts = {}
        for path, text in zip(self.given.files, found, strict=True):
            texts[path] = secret_text(path) if text is None else text
        section = self.given.reread(texts)
        values = [held.make(section) for held in self._held]  # all of them, before any is replaced
        for held, value in zip(self._held, values, strict=True):
            held.value = value
        self._now, self._in_force = section, found

    def _read(self) -> _Texts:
        return tuple(_text_or_none(path) for path in self.given.files)


class Rotation:
    """Every secret of a process that came from a file."""

    def __init__(self) -> None:
        self._watched: dict[int, _Watched] = {}

    def hold(self, section: S, make: Callable[[S], T], *, place: str) -> Callable[[], T]:
        """
        Give what *make* makes of *section*, as it is when asked.

        Args:
            section: as the configuration was read.
            make: raises BadConfiguration for a section that cannot be used.
            place: names the section in logs.

        Raises:
            BadConfiguration: by *make*, now.
        """
        watched = self._watched.get(id(section))
        if watched is None:
            watched = self._watched[id(section)] = _Watched(section, place)
        return watched.hold(make)

    @property
    def is_needed(self) -> bool:
        """Say whether anything held came from a file."""
        return any(watched.given.files for watched in self._watched.values())

    @property
    def refused(self) -> Sequence[str]:
        """The places whose files hold something that is not in force."""
        return [watched.place for watched in self._all() if watched.refused]

    def look(self) -> Sequence[Change]:
        """Read every file; it blocks, so call it on a thread. Say what was taken and refused."""
        changes = [watched.look() for watched in self._all()]
        return [change for change in changes if change is not None]

    def _all(self) -> Iterable[_Watched]:
        return tuple(self._watched.values())


def _text_or_none(path: str) -> str | None:
    try:
        return secret_text(path)
    except ValueError:
        return None
