"""What does not come as a patient's story promised is told in a line; what does, is not."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from marrowd.demo.checking import failures
from marrowd.demo.counts import Counts
from marrowd.demo.received import CardInbox, Message
from marrowd.demo.replay import Came, Replayed
from marrowd.demo.year import patients_of

ADA = patients_of(datetime(2026, 6, 1, tzinfo=UTC))[0]
CARD = {
    "uuid": "a",
    "summary": "Low 25(OH)D 14 ng/mL and MRI marrow edema in left talus, cuboid",
    "indicator": "warning",
    "detail": "",
    "source": {"topic": {"code": "association"}},
}
POSTED = Message(
    id="1",
    patient="Patient/ada",
    sequence=1,
    verdict="association",
    cards=(CARD,),
    retracts=(),
    at=0.0,
)


class Charts(CardInbox):
    """An inbox that was filled without the wire."""

    def __init__(self, *messages):
        super().__init__("whsec_c2VjcmV0")
        self._messages = {message.id: message for message in messages}


def replayed(verdict="association", **counts):
    came = Came(verdict=verdict, ignored=(), messages=(), lags_s=())
    return Replayed(
        arrivals={"ada": [(entry, came) for entry in ADA.entries]}, counts=Counts(**counts)
    )


def lines(*, came=None, shown=(CARD,), charts=None, patient=ADA):
    return failures([patient], came or replayed(), {"ada": shown}, charts or Charts(POSTED))


def test_a_year_as_promised_has_no_failures():
    assert lines() == []


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ({"came": replayed("repleted")}, "expected the verdict association, came to repleted"),
        ({"came": replayed(parked=2)}, "2 events were parked"),
        ({"charts": Charts()}, "expected the messages posted, came none"),
        ({"shown": ()}, "expected 1 cards in the hook, came 0"),
        ({"shown": ({**CARD, "indicator": "info"},)}, "expected the indicator warning, came info"),
        ({"shown": ({**CARD, "summary": "Low"},)}, "the summary lacks 14 ng/mL"),
        (
            {"shown": ({**CARD, "source": {"topic": {"code": "repleted"}}},)},
            "the hook's card is of repleted",
        ),
        ({"shown": ({**CARD, "uuid": "b"},)}, "not the one that the hook shows"),
        ({"patient": replace(ADA, quote="migratory")}, "the detail lacks 'migratory'"),
    ],
)
def test_what_is_not_as_promised_is_told(case, told):
    assert [line for line in lines(**case) if told in line]


def test_a_card_that_should_not_stand_is_told():
    silent = replace(ADA, expected=replace(ADA.expected, messages=(), indicator=""))

    assert "Ada Testcase: 1 cards stand in the chart" in lines(patient=silent, shown=())


def test_a_patient_of_whom_nothing_came_has_no_verdict():
    assert "came to none" in lines(came=Replayed())[0]
