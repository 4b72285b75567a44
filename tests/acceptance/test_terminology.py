"""The value sets of R4 and of the Swedish base profiles, as far as their packages let them be decided."""

from functools import cache
from pathlib import Path

import pytest

from adapter.definitions import Definitions, load
from adapter.definitions.packages import read_resources
from adapter.definitions.terminology import Terminology

SHARED = Path(__file__).parents[3] / "shared" / "data"
R4 = "http://hl7.org/fhir/ValueSet/"
V3 = "http://terminology.hl7.org/"


@cache
def definitions() -> Definitions:
    return load(["hl7.fhir.r4.core#4.0.1"])


@cache
def terminology() -> Terminology:
    return Terminology(definitions())


def test_all_value_sets_of_r4_are_listed_or_say_why_not() -> None:
    undecided = []
    urls = list(definitions().urls("ValueSet"))
    for url in urls:
        if terminology().codes(url) is None:
            verdict = terminology().member(url, "http://snomed.info/sct", "no code")
            assert verdict.result is not True
            assert verdict.reason
            undecided.append(url)
    assert len(urls) == 1316
    assert len(undecided) == 106


MEMBERS = {
    (R4 + "administrative-gender|4.0.1", None, "female"): True,
    (R4 + "administrative-gender|4.0.1", None, "kvinna"): False,
    (R4 + "administrative-gender|5.0.0", None, "female"): None,
    (R4 + "task-status|4.0.1", "http://hl7.org/fhir/task-status", "requested"): True,
    (V3 + "ValueSet/v3-ActEncounterCode", V3 + "CodeSystem/v3-ActCode", "IMP"): True,
    (V3 + "ValueSet/v3-ActEncounterCode", V3 + "CodeSystem/v3-ActCode", "CBC"): False,
    (V3 + "ValueSet/v3-ActEncounterCode", V3 + "CodeSystem/v3-ActCode", "_ActEncounterCode"): False,
    (R4 + "all-languages", "urn:ietf:bcp:47", "sv-SE"): True,
    (R4 + "iso3166-1-2", "urn:iso:std:iso:3166", "SE"): True,
    (R4 + "iso3166-1-2", "urn:iso:std:iso:3166", "ZZ"): False,
    (R4 + "timezones", "https://www.iana.org/time-zones", "Europe/Stockholm"): True,
    (R4 + "condition-code", "http://snomed.info/sct", "22298006"): None,
    (R4 + "condition-code", "http://hl7.org/fhir/task-status", "requested"): False,
}


@pytest.mark.parametrize("question", MEMBERS, ids=lambda question: f"{question[0].rpartition('/')[2]} {question[2]}")
def test_members(question: tuple[str, str | None, str]) -> None:
    assert terminology().member(*question).result is MEMBERS[question]


def test_nine_in_ten_common_units_can_be_read_and_none_is_refused() -> None:
    common = terminology().codes(R4 + "ucum-common")
    assert common is not None
    verdicts = [
        terminology().member(R4 + "ucum-units", "http://unitsofmeasure.org", code).result
        for code in common["http://unitsofmeasure.org"]
    ]
    assert len(verdicts) > 1300
    assert False not in verdicts
    assert verdicts.count(True) > 0.9 * len(verdicts)


def test_the_swedish_security_labels() -> None:
    archive = SHARED / "hl7se.fhir.base-1.1.0.tgz"
    if not archive.is_file():
        pytest.skip(f"{archive.name} is not beside the project")
    given = [resource for _, resource, _ in read_resources(archive.read_bytes(), archive.name)]
    known = Terminology(Definitions([], given))
    base = "http://hl7.se/fhir/ig/base"
    labels = next(each["url"] for each in given if each.get("id") == "SecurityLabelVS")
    system = f"{base}/CodeSystem/SecurityLabel"
    assert known.member(labels, system, "sekretessmarkering").result is True
    assert known.member(labels, system, "hemlig").result is False
