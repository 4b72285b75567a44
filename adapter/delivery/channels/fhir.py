"""FHIR messaging over REST: POST $process-message, answered by a message Bundle or an OperationOutcome (FHIR R4)."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

from adapter.delivery.channels.base import Acknowledgement, Answer, ChannelSettings, Check, Code, Outgoing
from adapter.delivery.channels.http import HttpSender
from adapter.fhir import wire
from adapter.fhir.shapes import obj, objects, text
from adapter.support.errors import ParseError

_OPERATION = "$process-message"
_ACCEPT = {"json": "application/fhir+json", "xml": "application/fhir+xml"}
# The IssueTypes below `transient` in FHIR's code system: what may pass when the same is sent again.
_TRANSIENT = frozenset({"transient", "lock-error", "no-store", "exception", "timeout", "incomplete", "throttled"})


class FhirChannel:
    """Posts the message Bundle to the receiver's $process-message."""

    def __init__(self, sender: HttpSender, settings: ChannelSettings) -> None:
        self._sender = sender
        base = settings.address.rstrip("/")
        self._url = base if base.endswith(f"/{_OPERATION}") else f"{base}/{_OPERATION}"
        self._base = self._url.removesuffix(f"/{_OPERATION}")
        self._accept = accept(settings.format)

    def send(self, outgoing: Outgoing) -> Answer:
        answer = self._sender.post(self._url, outgoing, self._accept)
        if not outgoing.acknowledged and answer.status is not None and 200 <= answer.status < 300:
            return replace(answer, acknowledgement=Acknowledgement(Code.OK))
        if not answer.body:
            return answer
        return replace(answer, acknowledgement=read(answer.body, answer.media_type, outgoing.idempotency_id))

    def check(self) -> Check:
        return check(self._sender, self._base, self._accept)

    def close(self) -> None:
        self._sender.close()


def accept(form: str) -> str:
    """The media type of FHIR written in a form, json or xml."""
    return _ACCEPT.get(form, _ACCEPT["json"])


def check(sender: HttpSender, base: str, accepted: str) -> Check:
    """Asks for the receiver's CapabilityStatement, which many servers show to anybody."""
    found = sender.check(f"{base}/metadata", accepted)
    leaves = ("that our token opens more than the metadata", *found.leaves_open)
    answer = sender.get(f"{base}/metadata", accepted) if found.ok else None
    if answer is None:
        return replace(found, leaves_open=leaves)
    with suppress(ParseError):
        if wire.parse(answer.body, answer.media_type).get("resourceType") == "CapabilityStatement":
            return Check(True, (*found.proves, "it is a FHIR server: it has a CapabilityStatement"), leaves)
    return Check(False, found.proves, leaves, "the answer to /metadata is no CapabilityStatement")


def read(body: bytes, media_type: str, message_id: str) -> Acknowledgement | None:
    """What the receiver says of the message; None where the body is neither an answer to it nor an OperationOutcome."""
    try:
        resource = wire.parse(body, media_type)
    except ParseError:
        return None
    if resource.get("resourceType") == "OperationOutcome":
        return _outcome(resource)
    if resource.get("resourceType") == "Bundle" and resource.get("type") == "message":
        return _response(resource, message_id)
    return None


def _response(bundle: dict[str, Any], message_id: str) -> Acknowledgement | None:
    resources = [obj(entry.get("resource")) for entry in objects(bundle.get("entry"))]
    header = resources[0] if resources and resources[0].get("resourceType") == "MessageHeader" else {}
    response = obj(header.get("response"))
    answered = (text(response.get("identifier")) or "").removeprefix("urn:uuid:")
    code = text(response.get("code"))
    if answered != message_id or code not in tuple(Code):
        return None
    outcomes = [resource for resource in resources if resource.get("resourceType") == "OperationOutcome"]
    issues = [issue for outcome in outcomes for issue in objects(outcome.get("issue"))]
    return Acknowledgement(Code(code), _words(issues), _codes(issues))


def _outcome(outcome: dict[str, Any]) -> Acknowledgement:
    issues = objects(outcome.get("issue"))
    errors = [issue for issue in issues if issue.get("severity") not in ("warning", "information")]
    if not errors and issues:
        code = Code.OK
    elif errors and all(text(issue.get("code")) in _TRANSIENT for issue in errors):
        code = Code.TRANSIENT
    else:
        code = Code.FATAL
    return Acknowledgement(code, _words(errors or issues), _codes(issues))


def _codes(issues: list[dict[str, Any]]) -> frozenset[str]:
    return frozenset(code for issue in issues if (code := text(issue.get("code"))) is not None)


def _words(issues: list[dict[str, Any]]) -> str:
    """The receiver's words, each issue's own, one after the other."""
    words = (text(obj(issue.get("details")).get("text")) or text(issue.get("diagnostics")) for issue in issues)
    return "; ".join(dict.fromkeys(filter(None, words)))
