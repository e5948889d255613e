"""
One search for many patients: who waits for a list while others are asked about is asked about next.

    waiting patients -> one search, `patient=a,b,c` -> each one's own
                        anything odd                -> each is asked about alone

A comma means "any of these" to a server that keeps to FHIR. One that reads the value as a single id
would find nothing of anybody, and nothing found must never be taken for nothing there. So until an
answer has named two of those asked about, whoever it does not name is asked about alone; a server
that then names somebody after all is asked for nobody together from then on. What goes wrong with
many says nothing of the one: they are asked about alone, and each has its own end.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from contextvars import Context, copy_context
from typing import TypeAlias

from marrowd.errors import BadInput, EhrUnavailable
from marrowd.fhir.answers import Absent, Forbidden, LeftAlone, Rejected
from marrowd.fhir.client import Params
from marrowd.fhir.members import Resource
from marrowd.fhir.subjects import subject_of
from marrowd.work.fetching import Bounds, Fetcher, any_of
from marrowd.work.subjects import is_elsewhere

Found: TypeAlias = list[Resource] | None
"""What is listed of a patient; None where the server does not let us ask."""


class PatientLists:
    """The lists of one type, of patients of one source."""

    def __init__(
        self, fetcher: Fetcher, resource_type: str, params: Params = (), *, bounds: Bounds
    ) -> None:
        """
        Take what is searched.

        Args:
            fetcher: asks the source.
            resource_type: such as "Condition".
            params: of each search, beside the patients.
            bounds: patients to a search, searches at a time.
        """
        self._fetcher = fetcher
        self._type = resource_type
        self._params = tuple(params)
        self._bounds = bounds
        self._waiting: deque[tuple[str, asyncio.Future[Found], Context]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_coming = False  # a search that has yet to look who waits
        self._is_proven = False
        self._is_misread = False

    def of(self, patient: str) -> "asyncio.Future[Found]":
        """Give what is listed of *patient*, asked for after this was called."""
        future: asyncio.Future[Found] = asyncio.get_running_loop().create_future()
        self._waiting.append((patient, future, copy_context()))
        self._go_on()
        return future

    def _go_on(self) -> None:
        """Begin a search, unless one has yet to look who waits or there are enough."""
        if self._waiting and not self._is_coming and len(self._tasks) < self._bounds.searches:
            self._is_coming = True
            # What it does belongs to the trace of the one who has waited longest.
            task = asyncio.create_task(self._ask(), context=self._waiting[0][2])
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._go_on()

    async def _ask(self) -> None:
        """Ask about all that wait by now, as many as fit one search."""
        self._is_coming = False
        most = 1 if self._is_misread else self._bounds.together
        some = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
        self._go_on()
        answers: Sequence[Found | Exception] = ()
        try:
            answers = await self._answers([patient for patient, _, _ in some])
        finally:
            # When the asking itself was cut short nobody may hang.
            for number, (_, future, _) in enumerate(some):
                if not future.done():
                    _settle(future, answers[number] if number < len(answers) else _CUT_SHORT)

    async def _answers(self, patients: Sequence[str]) -> Sequence[Found | Exception]:
        if len(patients) == 1:
            return [await self._alone(patients[0])]
        try:
            listed = await self._together(patients)
        except LeftAlone as error:
            return [error] * len(patients)
        known = {name: own for name, own in (listed or {}).items() if own or self._is_proven}
        left = [name for name in dict.fromkeys(patients) if name not in known]
        alone = await asyncio.gather(*(self._alone(name) for name in left))
        if listed is not None and any(isinstance(own, list) and own for own in alone):
            self._misread()
        whole: dict[str, Found | Exception] = {**known, **dict(zip(left, alone, strict=True))}
        return [whole[name] for name in patients]

    async def _together(self, patients: Sequence[str]) -> Mapping[str, list[Resource]] | None:
        """Give the lists of *patients* as one search has them; None when it cannot be told."""
        try:
            found = await self._fetcher.every(
                self._type, [("patient", any_of(patients)), *self._params]
            )
        except (Rejected, Absent, Forbidden):
            self._misread()
            return None
        except LeftAlone:
            raise
        except (BadInput, EhrUnavailable):
            return None
        listed: dict[str, list[Resource]] = {name: [] for name in patients}
        for resource in found:
            subject = subject_of(resource)
            if subject.patient not in listed or is_elsewhere(subject, self._fetcher.base_url):
                return None
            listed[subject.patient].append(resource)
        self._is_proven = self._is_proven or sum(map(bool, listed.values())) > 1
        return listed

    def _misread(self) -> None:
        """Take note of a server that is to be asked about one patient at a time."""
        if not self._is_misread:
            self._is_misread = True
            self._fetcher.warn_of_misreading(self._type)

    async def _alone(self, patient: str) -> Found | Exception:
        try:
            return await self._fetcher.listed(self._type, [("patient", patient), *self._params])
        except (BadInput, EhrUnavailable) as error:
            return error


_CUT_SHORT = EhrUnavailable("the search was stopped before it was answered")


def _settle(future: "asyncio.Future[Found]", answer: Found | Exception) -> None:
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
