import hashlib
import json
from collections.abc import Callable

import pytest

from adapter.definitions.packages import read_manifest, read_resources, split_key
from adapter.support.errors import DefinitionsError

Make = Callable[..., bytes]


def test_manifest(package: Make) -> None:
    content = package("hl7.x.y", "1.2.3-ballot", {"hl7.fhir.r4.core": "4.0.1"})
    read = read_manifest(content, "x.tgz")
    assert read.key == "hl7.x.y#1.2.3-ballot"
    assert read.sha256 == hashlib.sha256(content).hexdigest()
    assert read.dependencies == {"hl7.fhir.r4.core": "4.0.1"}
    assert read.aliases == ()


def test_declared_name_becomes_an_alias(package: Make) -> None:
    read = read_manifest(package("hl7se.fhir.base.r4", "1.1.0"), "x.tgz", "hl7se.fhir.base")
    assert read.aliases == ("hl7se.fhir.base",)
    assert read.answers_to("hl7se.fhir.base", "1.1.0")
    assert read.answers_to("hl7se.fhir.base.r4", "1.1.0")
    assert not read.answers_to("hl7se.fhir.base", "1.0.0")


def test_resources_directly_under_package_only(archive: Make) -> None:
    content = archive(
        {
            "package/package.json": b'{"name": "a", "version": "1"}',
            "package/.index.json": b'{"resourceType": "no"}',
            "package/A.json": b'\xef\xbb\xbf{"resourceType": "ValueSet", "url": "u"}',
            "package/B.json": b'{"no": "resource"}',
            "package/example/C.json": b'{"resourceType": "Patient"}',
            "package/other/D.json": b"not json",
            "package/E.xml": b"<x/>",
        }
    )
    assert list(read_resources(content, "x")) == [
        ("package/A.json", {"resourceType": "ValueSet", "url": "u"}, b'{"resourceType": "ValueSet", "url": "u"}')
    ]


BAD_MANIFESTS = {
    "none": ({"package/other.json": b"{}"}, "no package/package.json"),
    "not JSON": ({"package/package.json": b"{"}, "not JSON"),
    "deep": ({"package/package.json": b"[" * 100_000}, "not JSON"),
    "an array": ({"package/package.json": b"[]"}, "not an object"),
    "no version": ({"package/package.json": b'{"name": "a"}'}, "lacks name or version"),
    "name that leads out": ({"package/package.json": b'{"name": "../../x", "version": "1"}'}, "not allowed"),
    "version that leads out": ({"package/package.json": b'{"name": "a", "version": "1/../../x"}'}, "not allowed"),
    "dependencies": ({"package/package.json": b'{"name": "a", "version": "1", "dependencies": ["b"]}'}, "dependencies"),
    "zip slip": ({"package/package.json": b'{"name": "a", "version": "1"}', "../../x": b""}, "leads out"),
}


@pytest.mark.parametrize("name", BAD_MANIFESTS)
def test_bad_manifests(archive: Make, name: str) -> None:
    files, words = BAD_MANIFESTS[name]
    with pytest.raises(DefinitionsError, match=words) as raised:
        read_manifest(archive(files), "file.tgz")
    assert str(raised.value).startswith("file.tgz: ")


def test_a_resource_that_is_not_json_is_named(archive: Make) -> None:
    with pytest.raises(DefinitionsError, match=r"x: package/A\.json is not JSON"):
        list(read_resources(archive({"package/A.json": b"{"}), "x"))


def structure(**members: object) -> bytes:
    shape = {"resourceType": "StructureDefinition", "url": "u", "type": "Patient", "kind": "resource"}
    return json.dumps(shape | members).encode()


MALFORMED = {
    b'{"resourceType": "ValueSet", "url": "a", "url": "b"}': "twice",
    structure(url=None): "StructureDefinition: url: expected a text",
    structure(snapshot=[]): "u: snapshot is not",
    structure(differential={"element": [{"path": "Patient"}, {"id": "x"}]}): r"u: differential\.element\[1\]: .*a path",
    structure(snapshot={"element": [{"path": "Patient", "type": [{}]}]}): r"u: snapshot\.element\[0\].*with a code",
}


@pytest.mark.parametrize("content", MALFORMED)
def test_a_malformed_resource_is_refused_with_file_and_element(archive: Make, content: bytes) -> None:
    with pytest.raises(DefinitionsError, match=MALFORMED[content]) as raised:
        list(read_resources(archive({"package/A.json": content}), "a#1"))
    assert str(raised.value).startswith("a#1: package/A.json: ")


@pytest.mark.parametrize("key", ["", "a", "a#", "#1", "../a#1", "a#../1", "a b#1", "a#1#2"])
def test_keys_of_another_form(key: str) -> None:
    with pytest.raises(DefinitionsError, match="expected id#version"):
        split_key(key)
