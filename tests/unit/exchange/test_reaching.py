"""Endpoints of the directory as channels: all that is configured counts, and what cannot work is told by line."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from adapter.delivery.channels.folder import FolderChannel
from adapter.directory import Directory
from adapter.exchange import reaching
from adapter.support.errors import MappingError

BASE = """\
parties:
  - {id: north, kind: municipality, name: North, kommunkod: "9901"}
systems:
  - {id: shared, kind: planning-tool, party: north}
endpoints:
"""


@pytest.fixture
def directory(tmp_path):
    def load(endpoint: str) -> Directory:
        (tmp_path / "all.yaml").write_text(BASE + endpoint)
        return Directory.load(tmp_path)

    return load


@pytest.fixture
def key(tmp_path) -> Path:
    file = tmp_path / "key.pem"
    private = ec.generate_private_key(ec.SECP384R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private)
    return file


def test_everything_that_is_configured_reaches_the_channel(directory, tmp_path):
    found = directory(
        """\
  - id: ehr
    system: shared
    channel: soap
    address: https://ehr.example/svc
    mapping: lifecare
    proxy: http://proxy.example:8080
    proxy_password_file: proxy
    signing_secret_file: signing
    oauth:
      token_url: https://auth.example/token
      client_id: adapter
      method: client_secret_post
      secret_env: EHR_SECRET
      scope: system/Task.u
    soap:
      action: urn:x:Send
      logical_address: SE2321000016-A1
      result: {code: result/code, ok: [OK], transient: [WAIT]}
"""
    )
    settings = reaching.settings_of(found.endpoint("ehr"))
    assert (settings.proxy, settings.proxy_password_file) == ("http://proxy.example:8080", tmp_path / "proxy")
    assert settings.signing_secret_file == tmp_path / "signing"
    assert settings.oauth is not None
    assert (settings.oauth.token_url, settings.oauth.secret_env) == ("https://auth.example/token", "EHR_SECRET")
    assert settings.soap is not None
    assert settings.soap.result is not None
    assert (settings.soap.action, settings.soap.result.transient, settings.soap.result.text) == (
        "urn:x:Send",
        ("WAIT",),
        "",
    )
    names = {problem.reason.partition(" ")[0] for problem in found.secret_problems()}
    assert len(found.secret_problems()) == 3, names


def test_a_folder_waits_for_acknowledgements_where_it_is_told_to(directory, tmp_path):
    found = directory(
        "  - {id: out, system: shared, channel: folder, folder: {path: drop, acknowledge_within: 1h}}\n"
    ).endpoint("out")
    settings = reaching.settings_of(found)
    assert settings.folder is not None
    assert (settings.folder.path, settings.folder.acknowledge_within) == (tmp_path / "drop", 3600.0)
    assert isinstance(reaching.open_channel(found, None), FolderChannel)


def test_a_key_that_cannot_sign_is_told_by_its_line(directory, key):
    endpoint = """\
  - id: ehr
    system: shared
    channel: fhir
    address: https://ehr.example/fhir
    oauth:
      token_url: https://auth.example/token
      client_id: adapter
      algorithm: ALGORITHM
      key_file: key.pem
"""
    assert reaching.problems(directory(endpoint.replace("ALGORITHM", "ES384"))) == []
    (problem,) = reaching.problems(directory(endpoint.replace("ALGORITHM", "RS384")))
    assert (problem.file.name, problem.line) == ("all.yaml", 14)
    assert "cannot sign with RS384" in problem.reason


def test_a_certificate_that_does_not_fit_is_told_by_its_line(directory, key):
    pair = "client_certificate: key.pem, client_key: key.pem"
    found = directory(f"  - {{id: ehr, system: shared, channel: fhir, address: 'https://ehr.example', {pair}}}\n")
    (problem,) = reaching.problems(found)
    assert (problem.line, "certificate or key cannot be used" in problem.reason) == (6, True)


def message(*more: str) -> bytes:
    resources = [
        {"resourceType": "MessageHeader", "id": "h"},
        {"resourceType": "Patient", "id": "p", "identifier": [{"system": "urn:x:person", "value": "n"}]},
        {
            "resourceType": "Task",
            "id": "t",
            "status": "accepted",
            "identifier": [{"system": "urn:x:task", "value": "1"}],
            "for": {"reference": "urn:uuid:p"},
        },
        *({"resourceType": each, "id": f"m{number}"} for number, each in enumerate(more)),
    ]
    entries = [{"fullUrl": f"urn:uuid:{each['id']}", "resource": each} for each in resources]
    return json.dumps({"resourceType": "Bundle", "type": "message", "entry": entries}).encode()


def test_a_task_goes_alone_only_where_nothing_is_lost(directory):
    rules = reaching.settings_of(
        directory("  - {id: t, system: shared, channel: fhir-task, address: 'https://ehr.example/fhir'}\n").endpoint(
            "t"
        )
    ).task
    assert rules is not None
    (task,) = rules.tasks(message("Provenance", "Organization"), "application/fhir+json")
    assert task["for"] == {"type": "Patient", "identifier": {"system": "urn:x:person", "value": "n"}}
    assert "id" not in task
    with pytest.raises(MappingError, match="holds CarePlan, Communication, which a Task alone cannot carry"):
        rules.tasks(message("Communication", "CarePlan"), "application/fhir+json")
    assert rules.follows("requested", "accepted")
    assert not rules.follows("completed", "accepted")
