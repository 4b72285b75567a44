"""Errors beside the official validator's, on its own cases: `python benchmarks/validator_cases.py`.

Prints the agreement of verdicts, of the number of errors in each case, and of the places that they are said of. A place
is an issue's first expression, less what only one of the two writes: notes of ids in comments, the root's name in XML,
predicates, the type of a choice, indexes. Each case that differs stands in tests/acceptance/validator_differences.json
with the places and the classes of its differences; `--write` brings counts and places there up to date, and leaves the
classes to who reads them.
"""

import argparse
import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapter.validation import Outcome, Validator

PROJECT = Path(__file__).resolve().parent.parent
CASES = PROJECT.parent / "shared" / "data" / "validator-cases" / "cases.jsonl.gz"
DIFFERENCES = PROJECT / "tests" / "acceptance" / "validator_differences.json"
_GRAVE = frozenset({"error", "fatal"})
_NOTE = re.compile(r"/\*.*?\*/|/f:|\[url='[^']*'\]|\.ofType\([A-Za-z0-9]+\)|\[x\]")
_INDEX = re.compile(r"\[[0-9]+\]")


@dataclass(frozen=True)
class Comparison:
    """The errors of a case: the places of the official validator's and of ours, one for each error."""

    id: str
    agrees: bool
    official: tuple[str, ...]
    ours: tuple[str, ...]

    @property
    def shared(self) -> int:
        """How many places both name, whatever the index."""
        return len(_plain(self.official) & _plain(self.ours))

    @property
    def missing(self) -> list[str]:
        """Places that only the official validator names."""
        return sorted(_plain(self.official) - _plain(self.ours))

    @property
    def extra(self) -> list[str]:
        """Places that only ours names."""
        return sorted(_plain(self.ours) - _plain(self.official))

    @property
    def exact(self) -> int:
        """How many places both name, with the same indexes."""
        return len(set(self.official) & set(self.ours))

    @property
    def differs(self) -> bool:
        """Whether number or places are not the same."""
        return len(self.official) != len(self.ours) or bool(self.missing or self.extra)

    def row(self) -> dict[str, Any]:
        """What stands of the case in the list of differences, less the classes."""
        row: dict[str, Any] = {"official": len(self.official), "ours": len(self.ours)}
        return row | ({"missing": self.missing} if self.missing else {}) | ({"extra": self.extra} if self.extra else {})


def cases() -> list[dict[str, Any]]:
    """The cases; none where they are not beside the project."""
    if not CASES.is_file():
        return []
    with gzip.open(CASES) as lines:
        return [json.loads(line) for line in lines]


def outcome(case: dict[str, Any]) -> Outcome:
    """Ours of a case. The official outcomes were recorded with unknown extensions as errors."""
    definitions = [each["text"].encode() for each in case["definitions"]]
    validator = Validator.load(definitions=definitions, unknown_extensions="error")
    resource = case["resource"]
    return validator.validate(resource["text"].encode(), profile=case["profile"], format=resource["format"])


def compare(case: dict[str, Any], found: Outcome) -> Comparison:
    """The official issues of a case beside ours."""
    official = tuple(_place(each["expression"]) for each in case["issues"] if each["severity"] in _GRAVE)
    ours = tuple(_place(each.expression) for each in found.issues if each.severity in _GRAVE)
    return Comparison(case["id"], found.valid is case["valid"], official, ours)


def differences() -> dict[str, Any]:
    """The list of differences: `classes`, a text for each, and `cases`."""
    found: dict[str, Any] = json.loads(DIFFERENCES.read_text(encoding="utf-8"))
    return found


def figures(compared: list[Comparison]) -> Iterator[str]:
    """A line each of verdicts, numbers of errors and their places."""
    order = Counter((len(each.ours) > len(each.official)) - (len(each.ours) < len(each.official)) for each in compared)
    shared, exact = sum(each.shared for each in compared), sum(each.exact for each in compared)
    missing, extra = sum(len(each.missing) for each in compared), sum(len(each.extra) for each in compared)
    agreed = sum(each.agrees for each in compared)
    yield f"{len(compared)} cases: same verdict {agreed}, {agreed / len(compared):.1%}"
    yield f"number of errors: equal {order[0]}, ours more {order[1]}, ours fewer {order[-1]}"
    yield f"same places of errors: {sum(not each.missing and not each.extra for each in compared)} cases"
    yield f"places: {shared} named by both ({exact} with the same indexes), {missing} missing, {extra} extra"
    yield f"precision {shared / (shared + extra):.3f}, recall {shared / (shared + missing):.3f}"


def _place(expression: list[str] | tuple[str, ...]) -> str:
    return _NOTE.sub("", expression[0]) if expression else ""


def _plain(places: tuple[str, ...]) -> set[str]:
    return {_INDEX.sub("", each) for each in places}


def _write(compared: list[Comparison]) -> None:
    known = differences() if DIFFERENCES.is_file() else {"classes": {}, "cases": {}}
    rows = {
        each.id: each.row() | {"why": known["cases"].get(each.id, {}).get("why", [])}
        for each in compared
        if each.differs
    }
    written = json.dumps({"classes": known["classes"], "cases": rows}, indent=1, ensure_ascii=False)
    DIFFERENCES.write_text(written + "\n", encoding="utf-8")


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="bring counts and places in the list up to date")
    given = parser.parse_args()
    compared = [compare(case, outcome(case)) for case in cases()]
    if not compared:
        raise SystemExit(f"there are no cases at {CASES}")
    if given.write:
        _write(compared)
    for line in figures(compared):
        print(line)
    classes = Counter(why for each in differences()["cases"].values() for why in each["why"])
    for name, count in classes.most_common():
        print(f"  {count:3} cases: {name}: {differences()['classes'][name]}")


if __name__ == "__main__":
    main()
