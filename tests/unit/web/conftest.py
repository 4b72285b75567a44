"""The web layer on a real loopback server, over an adapter whose deeper rooms only write down what reached them."""

import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import httpx
import pytest

from adapter.definitions import Definitions
from adapter.exchange.submission import RecordReply, Reply
from adapter.fhir import outcomes
from adapter.fhir.canonical import CANONICAL
from adapter.fhir.outcomes import Issue
from adapter.security.tokens import Tokens
from adapter.store.database import Database
from adapter.support import settings
from adapter.support.clock import ManualClock, SystemClock
from adapter.support.errors import NotFoundError
from adapter.validation import messages
from adapter.web.server import Server

MOST = 4096
ACKNOWLEDGEMENT = {
    "resourceType": "Bundle",
    "id": "a",
    "type": "message",
    "entry": [{"fullUrl": "urn:uuid:h", "resource": {"resourceType": "MessageHeader", "id": "h"}}],
}


DEFINITIONS = [
    {"resourceType": kind, "id": name, "url": f"{CANONICAL}/{kind}/{name}", "version": version, "status": "active"}
    for kind, name, version in (
        *(("ValueSet", f"codes-{number}", "1.0.0") for number in range(25)),
        ("ValueSet", "kept", "1.1.0"),
        ("ValueSet", "kept", "1.0.0"),
        ("CodeSystem", "kept", "1.1.0"),
    )
] + [{"resourceType": "ValueSet", "id": "theirs", "url": "http://hl7.org/fhir/ValueSet/theirs"}]


class Directory:
    def carried_by(self, party):
        return frozenset()

    def units_of(self, party, on):
        return frozenset({f"unit of {party} on {on}"})


@dataclass
class Exchange:
    """Answers what the test lays out, and keeps what it was given."""

    reply: object = None
    received: list = field(default_factory=list)
    refused: list = field(default_factory=list)

    def receive(self, submission, principal):
        return self._take(submission, principal, Reply(200, ACKNOWLEDGEMENT, None, "admission-notice", "accepted"))

    def receive_record(self, system, submission, principal):
        plain = RecordReply(200, b"<mottagningsbevis/>", "application/xml", None, "read-receipt", "accepted")
        return self._take(submission, principal, plain)

    def _take(self, submission, principal, plain):
        self.received.append((submission, principal))
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply(submission) if callable(self.reply) else self.reply or plain

    def refuse(
        self, status, code, text, *, size, sha256, request_id, correlation_id=None, source="fhir", principal=None
    ):
        kept = {"status": status, "code": code, "text": text, "size": size, "sha256": sha256}
        self.refused.append(SimpleNamespace(**kept, request_id=request_id, source=source, principal=principal))
        return Reply(status, outcomes.to_fhir([Issue("error", code, text)]))


@dataclass
class Views:
    bundles: dict = field(default_factory=dict)
    rows: list = field(default_factory=list)
    looked: int = 0

    def disclosed_bundle(self, principal, bundle_id):
        return self.bundles.get((principal.party, bundle_id))

    def overview(self, principal, endpoints=()):
        self.looked += 1
        return self.rows


class Verdict:
    def __init__(self, *issues):
        self.issues = issues

    def to_fhir(self):
        return outcomes.to_fhir(self.issues)


class Validator:
    definitions = Definitions([], DEFINITIONS)

    def validate(self, resource, profile=None, format="json"):  # noqa: A002
        if "status" in resource:
            return Verdict()
        return Verdict(Issue("error", "required", f"status is missing for {profile}", ("Task",)))


class MessageValidator:
    def issues(self, message, profiles=()):
        return [*Validator().validate(message.bundle, profiles).issues, *messages.check(message.bundle)]


class Mapping:
    media_type = "application/xml"

    def acknowledge(self, message_id, code, reason, codes):
        return f"<mottagningsbevis><status>{code}</status><orsak>{reason}</orsak></mottagningsbevis>".encode()


