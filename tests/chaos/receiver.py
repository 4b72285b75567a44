"""Receivers in a process of their own: they keep a log in a file, have one effect per message id, and misbehave.

Arguments: the log and a seed. The first line out is the port. Each line in is what happens from now on: a JSON object
of shares by endpoint and kind of misbehaviour, such as {"lifecare": {"slow": 0.2}}; {} for none. Each request is a line
of the log, written before it is answered: {"endpoint", "key" (of the delivery), "id" (of the message), "sha256",
"effect", "how"}.
"""

import hashlib
import json
import os
import random
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_ID = re.compile(rb"<meddelandeId>([^<]+)</meddelandeId>")
_NEVER_SECONDS = 30.0
_SLOW_SECONDS = 0.6
REFUSING = ("busy", "error", "fatal", "redirect", "closed", "denied")
"""Those that come before the effect: the message is not taken."""
SPOILT = ("slow", "half", "garbage", "never", "broken")
"""Those that come after it: only the answer is spoilt."""


class Receiver:
    def __init__(self, log: str, seed: str) -> None:
        self.log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.chance = random.Random(seed)
        self.lock = threading.Lock()
        self.known: set[tuple[str, str]] = set()
        self.shares: dict[str, dict[str, float]] = {}
        self.ended = threading.Event()

    def take(self, endpoint: str, key: str, body: bytes) -> tuple[str, str]:
        """(message id, how to answer)."""
        found = _ID.search(body)
        message_id = found[1].decode() if found else json.loads(body)["entry"][0]["resource"]["id"]
        with self.lock:
            how = self._how(endpoint)
            effect = how not in REFUSING and (endpoint, message_id) not in self.known
            if effect:
                self.known.add((endpoint, message_id))
            line = {"endpoint": endpoint, "key": key, "id": message_id, "effect": effect, "how": how}
            line["sha256"] = hashlib.sha256(body).hexdigest()
            os.write(self.log, json.dumps(line).encode() + b"\n")
        return message_id, how

    def _how(self, endpoint: str) -> str:
        drawn = self.chance.random()
        for how, share in self.shares.get(endpoint, {}).items():
            drawn -= share
            if drawn < 0:
                return how
        return "well"

    def answer(self, endpoint: str, message_id: str, code: str) -> tuple[str, bytes]:
        if endpoint == "lifecare":
            status = {"ok": "mottaget", "transient-error": "tillfalligtFel", "fatal-error": "avvisat"}[code]
            name = "https://discharge-adapter.example/lifecare/spu/1"
            text = (
                f'<mottagningsbevis xmlns="{name}"><meddelandeId>{message_id}</meddelandeId><status>{status}</status>'
            )
            text += "" if code == "ok" else "<orsak>Så blev det.</orsak>"
            return "application/xml", f"{text}</mottagningsbevis>".encode()
        response = {"identifier": message_id, "code": code}
        header = {"resourceType": "MessageHeader", "id": "a", "response": response}
        bundle = {"resourceType": "Bundle", "type": "message", "entry": [{"resource": header}]}
        return "application/fhir+json", json.dumps(bundle).encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    receiver: Receiver

    def do_POST(self) -> None:
        endpoint = self.path.split("/")[1]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        message_id, how = self.receiver.take(endpoint, self.headers["Idempotency-Key"], body)
        try:
            getattr(self, how)(endpoint, message_id)
        except OSError:  # the adapter is dead
            self.close_connection = True

    def well(self, endpoint: str, message_id: str, code: str = "ok") -> None:
        media_type, body = self.receiver.answer(endpoint, message_id, code)
        self.say(200, body, ("Content-Type", media_type))

    def say(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def slow(self, endpoint: str, message_id: str) -> None:
        self.receiver.ended.wait(_SLOW_SECONDS)
        self.well(endpoint, message_id)

    def half(self, endpoint: str, message_id: str) -> None:
        media_type, body = self.receiver.answer(endpoint, message_id, "ok")
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2])
        self.close_connection = True

    def garbage(self, *_: str) -> None:
        self.wfile.write(b"\x00\xff\xfe no such protocol \r\n\r\n")
        self.close_connection = True

    def broken(self, *_: str) -> None:
        self.say(200, b"<html>Welcome</html>", ("Content-Type", "text/html"))

    def never(self, *_: str) -> None:
        self.receiver.ended.wait(_NEVER_SECONDS)
        self.close_connection = True

    def busy(self, *_: str) -> None:
        self.say(503, b"")

    def denied(self, *_: str) -> None:
        self.say(401, b"")

    def closed(self, *_: str) -> None:
        self.close_connection = True

    def redirect(self, *_: str) -> None:
        self.say(302, b"", ("Location", "http://127.0.0.1:1/"))

    def error(self, endpoint: str, message_id: str) -> None:
        self.well(endpoint, message_id, "transient-error")

    def fatal(self, endpoint: str, message_id: str) -> None:
        self.well(endpoint, message_id, "fatal-error")

    def log_message(self, *_: Any) -> None: ...


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: Any) -> None:
        """Connections of killed processes."""


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(log: str, seed: str) -> None:
    receiver = Handler.receiver = Receiver(log, seed)
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    say(str(server.server_port))
    for line in sys.stdin:
        receiver.shares = json.loads(line)
        say("so it is")
    receiver.ended.set()


if __name__ == "__main__":
    main(*sys.argv[1:])
