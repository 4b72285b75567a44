"""A Task answered where the receiver keeps it: a FHIR server, on which our answer is `PUT Task/{id}` with If-Match.

The receiver's Task is found by its identifier and read first. What our message says is put into it, and everything
else of it stays as the receiver has it: its references, its extensions, what its people have noted. Three things can be
found:

- the Task says all that already: the answer had arrived (a repeat does no harm);
- it may come to have our status: it is written, on the version that was read. Had it changed meanwhile (412), it is
  read and decided anew, a few times;
- it has moved on to where our answer no longer leads: a stale write. It is not made; the delivery is refused, with both
  statuses in the reason, for a person has to look.

A Task that is not there is created on the condition that it still is not (If-None-Exist), or the delivery is refused,
as the endpoint's settings say.
"""

import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from adapter.delivery.channels import fhir
from adapter.delivery.channels.base import DUPLICATE, Acknowledgement, Answer, ChannelSettings, Check, Code, Outgoing
from adapter.delivery.channels.http import HttpSender
from adapter.delivery.channels.options import TaskSettings
from adapter.fhir import instants, json, wire, xml
from adapter.fhir.shapes import obj, objects, text
from adapter.support.errors import AdapterError, ParseError

_ROUNDS = 5
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_SYNTAX = re.compile(r"[\\,|$]")
_NOT_OF_A_KEY = re.compile(r"[^A-Za-z0-9.-]")
_OF_STATUS = ("statusReason", "businessStatus")
_GROWING = ("note", "output")
_CHANGED = (409, 412)
_GONE = (404, 410)


@dataclass(frozen=True)
class _Found:
    """The receiver's Task and the version that was read, as If-Match names it."""

    task: dict[str, Any]
    version: str


class FhirTaskChannel:
    """Writes the Task of a message to the receiver's FHIR server."""

    def __init__(self, sender: HttpSender, settings: ChannelSettings, rules: TaskSettings) -> None:
        self._sender = sender
        self._rules = rules
        self._base = settings.address.rstrip("/")
        self._accept = fhir.accept(settings.format)

    def send(self, outgoing: Outgoing) -> Answer:
        try:
            tasks = self._rules.tasks(outgoing.body, outgoing.media_type)
        except AdapterError as error:
            return _refused(str(error))
        if len(tasks) != 1:
            return _refused(f"the message holds {len(tasks)} Tasks: expected one, which this endpoint can take")
        identifier = next((each for each in objects(tasks[0].get("identifier")) if text(each.get("value"))), None)
        if identifier is None:
            return _refused("the Task has no identifier by which the receiver could know it")
        asked = _key(identifier)
        for _ in range(_ROUNDS):
            found = self._find(asked)
            if isinstance(found, Answer):
                return found
            answer = (
                self._create(outgoing, tasks[0], asked) if found is None else self._update(outgoing, tasks[0], found)
            )
            if answer is not None:
                return answer
        words = f"the receiver's Task changed under us {_ROUNDS} times"
        return Answer(final=True, acknowledgement=Acknowledgement(Code.TRANSIENT, words))

    def check(self) -> Check:
        return fhir.check(self._sender, self._base, self._accept)

    def close(self) -> None:
        self._sender.close()

    def _find(self, asked: tuple[str, str]) -> _Found | Answer | None:
        """The receiver's Task; None where it has none, an Answer where that cannot be told."""
        headers = {"Accept": self._accept, "Content-Type": "application/x-www-form-urlencoded"}
        form = _query(asked).encode()
        answer = self._sender.request("POST", f"{self._base}/Task/_search", headers, form)
        bundle = _resource(answer, "Bundle")
        if bundle is None:
            return _failed(answer, "the answer to the search is no Bundle")
        matches = _tasks(bundle)
        if any(asked not in map(_key, objects(task.get("identifier"))) for task in matches):
            return _refused("the receiver does not search Tasks by identifier: it answers with others too")
        if len(matches) > 1:
            return _refused(f"the receiver has {len(matches)} Tasks of this identifier")
        if not matches:
            return None
        task_id = text(matches[0].get("id"))
        if task_id is None or not _ID.fullmatch(task_id):
            return _refused("the receiver's Task has no id")
        return self._read(task_id, asked)

    def _read(self, task_id: str, asked: tuple[str, str]) -> _Found | Answer | None:
        """The Task as it is now: a search may lag behind."""
        answer = self._sender.get(f"{self._base}/Task/{task_id}", self._accept)
        if answer.status in _GONE:
            return None
        task = _resource(answer, "Task")
        if task is None:
            return _failed(answer, "the answer to the reading is no Task")
        version = text(obj(task.get("meta")).get("versionId"))
        tag = answer.headers.get("etag") or (f'W/"{version}"' if version else None)
        if tag is None:
            return _refused("the receiver gives no version of its Task: it could be overwritten unseen")
        if asked not in map(_key, objects(task.get("identifier"))) or text(task.get("id")) != task_id:
            return _refused("the receiver's Task is another than the one that it found")
        return _Found(task, tag)

    def _update(self, outgoing: Outgoing, said: dict[str, Any], found: _Found) -> Answer | None:
        """The answer that ends the delivery; None where the Task has changed meanwhile."""
        before, after = text(found.task.get("status")) or "", text(said.get("status")) or ""
        merged = self._merged(found.task, said)
        if merged == found.task | {key: merged[key] for key in ("lastModified",) if key in merged}:
            words = f"the receiver's Task says so already: {after}"
            return Answer(final=True, acknowledgement=Acknowledgement(Code.OK, words, frozenset({DUPLICATE})))
        if before != after and not self._rules.follows(before, after):
            return _refused(
                f"the receiver's Task is {before}, from where it does not come to be {after}: a stale answer"
            )
        if before == after and _later(found.task, said):
            return _refused(f"the receiver's Task is {before} too, but was changed after our answer: a stale answer")
        headers = {"If-Match": found.version}
        answer = self._write("PUT", f"{self._base}/Task/{found.task['id']}", outgoing, merged, headers)
        return None if answer.status in (*_CHANGED, *_GONE) else _written(answer)

    def _create(self, outgoing: Outgoing, said: dict[str, Any], asked: tuple[str, str]) -> Answer | None:
        """As `_update`; None where it is there meanwhile."""
        if self._rules.missing == "refuse":
            return _refused("the receiver has no Task of this identifier")
        headers = {"If-None-Exist": _query(asked)}
        answer = self._write("POST", f"{self._base}/Task", outgoing, said, headers)
        return None if answer.status in (200, *_CHANGED) else _written(answer)

    def _write(
        self, method: str, url: str, outgoing: Outgoing, task: dict[str, Any], condition: dict[str, str]
    ) -> Answer:
        body = xml.serialize(task) if self._accept.endswith("xml") else json.serialize(task)
        # another version is written another way: one key for both would be a repeat of the first
        version = _NOT_OF_A_KEY.sub("", condition.get("If-Match", "0"))
        headers = {"Accept": self._accept, "Content-Type": self._accept} | condition
        return self._sender.deliver(method, url, outgoing, headers, body, part=version)

    def _merged(self, theirs: dict[str, Any], ours: dict[str, Any]) -> dict[str, Any]:
        """The receiver's Task with what our answer says of it. Notes and results are added to, never taken away."""
        moves = theirs.get("status") != ours.get("status")
        names = [name for name in (*theirs, *ours) if name.lstrip("_") in self._rules.moved or name == "lastModified"]
        merged = dict(theirs)
        for name in dict.fromkeys(names):
            if name in _GROWING:
                known = objects(theirs.get(name))
                grown = [*known, *(each for each in objects(ours.get(name)) if each not in known)]
                merged |= {name: grown} if grown else {}
            elif name in ours:
                merged[name] = ours[name]
            elif moves and name.lstrip("_") in _OF_STATUS:
                del merged[name]
        return merged


