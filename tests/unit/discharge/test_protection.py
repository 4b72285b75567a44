"""Labels of protection, wherever they stand."""

from typing import Any

import pytest

from adapter.discharge.protection import Protection, of
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import CONFIDENTIALITY_MARK, PROTECTED_IDENTITY, SECURITY_LABEL


def meta(code: str = PROTECTED_IDENTITY, system: str | None = SECURITY_LABEL) -> dict[str, Any]:
    return {"security": [{"code": code} | ({"system": system} if system else {})]}


def entry(resource: dict[str, Any]) -> dict[str, Any]:
    return {
        "resourceType": "Bundle",
        "entry": [{"resource": {"resourceType": "MessageHeader"}}, {"resource": resource}],
    }


@pytest.mark.parametrize(
    "bundle",
    [
        {"resourceType": "Bundle", "meta": meta()},
        entry({"resourceType": "Patient", "meta": meta()}),
        entry({"resourceType": "Task", "contained": [{"resourceType": "Patient", "meta": meta()}]}),
        entry({"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient", "meta": meta()}}]}),
        entry({"resourceType": "Patient", "meta": meta(system=None)}),
        entry({"resourceType": "Patient", "meta": meta(system="http://example.org")}),
        entry({"resourceType": "Patient", "meta": meta(code=" SkyddadFolkbokforing ")}),
        entry({"resourceType": "Patient", "meta": {"security": {"code": PROTECTED_IDENTITY}}}),
    ],
)
def test_protected(bundle: dict[str, Any]) -> None:
    assert of(MessageBundle(bundle)) == Protection(protected=True, confidential=False)


def test_labels_within_labels_are_soon_read() -> None:
    bundle: dict[str, Any] = {"meta": meta()}
    for _ in range(45):  # to look twice at what each holds would take 2^45 looks
        bundle = {"meta": {"security": bundle}}
    assert of(MessageBundle(bundle)) == Protection(protected=True, confidential=False)


def test_confidential_is_another_thing() -> None:
    bundle = entry({"resourceType": "Patient", "meta": meta(CONFIDENTIALITY_MARK)})
    assert of(MessageBundle(bundle)) == Protection(protected=False, confidential=True)
    bundle["meta"] = meta()
    assert of(MessageBundle(bundle)) == Protection(protected=True, confidential=True)


@pytest.mark.parametrize(
    "bundle",
    [
        {},
        entry({"resourceType": "Patient", "meta": meta("R")}),
        entry({"resourceType": "Patient", "meta": {"tag": meta()["security"]}}),
        entry({"resourceType": "Patient", "security": meta()["security"]}),
        entry({"resourceType": "Patient", "meta": "skyddadFolkbokforing"}),
    ],
)
def test_not_labelled(bundle: dict[str, Any]) -> None:
    assert of(MessageBundle(bundle)) == Protection(protected=False, confidential=False)
