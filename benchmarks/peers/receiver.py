"""A receiver of messages on loopback, in a process of its own: it notes which came when, and acknowledges each.

Prints its port. A line `count` on its input is answered by how many came since the last `taken`, `taken` by a JSON list
of [message id, seconds of the monotonic clock]; it ends with its input. It needs nothing but Python, and keeps
connections open.
"""

import asyncio
import json
import re
import sys
import time

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_ID = re.compile(rb'"resourceType" ?: ?"MessageHeader" ?, ?"id" ?: ?"([^"]+)"')
_ANSWER = (
    '{{"resourceType":"Bundle","type":"message","entry":[{{"resource":{{"resourceType":"MessageHeader",'
    '"response":{{"identifier":"{}","code":"ok"}}}}}}]}}'
)
taken: list[tuple[str, float]] = []


class Receiving(asyncio.Protocol):
    """HTTP/1.1 with bodies of a stated length."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while True:
            head, found, rest = self.buffer.partition(b"\r\n\r\n")
            length = _LENGTH.search(head) if found else None
            if length is None or len(rest) < int(length.group(1)):
                return
            body, self.buffer = rest[: int(length.group(1))], rest[int(length.group(1)) :]
            self.take(body)

    def take(self, body: bytes) -> None:
        found = _ID.search(body)
        name = found.group(1).decode() if found else ""
        taken.append((name, time.monotonic()))
        answer = _ANSWER.format(name).encode()
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/fhir+json\r\ncontent-length: {len(answer)}\r\n\r\n"
        self.transport.write(head.encode() + answer)  # type: ignore[attr-defined]


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Receiving, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        if line.strip() == "taken":
            print(json.dumps(taken), flush=True)
            taken.clear()
        else:
            print(len(taken), flush=True)


asyncio.run(main())
