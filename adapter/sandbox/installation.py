"""Writes a whole installation for the demo into a folder: adapter.toml, the directory, secrets and tokens."""

import os
import secrets
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from adapter import wiring
from adapter.sandbox.authoring.scenario import Role
from adapter.sandbox.journey import Journey
from adapter.security.principals import Right
from adapter.store import migrate
from adapter.support import settings, yaml

REGION, MUNICIPALITY, OPERATIONS = "region", "kommun", "drift"
_ENDPOINT = {"ehr": "ehr", "open-care": "open-care", "municipality": "lifecare"}
_TOKEN_LIFE = timedelta(hours=12)
_OPERATOR = (Right.LIST, Right.CONTENT, Right.RESEND, Right.RELEASE, Right.METRICS, Right.ALL_PARTIES)


@dataclass(frozen=True)
class Counterpart:
    """A system that the adapter delivers to: `address` is its URL, `token` the bearer that it expects, `channel` and
    `format` as in the directory."""

    role: Role
    address: str
    token: str
    channel: str
    format: str


@dataclass(frozen=True)
class Callers:
    """Tokens of those who call the adapter. `operations` may see and act beyond one party."""

    ehr: str
    open_care: str
    municipality: str
    operations: str


class Installation:
    """An installation in its folder, with an empty, migrated database. `adapter` reads the store beside the server:
    its worker and exchange are never asked for here."""

    def __init__(self, folder: Path, journey: Journey, counterparts: Iterable[Counterpart]) -> None:
        self.file = folder / "adapter.toml"
        self._folder = folder
        self._port = _reserve_port()
        (folder / "directory").mkdir(parents=True)
        self.file.write_text(_SETTINGS.format(port=self._port.getsockname()[1]), encoding="utf-8")
        self._secret("pseudonym.key", secrets.token_hex(32))
        written = yaml.dump(self._directory(journey, list(counterparts)))
        (folder / "directory" / "directory.yaml").write_text(written, encoding="utf-8")
        with _own_settings():
            self.settings = settings.load(self.file)
        self.adapter = wiring.build(self.settings)
        migrate.upgrade(self.adapter.database)
        self.callers = self._callers()

    def close(self) -> None:
        """Close the store and give the port back."""
        self.adapter.close()
        self._port.close()

    @property
    def url(self) -> str:
        return self.settings.server.url

    def endpoint(self, role: Role) -> str:
        """The id of the endpoint that leads to a role."""
        return _ENDPOINT[role]

    def _callers(self) -> Callers:
        expires = self.adapter.clock.now() + _TOKEN_LIFE
        issue = self.adapter.tokens.issue
        return Callers(
            ehr=issue(REGION, (Right.SEND, Right.LIST), expires, "simulated EHR"),
            open_care=issue(REGION, (Right.SEND, Right.LIST), expires, "simulated open care"),
            municipality=issue(MUNICIPALITY, (Right.SEND, Right.LIST), expires, "Lifecare"),
            operations=issue(OPERATIONS, _OPERATOR, expires, "demo operations"),
        )

    def _secret(self, name: str, value: str) -> str:
        file = self._folder / name
        file.touch(mode=0o600)
        file.write_text(value, encoding="ascii")
        return name

    def _directory(self, journey: Journey, counterparts: list[Counterpart]) -> dict[str, Any]:
        municipality = journey.parties["municipality"]
        return {
            "parties": [
                {"id": REGION, "kind": "region", "name": "Region Västerbotten"},
                {"id": MUNICIPALITY, "kind": "municipality", "name": "Skellefteå", "kommunkod": municipality.kommunkod},
                {"id": OPERATIONS, "kind": "operator", "name": "Drift"},
            ],
            "units": [
                {"hsa": party.unit, "name": party.name, "kind": party.kind, "party": _party(role)}
                for role, party in journey.parties.items()
            ],
            "systems": [
                {"id": "journal", "kind": "ehr", "party": REGION},
                {"id": "lifecare", "kind": "planning-tool", "party": MUNICIPALITY},
            ],
            "endpoints": [self._endpoint(counterpart) for counterpart in counterparts],
            "routes": [
                {"to": {"hsa": journey.parties[each.role].unit}, "endpoint": _ENDPOINT[each.role]}
                for each in counterparts
            ],
        }

    def _endpoint(self, counterpart: Counterpart) -> dict[str, Any]:
        entry = {
            "id": _ENDPOINT[counterpart.role],
            "system": "lifecare" if counterpart.role == "municipality" else "journal",
            "channel": counterpart.channel,
            "address": counterpart.address,
            "format": counterpart.format,
            "token_file": f"../{self._secret(f'{counterpart.role}.token', counterpart.token)}",
            "timeout": "5s",
        }
        return entry | ({"mapping": "lifecare"} if counterpart.channel == "xml-http" else {})


def own_environment() -> dict[str, str]:
    """The environment without the settings of another installation: they would override the demo's, its database
    among them."""
    return {
        name: value for name, value in os.environ.items() if "__" not in name or not name.upper().startswith("ADAPTER_")
    }


@contextmanager
def _own_settings() -> Iterator[None]:
    others = {name: value for name, value in os.environ.items() if name not in own_environment()}
    for name in others:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(others)


def _party(role: Role) -> str:
    return MUNICIPALITY if role == "municipality" else REGION


def _reserve_port() -> socket.socket:
    """A socket that is bound and does not listen: the system gives its port to nobody else, and the adapter, which
    binds as one that may share an address, can listen there."""
    reserved = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", 0))
    return reserved


_SETTINGS = """\
# Written by `adapter demo`: everything stays on this machine, and waits are seconds instead of minutes.
environment = "test"

[server]
port = {port}

[[security.pseudonym_keys]]
id = "demo"
file = "pseudonym.key"

[delivery]
schedule = ["300ms", "600ms", "1s"]
jitter = 0.1
poll = "100ms"
probe_interval = "1s"
quick_retries = 0

[logging]
level = "warning"
"""
