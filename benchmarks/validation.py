"""How long validation takes, warm, and how its cost grows: `python benchmarks/validation.py`.

Each figure is a median. Beside it stand `json.loads` of the same bytes and fhir.resources, which checks
types and cardinality only.
"""

import importlib
import json
import os
import platform
import resource as system
import statistics
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from adapter.fhir import json as fhir_json
from adapter.validation import Validator

JOURNEY = Path(__file__).resolve().parent.parent / "fixtures" / "journeys" / "home-with-sip"
CANONICAL = "http://acme.com/StructureDefinition/"
BASE = "http://hl7.org/fhir/StructureDefinition/"
_ELEMENTS = {
    "CarePlan": "identifier status intent category title subject period author activity goal",
    "Encounter": "identifier status class subject period serviceProvider",
    "Task": "identifier groupIdentifier status intent code for authoredOn requester owner",
}


def profile(type_: str) -> dict[str, Any]:
    """A profile that says something of every element named, of what is in it, with slices, bindings and invariants."""
    elements: list[dict[str, Any]] = [{"path": type_}]
    for name in _ELEMENTS[type_].split():
        rule = {"key": f"x-{name}", "severity": "error", "human": "x", "expression": "id.exists() or $this.exists()"}
        elements.append({"path": f"{type_}.{name}", "min": 1, "constraint": [rule], "mustSupport": True})
    by_system = {"discriminator": [{"type": "value", "path": "system"}], "rules": "open"}
    elements[1] |= {"slicing": by_system}
    named = {"path": f"{type_}.identifier", "sliceName": "own", "max": "1"}
    fixed = {"path": f"{type_}.identifier.system", "fixedUri": "http://acme.com/own"}
    elements[2:2] = [named, fixed]
    return {
        "resourceType": "StructureDefinition",
        "url": CANONICAL + type_,
        "kind": "resource",
        "type": type_,
        "baseDefinition": BASE + type_,
        "derivation": "constraint",
        "differential": {"element": elements},
    }


def median(run: Callable[[], Any], least: float = 0.3) -> float:
    """Milliseconds."""
    times: list[float] = []
    end = time.perf_counter() + least
    while time.perf_counter() < end or len(times) < 5:
        begin = time.perf_counter()
        run()
        times.append(time.perf_counter() - begin)
    return statistics.median(times) * 1000


def collection(count: int) -> dict[str, Any]:
    """A Bundle whose entries refer to each other, slices and duplicates to be looked for."""
    urls = [f"urn:uuid:{uuid.UUID(int=number + 1)}" for number in range(count)]
    entries = [
        {
            "fullUrl": url,
            "resource": {
                "resourceType": "Observation",
                "id": url[9:],
                "status": "final",
                "code": {"text": "x"},
                "hasMember": [{"reference": urls[number * 7 % count]}],
            },
        }
        for number, url in enumerate(urls)
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def peer(resource: dict[str, Any]) -> Callable[[], Any] | None:
    """fhir.resources on the same content, where it takes it."""
    try:
        module = importlib.import_module(f"fhir.resources.R4B.{resource['resourceType'].lower()}")
        model = getattr(module, resource["resourceType"])
        text = json.dumps(resource, default=str)
        model.model_validate_json(text)
    except (ImportError, ValueError):
        return None
    return lambda: model.model_validate_json(text)


def main() -> None:
    """Prints the figures."""
    print(f"{platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}, {platform.system()}")
    begin = time.perf_counter()
    validator = Validator.load(definitions=[profile(name) for name in _ELEMENTS])
    print(f"load {(time.perf_counter() - begin) * 1000:.0f} ms")
    bundle = fhir_json.parse((JOURNEY / "05-sip.json").read_bytes())
    begin = time.perf_counter()
    validator.validate(bundle)
    print(f"first message, compiling what it needs: {(time.perf_counter() - begin) * 1000:.0f} ms")
    print(f"{'':26}{'bytes':>7}{'base':>9}{'profile':>9}{'json':>8}{'fhir.resources':>16}   (milliseconds)")
    for entry in bundle["entry"]:
        content = entry["resource"]
        name = content["resourceType"]
        if name in _ELEMENTS:
            row(validator, content, f"{name} with profile", CANONICAL + name)
    eight = bundle | {"entry": bundle["entry"][:8]}
    row(validator, eight, "message of 8 resources", None)
    row(validator, bundle, f"message of {len(bundle['entry'])} resources", None)
    for count in (10, 100, 1000, 5000):
        content = collection(count)
        took = median(lambda content=content: validator.validate(content), 0.5)  # type: ignore[misc]
        print(f"Bundle of {count:5} entries: {took:9.2f} ms, {took / count * 1000:6.1f} µs an entry")
    unit = 1024 if sys.platform != "darwin" else 1024 * 1024
    print(f"resident memory at most: {system.getrusage(system.RUSAGE_SELF).ru_maxrss / unit:.0f} MiB")


def row(validator: Validator, content: dict[str, Any], label: str, canonical: str | None) -> None:
    """One line: the same content in each way."""
    written = fhir_json.serialize(content)
    base = median(lambda: validator.validate(content))
    against = median(lambda: validator.validate(content, profile=canonical)) if canonical else None
    other = peer(content)
    cells = [
        f"{label:26}{len(written):7}{base:9.3f}",
        f"{against:9.3f}" if against is not None else f"{'':9}",
        f"{median(lambda: json.loads(written)):8.3f}",
        f"{median(other):16.3f}" if other is not None else f"{'-':>16}",
    ]
    print("".join(cells))


if __name__ == "__main__":
    main()
