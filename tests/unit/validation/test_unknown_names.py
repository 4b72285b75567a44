"""Names that content makes up are not kept: a server that is up for a year would drown in them."""

import gc
import tracemalloc

from adapter.validation import Validator

_NAMES = 300


def _content(number: int) -> dict[str, object]:
    url = f"http://acme.com/{number}/{'x' * 3000}"
    coding = {"system": url, "code": "a"}
    return {
        "resourceType": "QuestionnaireResponse",
        "meta": {"profile": [url, f"{url}#a", f"http://hl7.org/fhir/StructureDefinition/Patient#{url}"]},
        "extension": [{"url": url, "valueCoding": coding}],
        "contained": [
            {
                "resourceType": "Questionnaire",
                "id": "q",
                "status": "active",
                "item": [{"linkId": "a", "type": "choice", "answerValueSet": url}],
            }
        ],
        "questionnaire": "#q",
        "status": "completed",
        "item": [{"linkId": "a", "answer": [{"valueCoding": coding}]}],
    }


def test_unknown_names_of_content_are_not_kept() -> None:
    validator = Validator.load()
    for number in range(20):
        validator.validate(_content(number))
    gc.collect()
    tracemalloc.start()
    for number in range(20, 20 + _NAMES):
        validator.validate(_content(number))
    gc.collect()
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < _NAMES * 3000
