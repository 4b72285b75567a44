"""Each check, on one message of the shipped mapping that somebody has changed for the worse."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapter.cli.main import app
from adapter.definitions import Definitions
from adapter.definitions import load as load_definitions
from adapter.mapping import checks
from adapter.support.settings import OWN_PACKAGE

LIFECARE = Path(__file__).parents[3] / "mappings" / "lifecare"
PLAN = "messages/sip.yaml"
OF_OTHERS = [
    "answer",
    "care-teams",
    "case",
    "decision-support",
    "request",
    "sections",
    "statement",
    "stay-minimum",
    "words",
]


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    return load_definitions([OWN_PACKAGE])


@pytest.fixture
def plans(tmp_path: Path) -> Path:
    """The mapping of plans alone, with the parts that it uses."""
    folder = tmp_path / "plans"
    shutil.copytree(LIFECARE, folder, ignore=shutil.ignore_patterns("samples", "messages"))
    (folder / "messages").mkdir()
    shutil.copy(LIFECARE / PLAN, folder / PLAN)
    for part in (folder / "parts").iterdir():
        if part.stem in OF_OTHERS:
            part.unlink()
    return folder


def change(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text("utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), "utf-8")


def found(folder: Path, definitions: Definitions) -> set[str]:
    """What is wrong, as `file name: reason`, each with a line."""
    problems = checks.check(folder, definitions)
    assert all(problem.line for problem in problems)
    return {f"{problem.file.name}: {problem.reason}" for problem in problems}


def test_paths_that_the_definitions_do_not_have(plans: Path, definitions: Definitions) -> None:
    change(plans, PLAN, "extension('unit')", "extension('enhet')")
    change(plans, PLAN, "(%follow-up).value.ofType(dateTime)", "(%follow-up).value.ofType(string)")
    change(plans, PLAN, "goal.extension(%priority-order)", "goal.extension(%priority-ordre)")
    change(
        plans, "mapping.yaml", "  follow-up:", '  priority-ordre: "{canonical}/StructureDefinition/order"\n  follow-up:'
    )
    change(
        plans,
        "parts/stay.yaml",
        "encounter.subject, refers",
        "encounter.subject, unless: {fhir: encounter.classHistory}, refers",
    )
    own = "https://discharge-adapter.example/fhir/StructureDefinition"
    assert found(plans, definitions) == {
        "sip.yaml: 'plan.extension(%overall-responsibility).extension('enhet').value.ofType(Reference)': "
        f"the extension {own}/overall-responsibility has no part 'enhet'",
        "sip.yaml: 'plan.extension(%follow-up).value.ofType(string)': "
        "Extension.value[x] is not a string there: expected dateTime",
        "sip.yaml: 'goal.extension(%priority-ordre).value.ofType(positiveInt)': "
        f"the definitions have no extension {own}/order",
    }


def test_codes_and_texts_that_are_not_allowed(plans: Path, definitions: Definitions) -> None:
    change(plans, PLAN, "plan.intent, value: plan", "plan.intent, value: order")
    change(plans, "conceptmaps/plan-status.json", '"code": "active"', '"code": "aktiv"')
    change(plans, "parts/patient.yaml", "value: official", "value: officiell")
    change(plans, "parts/envelope.yaml", 'value: "1"', 'value: "2"')
    change(plans, PLAN, "refers: patient, record: patientensEget", "refers: patient, record: status")
    change(plans, "parts/stay.yaml", "encounter.class.code, value: IMP", 'encounter.class.userSelected, value: "true"')
    change(plans, PLAN, 'plan/upprattad", codec: instant', 'plan/upprattad", codec: day')
    value_sets = "https://discharge-adapter.example/fhir/ValueSet"
    assert found(plans, definitions) == {
        "sip.yaml: 'plan.intent' is always 'plan' by the profile, not 'order'",
        f"sip.yaml: 'plan.status': aktiv is not in the value set {value_sets}/plan-status|1.0.0",
        "patient.yaml: 'patient.name.use': officiell is not in the value set http://hl7.org/fhir/ValueSet/name-use|4.0.1",
        "stay.yaml: 'encounter.class.userSelected' is a boolean, which 'true' is not",
        "sip.yaml: the schema does not allow 'true', which tells of the reference, in 'status': State of a goal",
        "envelope.yaml: the schema does not allow '2' in 'kuvert/version': Version of this format",
        "sip.yaml: what the codec day writes is never what the schema allows in 'sip/plan/upprattad': "
        "An instant: date, time with seconds, and offset (Z or ±hh:mm)",
    }


def test_rules_that_can_never_do_anything(plans: Path, definitions: Definitions) -> None:
    change(plans, "parts/unit.yaml", "record: kommunkod", "record: kommunkod\n    unless: {fhir: unit.identifier}")
    change(plans, PLAN, 'plan/sammanfattning"}', 'plan/sammanfattning", unless: {record: "{body}/plan"}}')
    change(
        plans,
        PLAN,
        "plan.description, record",
        "plan.title, default: {record: x}, unless: {fhir: plan.title}, only: record, reason: it can do something, "
        'record: "{body}/plan/sammanfattning"}\n  - {fhir: plan.description, record',
    )
    change(plans, PLAN, "    named: remark\n", "    named: remark\n    only: record\n    reason: so\n")
    change(plans, PLAN, "remark.text, record: ., required: true", "remark.text, record: ., only: fhir, reason: so")
    (plans / "parts" / "old.yaml").write_text("description: What nobody needs.\n")
    assert found(plans, definitions) == {
        "old.yaml: no message uses the file",
        "unit.yaml: never writes the record: it needs what 'unless' excludes, 'unit.identifier'",
        "sip.yaml: never writes FHIR: it needs what 'unless' excludes, 'sip/plan'",
        "sip.yaml: can never do anything: it holds one way, the group around it the other",
    }


def test_what_must_be_there_and_no_rule_writes(plans: Path, definitions: Definitions) -> None:
    change(plans, PLAN, '  - {fhir: plan.title, record: "{body}/plan/titel", required: true}\n', "")
    change(
        plans,
        PLAN,
        "      - {fhir: measure.detail.status, record: status, concepts: measure-status, required: true}\n",
        "",
    )
    change(
        plans,
        "parts/patient.yaml",
        '      - {fhir: identity.system, record: "@typ", concepts: person-identity, required: true}\n',
        "",
    )
    assert found(plans, definitions) == {
        "sip.yaml: the profile needs CarePlan.title, and no rule writes it",
        "sip.yaml: the schema needs titel in sip/plan, and no rule writes it",
        "sip.yaml: the profile needs CarePlan.activity.detail.status, and no rule writes it",
        "sip.yaml: the schema needs status in sip/plan/insats, and no rule writes it",
        "patient.yaml: the profile needs Patient.identifier.system, and no rule writes it",
        "patient.yaml: the schema needs @typ in patient/personId, and no rule writes it",
    }
    lines = (plans / PLAN).read_text("utf-8").splitlines()
    [there] = [each.line for each in checks.check(plans, definitions) if "detail.status" in each.reason]
    assert "measure.detail" in lines[(there or 0) - 1]


def test_a_resource_that_the_profile_demands(folder: Callable[..., Path], definitions: Definitions) -> None:
    reasons = found(folder("  - {fhir: patient.birthDate, record: person/born}"), definitions)
    assert "note.yaml: the profile needs a Provenance in the message, and no rule writes one" in reasons
    assert "note.yaml: the profile needs a Patient in the message, and no rule writes one" not in reasons


def test_the_command(plans: Path) -> None:
    arguments = ["mappings", "check", "--system", "plans", "--mappings", str(plans.parent), "--json"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"ok": True, "problems": []}
    change(plans, PLAN, "plan.title", "plan.titel")
    done = CliRunner().invoke(app, arguments[:-1])
    assert done.exit_code == 1
    assert "sip.yaml:26: FHIR R4 has no element CarePlan.titel\n1 problem\n" in done.stdout
    done = CliRunner().invoke(app, [*arguments, "--system", "none"])
    assert "no mapping 'none': expected plans" in str(done.exception)
