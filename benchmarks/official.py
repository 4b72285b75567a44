"""This validator beside the official one: `python benchmarks/official.py [--count N] [--seed N] [--save FILE]`.

Over the official validator's own cases, as they stand in ../shared/data/validator-cases, and over mutants of valid
resources and messages. Both get the same content, definitions and profile; neither has a network or a terminology
server. Settings: the command line defaults of the official validator, among them that an unknown extension is an error
and that the type in the URL of a reference that leads out is none (`unknown_extensions="error"`,
`typed_references="warning"` here), but that it fetches nothing, and takes URLs at example.org as this validator does.

Needs Java and Maven, and the network the first time, for Maven to fetch what benchmarks/official/pom.xml names. Exit
status 2 where they are not there.
"""

import argparse
import json
import os
import platform
import resource as system
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import maven
from official_mutants import mutants
from official_seeds import cases, seeds, validator

from adapter.definitions import core
from adapter.fhir import json as fhir_json

_STUBS = {
    "hl7.fhir.xver-extensions": "0.1.0",
    "hl7.terminology.r4": "6.2.0",
    "hl7.terminology": "6.2.0",
    "hl7.fhir.uv.extensions.r4": "5.2.0",
    "hl7.fhir.uv.extensions": "5.2.0",
}
"""Packages that the official validator wants beside R4's. Both validators shall know the same, so these are empty."""
_OF = " of "


class Input(NamedTuple):
    """What both validators get."""

    id: str
    text: str
    format: str
    profile: str | None
    definitions: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """What one said. `issues`: severity, rule or message id, expression, message. `micros`: one validation, warm."""

    valid: bool
    issues: list[tuple[str, str, str, str]]
    micros: float

    @property
    def reasons(self) -> tuple[str, ...]:
        """The ids of the errors."""
        return tuple(sorted({issue[1] for issue in self.issues if issue[0] in ("error", "fatal")}))


# What is validated


def case_inputs() -> list[Input]:
    """Each case with nothing but what it carries."""
    return [
        Input(
            case["id"],
            case["resource"]["text"],
            case["resource"]["format"],
            case["profile"],
            tuple(each["text"] for each in case["definitions"]),
        )
        for case in cases()
    ]


def mutant_inputs(count: int, seed: int) -> list[Input]:
    """Mutants, and the seeds themselves."""
    known = seeds()
    whole = [
        Input(
            f"seed{_OF}{each.name}", fhir_json.serialize(each.resource).decode(), "json", each.profile, each.definitions
        )
        for each in known
    ]
    made = [
        Input(f"{each.id}{_OF}{each.seed.name}", each.text, each.format, each.seed.profile, each.seed.definitions)
        for each in mutants(known, count, seed)
    ]
    return whole + made


# The two validators


def ours(inputs: list[Input], rounds: int) -> dict[str, Verdict]:
    """What this validator says. The first time is a warm-up."""
    found = {}
    for each in inputs:
        found[each.id] = _outcome(each)
    times: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for each in inputs:
            begin = time.perf_counter()
            _outcome(each)
            times[each.id].append((time.perf_counter() - begin) * 1e6)
    return {
        id_: Verdict(
            outcome.valid,
            [(issue.severity, issue.rule, ", ".join(issue.expression), issue.message) for issue in outcome.issues],
            statistics.median(times[id_]) if rounds else 0.0,
        )
        for id_, outcome in found.items()
    }


def _outcome(each: Input) -> Any:
    form = "xml" if each.format == "xml" else "json"
    return validator(each.definitions).validate(each.text.encode(), profile=each.profile, format=form)  # type: ignore[arg-type]


def official(inputs: list[Input], rounds: int, class_path: str) -> tuple[dict[str, Verdict], dict[str, Any]]:
    """What the official validator says, in one process of its own; and what it says of itself."""
    with tempfile.TemporaryDirectory() as home:
        _packages(Path(home) / ".fhir" / "packages")
        java = ["java", "-Xmx3g", f"-Duser.home={home}", f"-Djava.io.tmpdir={home}", "-cp", class_path]
        done = subprocess.run(
            ["nice", *java, str(maven.POMS / "Official.java"), str(rounds)],
            input="".join(json.dumps(line) + "\n" for line in _lines(inputs)).encode(),
            capture_output=True,
            check=False,
        )
    if done.returncode:
        raise SystemExit(f"the official validator could not be run:\n{done.stderr.decode()[-2000:]}")
    *results, last = [json.loads(line) for line in done.stdout.splitlines()]
    found = {
        each["id"]: Verdict(
            each["valid"],
            [
                (i["severity"], _short(i["id"]), i.get("expression") or "", i.get("message") or "")
                for i in each["issues"]
            ],
            each.get("micros", 0.0),
        )
        for each in results
    }
    return found, last


def _lines(inputs: list[Input]) -> Iterator[dict[str, Any]]:
    """Each definition once, before the first input that names it."""
    names: dict[str, str] = {}
    for each in inputs:
        for text in each.definitions:
            if text not in names:
                names[text] = str(len(names))
                yield {"definition": names[text], "text": text}
        yield each._asdict() | {"definitions": [names[text] for text in each.definitions]}


def _short(message_id: str) -> str:
    return message_id.rpartition("#")[2] or message_id


