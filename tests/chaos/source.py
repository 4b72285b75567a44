"""A system whose plans are fetched, in a process of its own: COSMIC Link over FHIR, and a producer of GetCarePlans.

It has one plan of whoever is asked about, another version of it at each question. The first line out is the port; it
ends with its standard input.
"""

import hashlib
import itertools
import json
import sys
import threading
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from adapter.fhir import canonical
from adapter.plans.cosmic_link import PROFILE
from adapter.plans.riv import contract, soap, wire
from adapter.plans.riv.contract import Answer, Attachment, CarePlan, PersonId, Professional
from adapter.support.clock import STOCKHOLM

UNIT = "SE2321000222-HC2074"
_FHIR = "application/fhir+json"


class Plans:
    def __init__(self) -> None:
        self._people: dict[str, str] = {}
        self._versions = itertools.count(1)

    def patients(self, wanted: str) -> dict[str, Any]:
        numbers = [pair.partition("|")[2] for pair in wanted.split(",")]
        for number in numbers:
            self._people[f"p{hashlib.sha256(number.encode()).hexdigest()[:12]}"] = number
        return page([self.patient(name) for name, number in self._people.items() if number in numbers])

    def patient(self, name: str) -> dict[str, Any]:
        identifier = {"system": canonical.PERSONNUMMER, "value": self._people[name]}
        return {"resourceType": "Patient", "id": name, "identifier": [identifier]}

    def plans(self, subject: str) -> dict[str, Any]:
        plan = {
            "resourceType": "CarePlan",
            "id": f"plan-{subject}",
            "meta": {"profile": [PROFILE]},
            "status": "active",
            "intent": "plan",
            "title": f"Plan {next(self._versions)}",
            "subject": {"reference": f"Patient/{subject}"},
            "contributor": [{"reference": "Organization/unit"}],
        }
        return page([plan])

    def organization(self) -> dict[str, Any]:
        identifier = {"system": canonical.HSA, "value": UNIT}
        return {"resourceType": "Organization", "id": "unit", "identifier": [identifier], "name": "Solgården"}

    def riv(self, body: bytes) -> bytes:
        person = wire.read_request(soap.read(body).body).patient
        plan = CarePlan(
            document_id="document",
            source_system="SE1",
            title="Vårdplan",
            patient=PersonId(person.id, contract.PERSONNUMMER),
            professional=Professional(datetime(2026, 3, 1, 10, 0, tzinfo=STOCKHOLM), unit=UNIT, unit_name="Solgården"),
            approved_for_patient=False,
            attachments=(Attachment("text/plain", f"Plan {next(self._versions)}".encode()),),
            kind="SIP",
        )
        return soap.write(wire.write_answer(Answer("OK", "log", None, (plan,))))


def page(resources: list[dict[str, Any]]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": each} for each in resources]}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    plans = Plans()

    def do_GET(self) -> None:
        name, _, query = self.path.removeprefix("/fhir/").partition("?")
        if name == "CarePlan":
            self.say(_FHIR, json.dumps(self.plans.plans(parse_qs(query)["subject"][0])).encode())
        else:
            kind, _, number = name.partition("/")
            found = self.plans.patient(number) if kind == "Patient" else self.plans.organization()
            self.say(_FHIR, json.dumps(found).encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/riv":
            self.say("text/xml; charset=utf-8", self.plans.riv(body))
        else:
            self.say(_FHIR, json.dumps(self.plans.patients(parse_qs(body.decode())["identifier"][0])).encode())

    def say(self, media_type: str, body: bytes) -> None:
        self.send_response(200)
        for name, value in (("Content-Type", media_type), ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None: ...


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Connections of killed processes."""


def main() -> None:
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
