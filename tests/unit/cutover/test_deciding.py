"""Plans are checked with their lines; cases are weighed; parts say what was told and what stays behind."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from adapter.authoring.planning import Consent
from adapter.cutover import export, parts, plan, readiness
from adapter.cutover.case import Case, Request
from adapter.cutover.decide import NO_WAVE, weigh
from adapter.cutover.export import Entry
from adapter.cutover.runner import Verdict
from adapter.directory import Directory
from adapter.sandbox.exports import Generator, Units, write_xml
from adapter.support.errors import AdapterError, ConfigurationError

WARD, CENTRE, FIRST, SECOND = ("SE0000000101-NLMED1", "SE0000000101-HC01", "SE0000000110-MOTT1", "SE0000000111-MOTT1")
TAKEN = datetime(2026, 3, 10, 6, tzinfo=UTC)
AT, LATER = "2026-03-10T07:00:00+01:00", "2026-03-11T07:00:00+01:00"
DAY = date(2026, 4, 1)
_DIRECTORY = f"""
parties:
  - {{id: region, kind: region, name: Region}}
  - {{id: norrby, kind: municipality, name: Norrby, kommunkod: "9901"}}
  - {{id: soderby, kind: municipality, name: Söderby, kommunkod: "9902"}}
units:
  - {{hsa: {WARD}, name: Medicin, kind: inpatient, party: region}}
  - {{hsa: {CENTRE}, name: Hälsocentral, kind: open-care, party: region}}
  - {{hsa: {FIRST}, name: Norrby, kind: municipal-receiving, party: norrby}}
  - {{hsa: {SECOND}, name: Söderby, kind: municipal-receiving, party: soderby}}
systems:
  - {{id: old, kind: planning-tool, party: norrby, carries: [region]}}
  - {{id: new, kind: planning-tool, party: norrby, carries: [soderby]}}
endpoints:
  - {{id: old, system: old, channel: fhir, address: "http://127.0.0.1:1/fhir"}}
  - {{id: new, system: new, channel: fhir, address: "http://127.0.0.1:1/new"}}
routes:
  - {{to: {{party: norrby}}, endpoint: old, valid_to: 2026-03-31}}
  - {{to: {{party: norrby}}, endpoint: new, valid_from: 2026-04-01}}
  - {{to: {{party: soderby}}, endpoint: new}}
  - {{to: {{party: region}}, endpoint: old}}
"""
_PLAN = """from: prator
to: new
name: Prator
waves:
  - {name: one, start: 2026-04-01, municipalities: ["9901"]}
