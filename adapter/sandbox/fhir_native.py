"""A simulated municipal system that speaks FHIR behind a firewall: it fetches its messages and answers over REST.

It calls the adapter, and nothing calls it: what waits in its mailbox it takes, stores once and confirms, and a Task
that it is asked is moved by a PUT.
"""

from typing import Any

import httpx

from adapter.fhir import json as fhir_json
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import TASK
from adapter.fhir.shapes import obj, objects, text
from adapter.sandbox.fhir_receiver import FHIR_JSON, acknowledgement, answered
from adapter.sandbox.ledger import Effect, Ledger
from adapter.support.errors import AdapterError, ParseError, UnavailableError

_SECONDS = 60.0


class FhirNative:
    """The system of one `unit`; `mailbox` is its endpoint's id at the adapter, whose base URL is `url`. The token needs
    the rights mailbox, content and send. Close it after use."""

    def __init__(self, url: str, mailbox: str, token: str, unit: str, ledger: Ledger) -> None:
        self.unit = unit
        self.ledger = ledger
        self._client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=_SECONDS)
        self._source = f"urn:{unit}"
        self._next = f"/mailbox/{mailbox}/take"

    def close(self) -> None:
        self._client.close()

    def empty(self) -> list[MessageBundle]:
        """Take and confirm until nothing waits; returns what is new. Raises UnavailableError where the adapter does not
        answer, AdapterError where it refuses: what was taken and not confirmed comes again."""
        new: list[MessageBundle] = []
        while entries := self._take():
            for entry in entries:
                new += self._store(entry)
        return new

    def move(self, message: MessageBundle, status: str, **said: Any) -> list[dict[str, Any]]:
        """Give the Tasks that a message asks of this unit another status; returns them as the adapter then has them."""
        asked = [task for task in message.of_type("Task") if message.hsa_of(task.get("owner")) == self.unit]
        return [self._move(task, {"status": status, **said}) for task in asked]

    def _take(self) -> list[dict[str, Any]]:
        handed = self._call("POST", self._next)
        self._next = next(link["url"] for link in handed["link"] if link["relation"] == "next")
        return objects(handed.get("entry"))

    def _store(self, entry: dict[str, Any]) -> list[MessageBundle]:
        """Store one message unless it is here already, and say so."""
        message = MessageBundle(entry["resource"])
        header_id = str(message.header_id)
        body = fhir_json.serialize(message.bundle)
        effect = self.ledger.take(header_id, self.unit, body, event=message.event, answers=answered(message))
        place = next(link["url"] for link in entry["link"] if link["relation"] == "confirm")
        self._call("POST", place, acknowledgement(header_id, self._source))
        return [message] if effect is Effect.STORED else []

    def _move(self, asked: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
        identifier = next(each["value"] for each in objects(asked.get("identifier")) if each.get("system") == TASK)
        found = self._call("POST", "/fhir/Task/_search", form={"identifier": f"{TASK}|{identifier}"})
        if not objects(found.get("entry")):
            raise AdapterError("the adapter does not know the Task, or does not show it")
        task = found["entry"][0]["resource"]
        version = obj(task.get("meta")).get("versionId")
        return self._call("PUT", f"/fhir/Task/{task['id']}", task | said, head={"If-Match": f'W/"{version}"'})

    def _call(
        self,
        method: str,
        url: str,
        body: dict[str, Any] | None = None,
        *,
        form: dict[str, str] | None = None,
        head: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        sent = {"content": fhir_json.serialize(body)} if body is not None else {"data": form} if form else {}
        headers = {"Accept": FHIR_JSON} | ({"Content-Type": FHIR_JSON} if body is not None else {}) | (head or {})
        try:
            answer = self._client.request(method, url, headers=headers, **sent)
            resource = fhir_json.parse(answer.content)
        except httpx.HTTPError as error:
            raise UnavailableError(f"the adapter cannot be reached: {error}") from error
        except ParseError as error:
            raise AdapterError(f"the adapter gave no FHIR answer (HTTP {answer.status_code})") from error
        if answer.is_success:
            return resource
        words = [text(issue.get("diagnostics")) or "" for issue in objects(resource.get("issue"))]
        raise AdapterError(f"the adapter refused (HTTP {answer.status_code}): {'; '.join(words)}")