def _packages(folder: Path) -> None:
    """A package cache of its own with R4's core as this validator has it."""
    archive = core.bundled()
    if archive is None:
        raise SystemExit(f"the R4 core package is not there: {core.HOW_TO_GET}")
    target = folder / core.KEY
    with tarfile.open(fileobj=BytesIO(archive)) as package:
        package.extractall(target, filter="data")
    for name, version in _STUBS.items():
        stub = folder / f"{name}#{version}" / "package"
        stub.mkdir(parents=True)
        manifest = {
            "name": name,
            "version": version,
            "type": "fhir.ig",
            "fhirVersions": ["4.0.1"],
            "canonical": f"http://example.org/{name}",
            "url": f"http://example.org/{name}",
            "dependencies": {},
        }
        (stub / "package.json").write_text(json.dumps(manifest))
        (stub / ".index.json").write_text('{"index-version": 2, "files": []}')
    (folder / "packages.ini").write_text("[cache]\nversion = 3\n\n[urls]\n\n[local]\n\n")


# What is printed


def classes(inputs: list[Input], here: dict[str, Verdict], there: dict[str, Verdict]) -> Counter[tuple[str, str]]:
    """How often each pair of reasons stands behind different verdicts: rules here, message ids there."""
    return Counter(
        (" ".join(here[each.id].reasons) or "valid", " ".join(there[each.id].reasons) or "valid")
        for each in inputs
        if here[each.id].valid != there[each.id].valid
    )


def report(title: str, inputs: list[Input], here: dict[str, Verdict], there: dict[str, Verdict]) -> None:
    """Agreement, times, and the classes of disagreement."""
    agreed = sum(here[each.id].valid == there[each.id].valid for each in inputs)
    both = Counter((here[each.id].valid, there[each.id].valid) for each in inputs)
    print(f"\n{title}: {agreed} of {len(inputs)} same verdict, {agreed / len(inputs):.2%}")
    print(
        f"  valid in both {both[True, True]}, invalid in both {both[False, False]}, "
        f"only here invalid {both[False, True]}, only there invalid {both[True, False]}"
    )
    for label, wanted in (("alone", False), ("message or Bundle", True)):
        some = [each for each in inputs if ('"Bundle"' in each.text[:200] or "<Bundle" in each.text[:200]) == wanted]
        mine, theirs = ([side[each.id].micros / 1000 for each in some] for side in (here, there))
        if some and any(theirs):
            size = statistics.median(len(each.text) for each in some)
            print(f"  {label}: {len(some)}, median {size:.0f} characters, warm")
            for name, times in (("here", mine), ("there", theirs)):
                print(f"    {name:6} median {statistics.median(times):8.3f} ms, in all {sum(times) / 1000:8.2f} s")
    for (mine_, theirs_), count in classes(inputs, here, there).most_common():
        print(f"  {count:5}  here: {mine_:40} there: {theirs_}")


def sound(inputs: list[Input], there: dict[str, Verdict]) -> tuple[list[Input], list[Input]]:
    """Inputs of seeds that are valid there too, and those of seeds that are not: of these a mutant's verdict says
    nothing about the mutation."""
    bad = {name for each in inputs if (name := _seed(each)) and not there[f"seed{_OF}{name}"].valid}
    return [each for each in inputs if _seed(each) not in bad], [each for each in inputs if _seed(each) in bad]


def _seed(each: Input) -> str:
    return each.id.partition(_OF)[2]


def save(file: Path, inputs: list[Input], here: dict[str, Verdict], there: dict[str, Verdict]) -> None:
    """Each input with different verdicts, to look at."""
    with file.open("a") as lines:
        for each in inputs:
            if here[each.id].valid != there[each.id].valid:
                given = each._asdict() | {"definitions": len(each.definitions)}
                found = {"here": here[each.id].issues, "there": there[each.id].issues}
                lines.write(json.dumps(given | found) + "\n")


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2500, help="mutants (default: 2500)")
    parser.add_argument("--seed", type=int, default=1, help="of the mutants (default: 1)")
    parser.add_argument("--rounds", type=int, default=3, help="timed validations of each mutant (default: 3)")
    parser.add_argument("--save", type=Path, help="write what differs to this file, a line of JSON each")
    given = parser.parse_args()
    path = os.pathsep.join(map(str, maven.fetched("pom.xml", "the official validator")))
    java = subprocess.run(["java", "-version"], capture_output=True, check=False).stderr.decode().splitlines()[0]
    print(
        f"{platform.machine()}, {os.cpu_count()} CPUs, {platform.system()}, Python {platform.python_version()}, {java}"
    )
    print(f"official validator {maven.version('pom.xml')}, mutants' seed {given.seed}")
    if given.save:
        given.save.unlink(missing_ok=True)
    whole, mutated = case_inputs(), mutant_inputs(given.count, given.seed)
    for title, inputs, rounds in (("Cases", whole, 0), ("Mutants and their seeds", mutated, given.rounds)):
        if not inputs:
            print(f"\n{title}: not beside the project, skipped")
            continue
        mine = ours(inputs, rounds)
        theirs, about = official(inputs, rounds, path)
        good, bad = sound(inputs, theirs)
        report(title, good, mine, theirs)
        if bad:
            report(f"{title}, where the seed is not valid there", bad, mine, theirs)
        if given.save:
            save(given.save, inputs, mine, theirs)
    unit = 1024 if sys.platform != "darwin" else 1024 * 1024
    resident = [system.getrusage(who).ru_maxrss / unit for who in (system.RUSAGE_SELF, system.RUSAGE_CHILDREN)]
    print(f"\nresident at most: {resident[0]:.0f} MiB here, inputs included, {resident[1]:.0f} MiB there")
    print(f"heap in use at the end there: {about['memory'] / 2**20:.0f} MiB; started in {about['started'] / 1e6:.1f} s")


if __name__ == "__main__":
    main()
