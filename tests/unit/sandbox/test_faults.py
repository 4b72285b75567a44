"""Faults as data: where they go, and what is said of those that fit nowhere."""

from pathlib import Path
from typing import Any

import pytest

from adapter.sandbox.authoring import faults
from adapter.sandbox.authoring.faults import InvalidFixture
from adapter.support.errors import AdapterError

A, B = "de082814-6fae-4630-922a-508ea46f4bfc", "47eeb508-8ead-476e-985c-e4ee9ca6d938"


def message() -> dict[str, Any]:
    """Two Tasks, the second about the first."""
    tasks = [{"resourceType": "Task", "id": each, "status": "requested"} for each in (A, B)]
    tasks[1] |= {"focus": {"reference": f"urn:uuid:{A}"}, "note": [{"text": "x"}]}
    entries = [{"fullUrl": f"urn:uuid:{each['id']}", "resource": each} for each in tasks]
    return {"resourceType": "Bundle", "id": A, "entry": entries}


def made(*changes: dict[str, Any], keeps: bool = True) -> dict[str, Any]:
    words = {"of": "x", "fault": changes, "findings": [], "keeps_identifiers": keeps}
    return faults.broken(message(), "name", InvalidFixture.model_validate(words))


def test_a_place_is_of_the_nth_resource_of_a_type_of_its_entry_or_of_the_message() -> None:
    found = made(
        {"at": "Task.status", "set": "accepted"},
        {"at": "Task[-1].note[+].text", "set": "y"},
        {"at": "Task[1].owner.display", "set": "{Task[1]} {Task[0].id}"},
        {"at": "Bundle.timestamp", "set": "then"},
    )
    first, second = (entry["resource"] for entry in found["entry"])
    assert first["status"] == "accepted"
    assert second["note"] == [{"text": "x"}, {"text": "y"}]
    assert second["owner"] == {"display": f"urn:uuid:{B} {A}"}
    assert found["timestamp"] == "then"
    assert len(made({"at": "Task", "remove": True})["entry"]) == 1


def test_a_copy_of_an_entry_has_an_id_of_its_own_and_what_is_last_moves() -> None:
    copied = made({"at": "Task", "repeat": True})["entry"]
    assert copied[2]["fullUrl"] == f"urn:uuid:{copied[2]['resource']['id']}"
    assert copied[2]["resource"]["id"] not in (A, B)
    assert [each["fullUrl"] for each in made({"at": "Task", "last": True})["entry"]] == [
        f"urn:uuid:{B}",
        f"urn:uuid:{A}",
    ]


def test_identifiers_are_new_unless_they_are_kept_and_references_hold() -> None:
    change = {"at": "Task.status", "set": "accepted"}
    assert made(change)["id"] == A
    renewed = made(change, keeps=False)
    first, second = renewed["entry"]
    assert first["resource"]["id"] != A
    assert second["resource"]["focus"]["reference"] == first["fullUrl"]
    assert renewed == made(change, keeps=False), "the same again from the same name"


@pytest.mark.parametrize(
    "at", ["Task[2].status", "Patient.name", "Task[1].note[3].text", "Task.status.text", "Encounter"]
)
def test_a_change_that_fits_nowhere_is_told_with_the_fixture_and_the_place(at: str) -> None:
    with pytest.raises(AdapterError, match=r"name: there is no .* to change") as error:
        made({"at": at, "remove": True})
    assert at in str(error.value)


@pytest.mark.parametrize(
    "words",
    [
        "fault: [{at: Task}]",
        "fault: [{at: Task, remove: true, last: true}]",
        "fault: [{at: entry.0, remove: true}]",
        "fault: []",
        "file: body.json\nfault: [{at: Task, remove: true}]",
        "fault: [{at: Task, remove: true}]\nrules: x",
    ],
)
def test_words_that_are_no_fixture_are_told_with_the_file(tmp_path: Path, words: str) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(f"of: x.json\nfindings: []\n{words}\n")
    with pytest.raises(AdapterError, match=r"wrong\.yaml cannot be used"):
        faults.read(file)
