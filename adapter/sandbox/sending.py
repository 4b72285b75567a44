"""Sends fixtures to a system and holds each answer against its expectation."""

import ssl
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from adapter.fhir import json as fhir_json
from adapter.fhir import xml as fhir_xml
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.shapes import objects, text
from adapter.sandbox.authoring.faults import Request
from adapter.sandbox.authoring.scenario import Role, Step
from adapter.sandbox.catalogue import Invalid, message
from adapter.sandbox.editions import Journey, invalid_body, written
from adapter.sandbox.formats import Format
from adapter.sandbox.identifiers import Identifiers
from adapter.support.errors import AdapterError, ParseError, UnavailableError

_OPERATION = "$process-message"
_SECONDS = 60.0
_OK = 200
_UNKNOWN_TOKEN = "da_" + "x" * 43
_LEFT_OUT = "predecessor-missing"
"""The rule that tells of a message which did not come: so it may where we did not send one."""


@dataclass(frozen=True)
class Result:
    """One message sent. `expected` and `got` are short words; `reason` is what the answer says where they differ."""

    fixture: str
    step: str
    event: str
    sender: Role
    ok: bool
    expected: str
    got: str
    reason: str = ""


@dataclass(frozen=True)
class Said:
    """An answer: HTTP status, MessageHeader.response.code, and of each issue code, rule, place and text."""

    status: int
    acknowledgement: str | None
    issues: tuple[tuple[str, str, str, str], ...]
    is_fhir: bool = True

    @property
    def codes(self) -> list[str]:
        return [code for code, *_ in self.issues]

    @property
    def words(self) -> str:
        rules = [rule or code for code, rule, _, _ in self.issues]
        return _words(self.status, self.acknowledgement, rules) + ("" if self.is_fhir else ", no FHIR answer")

    @property
    def texts(self) -> str:
        return "; ".join(dict.fromkeys(each for *_, each in self.issues if each))


class Sending:
    """A connection to one system. `tokens` are bearer tokens by role, that under "" for every other; `roles` those
    that messages are sent as, all where there is none. Close it after use."""

    def __init__(
        self,
        url: str,
        tokens: Mapping[Role, str],
        format_: Format,
        roles: Collection[Role] = (),
        ca_file: Path | None = None,
    ) -> None:
        """Raises AdapterError where the URL is none or the CA file cannot be read."""
        self._url = endpoint(url)
        self._tokens = tokens
        self._format = format_
        self._roles = frozenset(roles)
        self._client = httpx.Client(timeout=_SECONDS, verify=_trust(ca_file))

    def close(self) -> None:
        self._client.close()

    def journey(self, journey: Journey) -> Iterator[Result]:
        """Send the messages of a journey in order, and tell of each. What answers or corrects one that is of another
        role is left out with it. Raises UnavailableError where nobody answers."""
        left_out: set[str] = set()
        for step in journey.plan.arrivals:
            if (self._roles and step.sender not in self._roles) or left_out & {step.answers_to, step.corrects}:
                left_out.add(step.file)
                continue
            body = journey.body(step, self._format)
            said = self._post(body, self._format.media_type, step.sender, Request())
            yield _judged(journey, step, said, left_out=bool(left_out))

    def invalid(self, fixture: Invalid, identifiers: Identifiers) -> Iterator[Result]:
        """Send an invalid fixture, after the message that must come before it. Nothing where it is not for a server, or
        of another role. Raises UnavailableError where nobody answers."""
        words, sender = fixture.words, fixture.sender()
        if words.http_status is None or (self._roles and sender not in self._roles):
            return
        if words.after is not None:
            before = written(identifiers.renew(message(fixture.path(words.after))), Format.JSON)
            self._post(before, Format.JSON.media_type, sender, Request())
        body, format_ = invalid_body(fixture, identifiers, self._format)
        said = self._post(body, format_.media_type, sender, words.request)
        accepted = words.http_status == _OK
        findings = [each for each in words.findings if accepted or each.severity == "error"]
        found = {(rule, place) for _, rule, place, _ in said.issues}
        ok = (
            (said.status, said.acknowledgement) == (words.http_status, words.acknowledgement)
            and set(words.issues) <= set(said.codes)
            and all(_is_told(finding.rule, finding.location, found) for finding in findings)
        )
        expected = _words(words.http_status, words.acknowledgement, [each.rule for each in findings])
        yield Result(fixture.name, fixture.name, "", sender, ok, expected, said.words, "" if ok else said.texts)

    def _post(self, body: bytes, media_type: str, sender: Role, request: Request) -> Said:
        head = {"Content-Type": request.media_type or media_type, "Accept": request.accept or media_type}
        token = self._tokens.get(sender, self._tokens.get(""))
        if request.token == "unknown":  # noqa: S105 - a word of the fixtures
            token = _UNKNOWN_TOKEN
        if token is not None and request.token != "none":  # noqa: S105 - as above
            head["Authorization"] = f"Bearer {token}"
        try:
            return _said(self._client.post(self._url, content=body, headers=head))
        except httpx.TimeoutException as error:
            raise UnavailableError(f"{self._url} gave no answer within {_SECONDS:g} s") from error
        except httpx.HTTPError as error:
            raise UnavailableError(f"{self._url} cannot be reached: {error}") from error