class Site:
    """A served adapter and a client of it."""

    def __init__(self, database, **server):
        self.clock = ManualClock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
        self.exchange, self.views = Exchange(), Views()
        self.adapter = SimpleNamespace(
            settings=settings.Settings(
                environment="test",
                server={"port": 0, "max_message_bytes": MOST, **server},
                security={"pseudonym_keys": [{"id": "k1", "env": "PSEUDONYM_KEY"}]},
            ),
            clock=self.clock,
            database=database,
            directory=Directory(),
            feeds={},
            tokens=Tokens(database, self.clock),
            exchange=self.exchange,
            views=self.views,
            validator=Validator(),
            message_validator=MessageValidator(),
            mappings={"lifecare": Mapping()},
            care_plans=None,
            watch=SimpleNamespace(ends={}, disks={}, offsets={}),
        )
        self.server = Server(self.adapter)
        self.server.start()
        self.token = self.issue("send", "content", "metrics")
        self.bare = httpx.Client(base_url=self.server.url, timeout=60)
        """shows no token"""
        self.client = httpx.Client(
            base_url=self.server.url, headers={"Authorization": f"Bearer {self.token}"}, timeout=60
        )

    def issue(self, *rights, days=30):
        return self.adapter.tokens.issue("region", rights, self.clock.now() + timedelta(days=days), "EHR")

    def post(self, path="/fhir/$process-message", body=b"{}", media_type="application/fhir+json", **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
        if media_type is not None:
            named["Content-Type"] = media_type
        return self.client.post(path, content=body, headers=named)

    def forget(self):
        self.exchange.reply = None
        self.exchange.received.clear()
        self.exchange.refused.clear()
        self.views.bundles.clear()
        self.views.rows.clear()
        self.clock.advance(timedelta(minutes=2))

    def close(self):
        self.client.close()
        self.bare.close()
        self.server.stop()


class Nobodys:
    """As much of a directory as is asked for where no party has units."""

    endpoints = {"lifecare": None}  # noqa: RUF012 - nobody writes to it

    def units_of(self, party, on):
        return frozenset()

    def carried_by(self, party):
        return frozenset()

    def endpoint(self, name):
        raise NotFoundError(f"there is no endpoint '{name}' in the directory")


@pytest.fixture(scope="module")
def bare(tmp_path_factory, migrated):
    """A served adapter without parts, in English: each test brings those that it needs, and its own store and clock."""
    file = tmp_path_factory.mktemp("bare") / "adapter.db"
    shutil.copyfile(migrated, file)
    database = Database(f"sqlite:///{file}")
    adapter = SimpleNamespace(
        settings=settings.Settings(
            environment="test",
            server={"port": 0},
            security={"pseudonym_keys": [{"id": "k1", "env": "PSEUDONYM_KEY"}]},
            console={"language": "en"},
        ),
        clock=SystemClock(),
        database=database,
        directory=Nobodys(),
        mappings={},
        **dict.fromkeys(("tokens", "views", "operations", "exchange", "validator", "care_plans", "feeds")),
    )
    server = Server(adapter)
    server.start()
    yield SimpleNamespace(adapter=adapter, url=server.url)
    server.stop()
    database.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory, migrated):
    file = tmp_path_factory.mktemp("web") / "adapter.db"
    shutil.copyfile(migrated, file)
    database = Database(f"sqlite:///{file}")
    site = Site(database)
    yield site
    site.close()
    database.close()


@pytest.fixture
def site(served):
    """The module's server, with nothing left of earlier tests."""
    served.forget()
    return served


def issue_of(response):
    """The one issue of an OperationOutcome in JSON."""
    outcome = response.json()
    assert outcome["resourceType"] == "OperationOutcome"
    (issue,) = outcome["issue"]
    return issue


@pytest.fixture(name="issue_of")
def _issue_of():
    return issue_of


@pytest.fixture
def make_site():
    return Site


@pytest.fixture
def any_url(sqlite_url):
    """What is shown and asked for over HTTP is the same on each database: the rooms below are tested on both."""
    return sqlite_url
