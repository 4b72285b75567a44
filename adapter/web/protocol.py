"""HTTP/1.1 from strangers: what a request says beside its body has a size and a time, or its connection ends.

uvicorn bounds neither with httptools, and no token has been seen yet: whoever reaches the port could fill the memory
with one header or trailer, or take up every connection with a few bytes on each. A body is bounded by `limits`, a
connection that rests between two requests by uvicorn.
"""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 64 * 1024
"""How much may come that is no body: request line, headers, chunk extensions, trailers. A real caller stays under
4 KB."""
HEAD_SECONDS = 10.0
"""How long a head may take, from the connection or from its own first byte on."""


class Protocol(HttpToolsProtocol):
    """One connection."""

    _beside_body = 0
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._beside_body += len(data)  # set back below as soon as it turns out to lead somewhere
        super().data_received(data)
        if self._beside_body > HEAD_BYTES:
            self._stop_waiting()
            self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._wait_for_head()

    def on_headers_complete(self) -> None:
        self._beside_body = 0
        self._stop_waiting()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._beside_body = 0
        super().on_body(body)

    def _wait_for_head(self) -> None:
        self._stop_waiting()
        self._patience = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
