"""A remote terminology server, asked by ValueSet/$validate-code what cannot be decided locally. Off unless configured.

Only value set, system, code and display leave the adapter, in the body of a POST: nothing of who they are about.
"""

import json
import time
import urllib.error
import urllib.request
from collections import OrderedDict
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from adapter.definitions.verdicts import Verdict
from adapter.fhir.shapes import obj, objects, text
from adapter.support.errors import DefinitionsError

_MAX_ANSWER = 1024 * 1024
_REMEMBERED = 10_000
_REMEMBERED_SECONDS = 24 * 3600.0
_PAUSE_SECONDS = 30.0

Question = tuple[str, str | None, str, str | None]


class RemoteTerminology:
    """Asks one server. Answers are remembered for a day; while it does not answer, questions stay undecided and it is
    tried again after half a minute, so that messages do not wait for it one by one. For use from any thread."""

    def __init__(self, base: str, timeout: float = 3.0) -> None:
        """`base`: the server's FHIR address; `timeout` in seconds for one question. Raises DefinitionsError where the
        address is not http or https."""
        parts = urlsplit(base)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.username is not None:
            raise DefinitionsError("a terminology server has an http or https address, without user and password in it")
        self._address = f"{base.rstrip('/')}/ValueSet/$validate-code"
        self._host = parts.netloc
        self._timeout = timeout
        self._lock = Lock()
        self._answers: OrderedDict[Question, tuple[float, Verdict]] = OrderedDict()
        self._silent_until = 0.0

    def member(self, valueset: str, system: str | None, code: str, display: str | None) -> Verdict:
        """The server's verdict; undecided, with the reason, where it gives none."""
        question = (valueset, system, code, display)
        now = time.monotonic()
        with self._lock:
            known = self._answers.get(question)
            if known is not None and known[0] > now:
                return known[1]
            if now < self._silent_until:
                return Verdict(None, f"the terminology server {self._host} does not answer")
        try:
            verdict = _verdict(self._ask(question))
        except urllib.error.HTTPError as error:
            error.close()
            if error.code >= 500 or error.code == 429:
                return self._silent(now)
            return Verdict(None, f"the terminology server {self._host} cannot decide: it answers {error.code}")
        except (OSError, ValueError, RecursionError):
            return self._silent(now)
        with self._lock:
            self._answers[question] = (now + _REMEMBERED_SECONDS, verdict)
            while len(self._answers) > _REMEMBERED:
                self._answers.popitem(last=False)
        return verdict

    def _ask(self, question: Question) -> Any:
        valueset, system, code, display = question
        url, _, version = valueset.partition("|")
        parameters = [
            {"name": "url", "valueUri": url},
            {"name": "valueSetVersion", "valueString": version},
            {"name": "code", "valueCode": code},
            {"name": "system", "valueUri": system} if system else {"name": "inferSystem", "valueBoolean": True},
            {"name": "display", "valueString": display},
        ]
        asked = [each for each in parameters if None not in each.values() and "" not in each.values()]
        request = urllib.request.Request(  # noqa: S310 - the scheme is checked when the client is made
            self._address,
            json.dumps({"resourceType": "Parameters", "parameter": asked}).encode(),
            {"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"},
        )
        with urllib.request.urlopen(request, timeout=self._timeout) as response:  # noqa: S310
            content = response.read(_MAX_ANSWER + 1)
        if len(content) > _MAX_ANSWER:
            raise ValueError("the answer is too large")
        return json.loads(content)

    def _silent(self, now: float) -> Verdict:
        with self._lock:
            self._silent_until = now + _PAUSE_SECONDS
        return Verdict(None, f"the terminology server {self._host} does not answer")


def _verdict(answer: Any) -> Verdict:
    """Of a Parameters resource. Raises ValueError where it is none with a result."""
    given = {text(each.get("name")): each for each in objects(obj(answer).get("parameter"))}
    result = given.get("result", {}).get("valueBoolean")
    if not isinstance(result, bool):
        raise ValueError("the answer has no result")  # noqa: TRY004 - what a server sends, not a programming error
    message = text(given.get("message", {}).get("valueString")) or ""
    return Verdict(result, message[:1000], text(given.get("display", {}).get("valueString")) if message else None)
