"""A remote terminology server, asked by ValueSet/$validate-code what cannot be decided locally. Off unless configured.

Only value set, system and code leave the adapter, in the body of a POST: nothing of who they are about. What could be
a person's number, or text, is not asked.
"""

import json
import re
import ssl
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import httpx

from adapter.definitions.verdicts import Verdict
from adapter.fhir import canonical, identifiers
from adapter.fhir.shapes import obj, objects, text
from adapter.support import bounded
from adapter.support.errors import AdapterError, DefinitionsError

_MAX_ANSWER = 1024 * 1024
_UNDECIDED_SECONDS = 600.0
_PAUSE_SECONDS = 30.0
_CODE = re.compile(r"[!-~]{1,64}")
_PERSONS = (canonical.PERSONNUMMER, canonical.SAMORDNINGSNUMMER, canonical.RESERVNUMMER)
_SEPARATOR = re.compile(r"[-+](?=[0-9]{4}$)")

Question = tuple[str, str, str]


class _Refused(Exception):  # noqa: N818 - an answer, not a failure
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class RemoteTerminology:
    """Asks one server. While it does not answer, questions stay undecided and one of them tries it again every half
    minute, so that messages do not wait for it one by one. For use from any thread."""

    def __init__(
        self,
        base: str,
        timeout: float = 3.0,
        *,
        cache_size: int = 10_000,
        cache_seconds: float = 24 * 3600.0,
        context: ssl.SSLContext | None = None,
        token: Callable[[], str | None] = lambda: None,
    ) -> None:
        """`base`: the server's FHIR address; `timeout` in seconds for one question; how many answers are remembered,
        and how long; `token` gives the bearer token of now. Raises DefinitionsError where the address is not http or
        https."""
        parts = urlsplit(base)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.username is not None:
            raise DefinitionsError("a terminology server has an http or https address, without user and password in it")
        self._address = f"{base.rstrip('/')}/ValueSet/$validate-code"
        self.host = parts.netloc
        self._timeout = timeout
        self._cache_size = cache_size
        self._cache_seconds = cache_seconds
        self._token = token
        self._context = context or ssl.create_default_context()
        self._lock = Lock()
        self._answers: OrderedDict[Question, tuple[float, Verdict]] = OrderedDict()
        self._silent_until = 0.0
        self._silence: Verdict | None = None

    def member(self, valueset: str, system: str, code: str) -> Verdict:
        """The server's verdict; undecided, with the reason, where it gives none."""
        if not _may_be_asked(system, code):
            return Verdict(None, "the code could be a person's number or text, so no terminology server is asked")
        question = (valueset, system, code)
        now = time.monotonic()
        with self._lock:
            known = self._answers.get(question)
            if known is not None and known[0] > now:
                return known[1]
            if self._silence is not None:
                if now < self._silent_until:
                    return self._silence
                self._silent_until = now + _PAUSE_SECONDS  # this question tries, the others go on without
        try:
            verdict = _verdict(self._ask(question, now + self._timeout))
        except _Refused as refused:
            if refused.status >= 500 or refused.status in (401, 403, 408, 429):
                return self._silent(f"does not answer: {refused.status}")
            verdict = Verdict(None, f"the terminology server {self.host} cannot decide: it answers {refused.status}")
        except (OSError, httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError, AdapterError):
            return self._silent("does not answer")
        self._remember(question, verdict)
        return verdict

    def _remember(self, question: Question, verdict: Verdict) -> None:
        seconds = self._cache_seconds if verdict.result is not None else min(_UNDECIDED_SECONDS, self._cache_seconds)
        with self._lock:
            self._silence = None
            self._answers[question] = (time.monotonic() + seconds, verdict)
            self._answers.move_to_end(question)
            while len(self._answers) > self._cache_size:
                self._answers.popitem(last=False)

    def _ask(self, question: Question, until: float) -> Any:
        valueset, system, code = question
        url, _, version = valueset.partition("|")
        parameters = [
            {"name": "url", "valueUri": url},
            {"name": "valueSetVersion", "valueString": version},
            {"name": "code", "valueCode": code},
            {"name": "system", "valueUri": system},
        ]
        asked = [each for each in parameters if "" not in each.values()]
        media_type = "application/fhir+json"
        headers = {"Content-Type": media_type, "Accept": media_type, "Accept-Encoding": "identity"}
        token = self._token()
        if token:
            headers["Authorization"] = f"Bearer {token}"
        body = json.dumps({"resourceType": "Parameters", "parameter": asked}).encode()
        content = bytearray()
        # the server that is configured is asked, and no other: no redirect, no proxy of the machine's
        transport = bounded.bind(httpx.HTTPTransport(verify=self._context, trust_env=False))
        with httpx.Client(transport=transport, timeout=self._timeout, trust_env=False) as client:
            asking = client.stream("POST", self._address, content=body, headers=headers)
            with bounded.until(until), asking as response:
                if not response.is_success:
                    raise _Refused(response.status_code)
                for chunk in response.iter_raw():
                    content += chunk
                    if len(content) > _MAX_ANSWER:
                        raise ValueError("the answer is too large")
        return json.loads(content)

    def _silent(self, how: str) -> Verdict:
        silence = Verdict(None, f"the terminology server {self.host} {how}")
        with self._lock:
            self._silent_until = time.monotonic() + _PAUSE_SECONDS
            self._silence = silence
        return silence


def _may_be_asked(system: str, code: str) -> bool:
    """Whether the question tells nothing of a person: a code of a code system, no text, no one's number."""
    if not _CODE.fullmatch(code) or identifiers.normalised(system, "")[0] in _PERSONS:
        return False
    digits = _SEPARATOR.sub("", code)
    numbers = (digits,) if len(digits) == 12 else (f"19{digits}", f"20{digits}")
    return not any(identifiers.is_personnummer(each) or identifiers.is_samordningsnummer(each) for each in numbers)


def _verdict(answer: Any) -> Verdict:
    """Of a Parameters resource. Raises ValueError where it is none with a result."""
    given = {text(each.get("name")): each for each in objects(obj(answer).get("parameter"))}
    result = given.get("result", {}).get("valueBoolean")
    if not isinstance(result, bool):
        raise ValueError("the answer has no result")  # noqa: TRY004 - what a server sends, not a programming error
    message = text(given.get("message", {}).get("valueString")) or ""
    return Verdict(result, message[:1000], text(given.get("display", {}).get("valueString")) if message else None)
