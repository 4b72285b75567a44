"""When an element's type says where its references must lead, and what is asked of the targets."""

from types import SimpleNamespace
from typing import Any

import pytest

from adapter.validation import targets
from adapter.validation.groups import Group
from adapter.validation.items import Item
from adapter.validation.references import Severity
from adapter.validation.run import Frame, Path, Run
from adapter.validation.targets import TargetCheck
from adapter.validation.trees import Node

BASE = "http://hl7.org/fhir/StructureDefinition/"
OURS, THEIRS, UNKNOWN = (f"http://acme.com/{name}" for name in ("ours", "theirs", "unknown"))
URL = "http://acme.com/p"


class Host:
    """Two profiles of Organization; a target keeps the one that it names."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Path]] = []

    typed_references: Severity = "error"

    def tree(self, canonical: str) -> Node | None:
        return Node({}, "Organization", None, None) if canonical in (OURS, OURS + "|1", THEIRS) else None

    def fits(self, item: Item, canonical: str, _run: Run) -> bool:
        self.asked.append((canonical, item.path))
        return item.value.get("name") == canonical


def made(host: Host, *targets: str, base: tuple[str, ...] = (), aggregation: tuple[str, ...] = ()) -> Any:
    type_ = {"code": "Reference", "targetProfile": list(targets), "aggregation": list(aggregation)}
    return TargetCheck.make(type_, {"targetProfile": list(base)} if base else {}, host, URL)


def test_what_says_no_more_than_the_base_is_no_check() -> None:
    host = Host()
    assert made(host) is None
    assert made(host, BASE + "Patient", base=(BASE + "Patient",)) is None
    assert made(host, BASE + "Patient", base=(BASE + "Patient", BASE + "Group")) is not None
    assert made(host, BASE + "Patient") is not None
    assert made(host, aggregation=("contained",)) is not None
    assert made(host, base=(BASE + "Patient",)) is None
    assert made(host, BASE + "Patient", base=(BASE + "Patient",), aggregation=("contained",)) is not None


def told(host: Host, target: dict[str, Any] | None, *targets: str, url: object = "#x") -> list[str]:
    check = made(host, *targets)
    run = Run("Basic")
    run.frame = Frame({"resourceType": "Basic"}, "Basic", None)
    if target is not None:
        run.frame.contained["x"] = target
        run.frames[id(target)] = Frame(target, "Organization", ((None, "contained"), 0))
    check.check({"reference": url}, run, (None, "subject"))
    return [f"{issue.rule} {issue.expression[0]}" for issue in run.issues]


TYPE, PROFILE = "base-reference-type Basic.subject", "profile-target Basic.subject"


@pytest.mark.parametrize(
    ("target", "targets", "issues", "asked"),
    [
        ("Organization", (OURS,), [], [OURS]),
        ("Organization", (OURS + "|1",), [PROFILE], [OURS + "|1"]),
        ("Organization", (THEIRS,), [PROFILE], [THEIRS]),
        ("Organization", (THEIRS, OURS), [], [THEIRS, OURS]),
        ("Organization", (OURS, THEIRS), [], [OURS]),
        ("Organization", (THEIRS, BASE + "Organization"), [], []),
        ("Organization", (BASE + "Organization",), [], []),
        ("Organization", (BASE + "Patient",), [TYPE], []),
        ("Patient", (OURS,), [TYPE], []),
        ("Patient", (OURS, BASE + "Patient"), [], []),
        ("Organization", (BASE + "Resource",), [PROFILE], [BASE + "Resource"]),
        ("Organization", (BASE + "Patient|4.0.1",), [TYPE], []),
        ("Organization", (UNKNOWN,), [], []),
        ("Organization", (UNKNOWN, BASE + "Patient"), [], []),
        ("Organization", (BASE + "organization",), [], []),
        ("Organization", (BASE + "us-core-x",), [], []),
        ("Organization", (BASE + "My-profile",), [], []),
    ],
)
def test_targets(target: str, targets: tuple[str, ...], issues: list[str], asked: list[str]) -> None:
    host = Host()
    assert told(host, {"resourceType": target, "name": OURS}, *targets) == issues
    assert host.asked == [(each, ((None, "contained"), 0)) for each in asked]


@pytest.mark.parametrize("url", ["#y", "Organization/1", "http://acme.com/x", None, 1])
def test_what_is_not_here_is_not_asked(url: object) -> None:
    host = Host()
    assert [each for each in told(host, {"resourceType": "Organization"}, OURS, url=url) if "profile" in each] == []
    assert host.asked == []


def test_a_target_in_a_bundle_is_asked() -> None:
    url, target = "urn:uuid:0c7e4b5e-6f0f-4c37-9d1c-0a4f4f0d1b11", {"resourceType": "Organization"}
    host, run = Host(), Run("Basic")
    run.frame = Frame({"resourceType": "Basic"}, "Basic", None)
    run.frame.bundle = Group({"resourceType": "Bundle", "entry": [{"fullUrl": url, "resource": target}]})
    run.frame.entry = {}
    made(host, OURS).check({"reference": url}, run, (None, "subject"))
    assert [issue.rule for issue in run.issues] == ["profile-target"]
    assert host.asked == [(OURS, (None, "subject"))]


@pytest.mark.parametrize(("canonical", "type_"), [(f"{targets._BASE}Patient|4.0.1", "Patient"), ("Patient", "")])
def test_only_a_url_of_r4_says_its_type(canonical: str, type_: str) -> None:
    assert targets._type(canonical, SimpleNamespace(tree=lambda _: None)) == type_
