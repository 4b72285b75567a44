"""Who is logged in. The browser holds a random number, nothing else; the token stays in this process's memory.

A restart logs everyone out: nothing that opens the console is ever written down. The token is looked up anew for
every page, so that a revoked or expired one ends its sessions at once.
"""

import secrets
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

_BYTES = 32
MAX_SESSIONS = 10_000
"""Only those with a valid token get a session; the bound keeps a runaway script from filling the memory."""


@dataclass
class Session:
    """`csrf` must come back with every form of this session; `notice` is shown once, on the next page."""

    token: str = field(repr=False)
    expires_at: datetime
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(_BYTES), repr=False)
    notice: str = ""

    def take_notice(self) -> str:
        notice, self.notice = self.notice, ""
        return notice

    def owns(self, csrf: str) -> bool:
        return secrets.compare_digest(self.csrf.encode(), csrf.encode())


class Sessions:
    """All sessions of this process, each for `lifetime` from its login."""

    def __init__(self, lifetime: timedelta) -> None:
        self.lifetime = lifetime
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()

    def open(self, token: str, now: datetime) -> str:
        """A new session for a token that the caller has checked; returns the number that the browser keeps."""
        number = secrets.token_urlsafe(_BYTES)
        with self._lock:
            for ended in [key for key, session in self._sessions.items() if session.expires_at <= now]:
                del self._sessions[ended]
            if len(self._sessions) >= MAX_SESSIONS:
                del self._sessions[next(iter(self._sessions))]  # the oldest: a dict keeps the order of entry
            self._sessions[number] = Session(token, now + self.lifetime)
        return number

    def find(self, number: str | None, now: datetime) -> Session | None:
        with self._lock:
            session = self._sessions.get(number or "")
        return session if session is not None and now < session.expires_at else None

    def close(self, number: str | None) -> None:
        with self._lock:
            self._sessions.pop(number or "", None)
