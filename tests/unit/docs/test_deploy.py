"""The examples of installations name settings, commands, pages and volumes that are there."""

import re
from pathlib import Path

import pytest
import yaml

from adapter.cli.main import app
from adapter.support.settings import Settings
from adapter.support.stores import Database

ROOT = Path(__file__).parents[3]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
KUBERNETES = [
    each
    for file in sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))
    for each in yaml.safe_load_all(file.read_text("utf-8"))
]
DEPLOYED = {each["metadata"]["name"]: each["spec"] for each in KUBERNETES if each["kind"] == "Deployment"}
PODS = {name: spec["template"]["spec"] for name, spec in DEPLOYED.items()}


def environments():
    for name in ("serve", "worker"):
        yield f"compose {name}", COMPOSE["services"][name]["environment"]
    for name, pod in PODS.items():
        yield f"kubernetes {name}", {each["name"]: each["value"] for each in pod["containers"][0]["env"]}


@pytest.mark.parametrize(("place", "given"), list(environments()))
def test_each_variable_is_a_setting_and_the_database_is_reached_safely(place, given):
    for name in given.keys() - {"ADAPTER_CONFIG"}:
        section, key = re.fullmatch(r"ADAPTER_([A-Z]+)__([A-Z_]+)", name).groups()
        assert key.lower() in Settings.model_fields[section.lower()].annotation.model_fields, name
    password = given["ADAPTER_DATABASE__PASSWORD_FILE"]
    named = Database(url=given["ADAPTER_DATABASE__URL"], password_file=password)
    assert not named.in_the_clear
    assert Path(password).is_absolute()


@pytest.mark.parametrize(
    "words",
    [COMPOSE["services"][name]["command"] for name in ("serve", "worker")]
    + [pod["containers"][0]["args"] for pod in PODS.values()],
)
def test_each_command_is_there(words):
    commands = {each.name or each.callback.__name__ for each in app.registered_commands}
    assert words[0] in commands
    assert set(words[1:]) <= {"--no-worker"}


def test_two_servers_take_messages_and_stop_in_order():
    assert COMPOSE["services"]["serve"]["deploy"]["replicas"] == 2
    assert {spec["replicas"] for spec in DEPLOYED.values()} == {2}
    container = PODS["adapter-serve"]["containers"][0]
    served = (ROOT / "docs" / "reference" / "http.md").read_text("utf-8")
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"]["path"] in served
    assert container["lifecycle"]["preStop"]
    assert DEPLOYED["adapter-serve"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    for pod in PODS.values():
        assert pod["terminationGracePeriodSeconds"] >= 45  # a worker waits 30 s for what it is sending


def test_what_is_mounted_is_there_and_secrets_are_files_that_others_cannot_read():
    for pod in PODS.values():
        container = pod["containers"][0]
        volumes = {each["name"]: each for each in pod["volumes"]}
        assert {each["name"] for each in container["volumeMounts"]} == volumes.keys()
        secret = [each["secret"]["defaultMode"] for each in volumes.values() if "secret" in each]
        assert secret
        assert set(secret) == {0o440}
        assert all("valueFrom" not in each for each in container["env"])
    assert "POSTGRES_PASSWORD" not in COMPOSE["services"]["database"]["environment"]
    for service in COMPOSE["services"].values():
        assert set(service["secrets"]) <= COMPOSE["secrets"].keys()
        named = {each.split(":")[0] for each in service["volumes"] if each[0] not in "$./"}
        assert named <= COMPOSE["volumes"].keys()