def _written(answer: Answer) -> Answer:
    if answer.fault is not None or answer.status is None or answer.status not in (200, 201, 204):
        return _failed(answer, "")
    version = answer.headers.get("etag", "")
    return replace(answer, acknowledgement=Acknowledgement(Code.OK, f"written as version {version}" if version else ""))


def _failed(answer: Answer, words: str) -> Answer:
    """The answer of a step that led no further; where it is a success of the wrong kind, `words` says so."""
    said = fhir.read(answer.body, answer.media_type, "") if answer.body else None
    if answer.status is not None and 200 <= answer.status < 300:
        return replace(answer, acknowledgement=None, reason=words)
    return replace(answer, acknowledgement=said)


def _refused(words: str) -> Answer:
    return Answer(final=True, acknowledgement=Acknowledgement(Code.FATAL, words))


def _resource(answer: Answer, kind: str) -> dict[str, Any] | None:
    if answer.status != 200:
        return None
    try:
        resource = wire.parse(answer.body, answer.media_type)
    except ParseError:
        return None
    return resource if resource.get("resourceType") == kind else None


def _tasks(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    entries = objects(bundle.get("entry"))
    found = [obj(entry.get("resource")) for entry in entries]
    return [resource for resource in found if resource.get("resourceType") == "Task"]


def _key(identifier: dict[str, Any]) -> tuple[str, str]:
    return text(identifier.get("system")) or "", text(identifier.get("value")) or ""


def _query(asked: tuple[str, str]) -> str:
    """The search for an identifier (R4 3.1.1.4.10: a token; what would be read as its syntax is escaped)."""
    return urlencode({"identifier": "|".join(_SYNTAX.sub(r"\\\g<0>", part) for part in asked)})


def _later(theirs: dict[str, Any], ours: dict[str, Any]) -> bool:
    """Whether the receiver's was changed after ours was said; not where one of them does not say when."""
    one, other = (text(each.get("lastModified")) for each in (theirs, ours))
    first, second = (None if each is None else instants.parse(each) for each in (one, other))
    return first is not None and second is not None and first > second
