"""
The discovery document: the three services and what each asks an EHR to send along.

Prefetch templates keep to the portable subset of CDS Hooks 2.0 (type search, token equality,
`_count`), so that every EHR can serve them. They bound neither status nor value: a result entered
in error has to be seen too, and a template cannot compute a date. What is not relevant is dropped
here.
"""

from enum import StrEnum
from typing import Any, Final

from marrowd.rules.codes import Codes, Role

_PATIENT: Final = "patient={{context.patientId}}"
# One page when the server allows it: a page left unfetched makes a key count as not sent.
_COUNT: Final = "_count=200"
# Radiology: HL7 table 0074 (diagnostic service section), and the LOINC part that US Core asks for.
_RADIOLOGY: Final = "http://terminology.hl7.org/CodeSystem/v2-0074|RAD,http://loinc.org|LP29684-5"


class PrefetchKey(StrEnum):
    """The names under which an EHR sends data along; each optional for it."""

    PATIENT = "patient"
    VITAMIN_D = "vitaminD"
    REPORTS = "reports"
    STUDIES = "studies"
    PROBLEMS = "problems"
    ORDERS = "orders"


class Hook(StrEnum):
    """The moments in an EHR at which the service is asked."""

    PATIENT_VIEW = "patient-view"
    ORDER_SIGN = "order-sign"
    ENCOUNTER_START = "encounter-start"


class Service(StrEnum):
    """The ids of the services, one hook each; EHRs hold on to them."""

    PATIENT_VIEW = "marrow-vitamin-d-patient-view"
    ORDER_SIGN = "marrow-vitamin-d-order-sign"
    ENCOUNTER_START = "marrow-vitamin-d-encounter-start"

    @property
    def hook(self) -> Hook:
        """The hook that this service answers."""
        return Hook(self.removeprefix("marrow-vitamin-d-"))


_TITLE: Final = "Vitamin D and foot marrow edema"
_WHAT: Final = (
    "Reads 25-hydroxyvitamin D results and MRI reports of the foot and ankle together and shows "
    "one card when a low level meets marrow edema, with the evidence for both."
)
_WHEN: Final = {
    Service.PATIENT_VIEW: "When a chart is opened.",
    Service.ORDER_SIGN: "When orders for foot or ankle imaging or vitamin D are signed.",
    Service.ENCOUNTER_START: "When an encounter starts.",
}


# A panel has no value of its own, but its Observation can carry the result as a component.
_LOOKED_FOR: Final = frozenset({Role.TOTAL, Role.D3, Role.D2, Role.PANEL})


def discovery(codes: Codes) -> dict[str, Any]:
    """Give the answer to `GET /cds-services`, with 25(OH)D looked for under *codes*."""
    return {"services": [_service_json(service, codes) for service in Service]}


def prefetch_templates(codes: Codes) -> dict[str, str]:
    """Give the templates, the same for each service: a verdict needs the same at each hook."""
    looked_for = ",".join(_tokens(codes))
    return {
        PrefetchKey.PATIENT: "Patient/{{context.patientId}}",
        PrefetchKey.VITAMIN_D: f"Observation?{_PATIENT}&code={looked_for}&{_COUNT}",
        PrefetchKey.REPORTS: f"DiagnosticReport?{_PATIENT}&category={_RADIOLOGY}&{_COUNT}",
        PrefetchKey.STUDIES: f"ImagingStudy?{_PATIENT}&{_COUNT}",
        PrefetchKey.PROBLEMS: (
            f"Condition?{_PATIENT}&clinical-status=active,recurrence,relapse&{_COUNT}"
        ),
        PrefetchKey.ORDERS: f"ServiceRequest?{_PATIENT}&status=active,draft&{_COUNT}",
    }


def _tokens(codes: Codes) -> list[str]:
    """Give `system|code` of what can hold a 25(OH)D result, the site's own codes last."""
    known = [
        f"http://loinc.org|{c}" for c, code in codes.vitamin_d.items() if code.role in _LOOKED_FOR
    ]
    return known + [f"{system}|{code}" for system, code in codes.local]


def _service_json(service: Service, codes: Codes) -> dict[str, Any]:
    return {
        "hook": str(service.hook),
        "id": str(service),
        "title": _TITLE,
        "description": f"{_WHAT} {_WHEN[service]}",
        "prefetch": {str(key): template for key, template in prefetch_templates(codes).items()},
        "usageRequirements": (
            "Send vitaminD and reports with the call, or a fhirServer that this service is "
            "configured for; without both the answer is 412."
        ),
    }