"""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Directory:
    folder = tmp_path_factory.mktemp("directory")
    (folder / "directory.yaml").write_text(_DIRECTORY, encoding="utf-8")
    return Directory.load(folder)


def planned(folder: Path, directory: Directory, text: str = _PLAN) -> plan.Plan:
    (folder / "cutover.yaml").write_text(text, encoding="utf-8")
    return plan.load(folder / "cutover.yaml", directory)


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    file = tmp_path_factory.mktemp("export") / "export.xml"
    made = Generator("test", Units(WARD, CENTRE, {"9901": FIRST}), (), TAKEN).rows(10)
    write_xml(file, made, "prator", TAKEN)
    return [entry.case for entry in export.read(file).entries if entry.case]


def weighed(folder: Path, directory: Directory, *given: Case, on: date = DAY):
    entries = tuple(Entry(f"x:{case.key}", case.key, case) for case in given)
    found = export.Export(Path("x"), "prator", AT, True, "", entries)
    return weigh(found, planned(folder, directory), directory, on)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("to: new", "to: nwe", "cutover.yaml:2: to: the directory has no system 'nwe'"),
        ("from: prator", "from: new", "cutover.yaml:2: to: is the same system as from"),
        ('"9901"', '"9999"', "cutover.yaml:5: waves.0.municipalities.0: no party of the directory"),
        ('"9901"', '"9901", "9901"', "9901 is in the wave 'one' already"),
        ("start: 2026-04-01", "start: soon", "waves.0.start: expected a date"),
        ("waves:", "wvaes:", "no such key"),
        ('["9901"]', "[9901]", "expected text in quotes"),
    ],
)
def test_a_wrong_plan_is_told_with_its_line(tmp_path: Path, directory: Directory, old: str, new: str, words: str):
    with pytest.raises(ConfigurationError) as error:
        planned(tmp_path, directory, _PLAN.replace(old, new))
    assert words in str(error.value)


def test_a_case_goes_to_its_units_in_the_new_system(tmp_path: Path, directory: Directory, cases: list[Case]):
    (found,) = weighed(tmp_path, directory, cases[0])
    assert (found.refused, found.receivers) == ((), {FIRST})
    assert found.gaps == ("begaran 2: the unit works in another system, which keeps its case",)


def test_what_cannot_be_carried_says_why(tmp_path: Path, directory: Directory, cases: list[Case]):
    case = cases[0]
    strange = replace(case, requests=(Request("SE0000000999-X", "requested"),))
    lacking = replace(case, admission=replace(case.admission, estimate=None), person=replace(case.person, addresses=()))
    unknown = replace(case, admission=replace(case.admission, ward="SE0000000999-X"))
    itself = replace(case, admission=replace(case.admission, ward=FIRST))
    reasons = {
        "no wave": (replace(case, municipality="9902"), DAY, NO_WAVE),
        "unit": (strange, DAY, "begaran 1: no route leads to the unit"),
        "estimate": (lacking, DAY, "vistelse/beraknadUtskrivning is missing"),
        "address": (lacking, DAY, "person/adress is missing"),
        "ward": (unknown, DAY, "vistelse/enhet: the directory has no such unit on 2026-04-01"),
        "itself": (itself, DAY, "begaran: the ward asks itself; expected another unit"),
        "too early": (case, DAY - timedelta(days=1), "none of the units that are asked works in the new system"),
    }
    for given, on, words in reasons.values():
        (found,) = weighed(tmp_path, directory, given, on=on)
        assert any(words in reason for reason in found.refused), words
        assert "SE0000000999-X" not in " ".join(found.refused)


def test_an_export_of_another_system_is_not_weighed(tmp_path: Path, directory: Directory):
    with pytest.raises(AdapterError, match="is an export of 'other'"):
        weigh(export.Export(Path("x"), "other", AT, True, "", ()), planned(tmp_path, directory), directory, DAY)


def test_the_same_person_and_stay_become_one_or_are_left_to_a_person(
    tmp_path: Path, directory: Directory, cases: list[Case]
):
    whole = cases[4]
    half = replace(whole, key="half", plan=None, ready=None)
    first, second = weighed(tmp_path, directory, half, whole)
    assert first.case is not None
    assert (first.case.plan, first.case.ready) == (whole.plan, whole.ready)
    assert (second.merged_into, second.refused) == ("half", ())
    other = replace(whole, key="other", admission=replace(whole.admission, estimate="2031-01-01"))
    both = weighed(tmp_path, directory, whole, other)
    assert [each.refused for each in both] == [
        ("the same person and stay as case other, and they differ on admission",),
        (f"the same person and stay as case {whole.key}, and they differ on admission",),
    ]


def test_parts_stand_in_the_order_of_their_sending(cases: list[Case]):
    made = parts.cut(cases[4], "Prator", AT, frozenset({FIRST}))
    assert [part.name for part in made.parts] == [
        "admission", "information", "ready", "invitation", "plan", "note"
    ]  # fmt: skip
    assert made.gaps == ()
    assert "Meddelandekedjan börjar om" in made.parts[-1].says[0].note  # type: ignore[union-attr]


def test_a_plan_without_consent_stays_behind_and_says_so(cases: list[Case]):
    withdrawn = tuple(Consent(**each.model_dump() | {"withdrawn": True}) for each in cases[4].consents)
    for consents in ((), withdrawn):
        made = parts.cut(
            replace(cases[4], consents=consents), "Prator", "2026-03-10T07:00:00+01:00", frozenset({FIRST})
        )
        assert "plan" not in [part.name for part in made.parts]
        assert "LAW 4:2" in made.gaps[0]
        assert "planen (samtycke saknas" in made.parts[-1].says[0].note  # type: ignore[union-attr]


def test_the_last_word_on_a_consent_counts(cases: list[Case]):
    case = cases[4]
    (sip,) = case.consents
    withdrawn = Consent(**sip.model_dump() | {"withdrawn": True, "at": "2026-03-09T20:00:00+01:00"})
    refused = Consent(consent="sharing", at="2026-03-08T09:00:00+01:00", text="x", given=False)
    for consents, left in (((withdrawn, sip), "plan"), ((refused, sip), "information"), ((sip,), "")):
        made = parts.cut(replace(case, consents=consents), "Prator", AT, frozenset({FIRST}))
        assert {"plan", "information"} - {part.name for part in made.parts} == ({left} if left else set())
        assert len(made.gaps) == len(made.parts[-1].says[0].note.splitlines()) - 3  # type: ignore[union-attr]


def test_a_unit_that_is_only_called_gets_the_call_alone(tmp_path: Path, directory: Directory, cases: list[Case]):
    case = cases[4]
    assert case.invitation is not None
    called = (*case.invitation.called, Request(SECOND, "accepted"), Request(CENTRE, "requested"))
    wider = replace(case, invitation=replace(case.invitation, called=called))
    (found,) = weighed(tmp_path, directory, wider)
    assert found.receivers == {FIRST, SECOND}
    assert found.gaps == ("kallelse/kallad 3: the unit does not work in the new system, and is not called there",)
    made = parts.cut(wider, "Prator", AT, found.receivers)
    assert [part.name for part in made.parts if SECOND in part.receivers] == ["invitation"]
    assert parts.identity(wider, found.receivers) == parts.identity(case, frozenset({FIRST}))


def test_answers_are_told_by_the_note_and_not_by_what_asked(cases: list[Case]):
    case = cases[4]
    answered = replace(case, requests=(Request(FIRST, "rejected", "no-capacity", "Fullt"),))
    first, *_, note = parts.cut(answered, "Prator", AT, frozenset({FIRST})).parts
    assert [request.status for _, request in first.tasks] == ["requested"]
    assert [(code, request.status) for code, request in note.tasks] == [
        (parts.RECEIVE, "rejected"),
        (parts.PARTICIPATE, "accepted"),
    ]


def test_another_export_of_the_same_case_is_no_news(cases: list[Case]):
    one, other = (parts.cut(cases[4], "Prator", at, frozenset({FIRST})).parts for at in (AT, LATER))
    assert [part.digest for part in one] == [part.digest for part in other]


def test_readiness_tells_what_a_municipality_lacks(tmp_path: Path, directory: Directory):
    text = _PLAN + '  - {name: two, start: 2026-03-01, municipalities: ["9902"]}\n'
    found = planned(tmp_path, directory, text.replace("2026-04-01", "2026-03-31"))
    refused = Verdict("P", "x:1", "one", "9901", False, "refused", ("because",))
    hidden = Verdict("Q", "x:2", "one", "9901", True, "refused", ("because",))
    one, two = readiness.assess(found, directory, {}, [refused, hidden], lambda _endpoint: None)
    assert (one.ready, one.cases, one.refused) == (False, {"refused": 1}, {"because": 1})
    assert any("leads to old on 2026-03-31" in problem for problem in one.problems)
    assert (two.ready, two.units, two.endpoints) == (True, 1, ("new",))
    (_, silent) = readiness.assess(found, directory, {}, [], readiness.knock)
    assert silent.problems == ("endpoint new does not answer: ConnectionRefusedError",)