def endpoint(url: str) -> str:
    """The address of $process-message, for it or for the FHIR base. Raises AdapterError where it is no URL."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise AdapterError(f"'{url}' is no URL: {error}") from error
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise AdapterError(f"'{url}' is no URL: expected a FHIR base such as https://adapter.example/fhir")
    return url if parsed.path.endswith(_OPERATION) else f"{url.rstrip('/')}/{_OPERATION}"


def _trust(ca_file: Path | None) -> ssl.SSLContext | bool:
    if ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise AdapterError(f"{ca_file} cannot be used: {error.strerror or error}") from error


def _said(answer: httpx.Response) -> Said:
    codec = fhir_xml if "xml" in answer.headers.get("Content-Type", "") else fhir_json
    try:
        resource = codec.parse(answer.content)
    except ParseError:
        return Said(answer.status_code, None, (), is_fhir=False)
    bundle = MessageBundle(resource)
    outcomes = [resource] if resource.get("resourceType") == "OperationOutcome" else bundle.of_type("OperationOutcome")
    issues = tuple(
        (
            text(issue.get("code")) or "",
            next((text(each.get("code")) or "" for each in objects((issue.get("details") or {}).get("coding"))), ""),
            next(iter(issue.get("expression") or [""])),
            text(issue.get("diagnostics")) or text((issue.get("details") or {}).get("text")) or "",
        )
        for outcome in outcomes
        for issue in objects(outcome.get("issue"))
    )
    code = bundle.response.get("code")
    return Said(answer.status_code, text(code), issues)


def _judged(journey: Journey, step: Step, said: Said, *, left_out: bool) -> Result:
    expect = step.expect
    found = {(rule, place) for _, rule, place, _ in said.issues}
    codes = said.codes
    if left_out:
        codes = [code for code, rule, *_ in said.issues if rule != _LEFT_OUT or rule in _rules(step)]
    ok = (
        (said.status, said.acknowledgement) == (expect.http_status, expect.acknowledgement)
        and sorted(codes) == sorted(expect.issues)
        and all(_is_told(finding.rule, finding.location, found) for finding in expect.findings)
    )
    expected = _words(expect.http_status, expect.acknowledgement, _rules(step) or list(expect.issues))
    reason = "" if ok else said.texts
    return Result(journey.name, step.file, step.event, step.sender, ok, expected, said.words, reason)


def _rules(step: Step) -> list[str]:
    return [finding.rule for finding in step.expect.findings]


def _is_told(rule: str, location: str | None, found: set[tuple[str, str]]) -> bool:
    return (rule, location) in found if location is not None else rule in {each for each, _ in found}


def _words(status: int, acknowledgement: str | None, rules: list[str]) -> str:
    return ", ".join(word for word in (str(status), acknowledgement or "", *rules) if word)
