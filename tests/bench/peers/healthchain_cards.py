"""
HealthChain 0.16.1 answering a hook with given cards: `python healthchain_cards.py PORT CARDS.json`.

As its documentation has it: a CDSHooksService on a HealthChainAPI, a handler by decorator that makes
cards of its own models, uvicorn as it brings it; events and CORS are off. The handler does less than
marrowd: it reads no store, and of a prefetch it looks only for a low 25(OH)D and for the words of
one finding.
"""

import json
import sys
from pathlib import Path

import uvicorn
from healthchain.gateway import CDSHooksService, HealthChainAPI
from healthchain.models.requests.cdsrequest import CDSRequest
from healthchain.models.responses.cdsresponse import Card, CDSResponse

port, given = int(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
for card in given["cards"]:  # members that its models require and CDS Hooks does not
    for link in card.get("links", []):
        link.setdefault("autoLaunchable", None)
    for suggestion in card.get("suggestions", []):
        suggestion.setdefault("isRecommended", None)
service = CDSHooksService()


def is_low(entry: dict) -> bool:
    value = entry["resource"].get("valueQuantity", {}).get("value")
    return value is not None and value < 20


def has_edema(entry: dict) -> bool:
    return "Marrow edema" in entry["resource"].get("conclusion", "")


@service.hook("patient-view", id="marrow-vitamin-d-patient-view")
def answer(request: CDSRequest) -> CDSResponse:
    if request.prefetch:
        results, reports = (request.prefetch[key]["entry"] for key in ("vitaminD", "reports"))
        if not (any(map(is_low, results)) and any(map(has_edema, reports))):
            return CDSResponse(cards=[])
    return CDSResponse(cards=[Card(**card) for card in given["cards"]])


app = HealthChainAPI(title="peer", enable_cors=False, enable_events=False)
app.register_service(service)
uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False)
