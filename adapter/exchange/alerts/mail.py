"""Alerts by e-mail: SMTP to the one server that takes our mail, never in the clear beyond this machine."""

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from io import BufferedIOBase
from typing import Any

from adapter.exchange.alerts import wording
from adapter.support import secrets, tls
from adapter.support.alerting import Smtp
from adapter.support.bounded import Ending
from adapter.support.errors import AdapterError

_STEPS = 4
"""How many times the limit of one step a whole conversation may take."""
_MOST_SAID = 256 * 1024
_MEND = "ask who runs the mail server for one"


class AlertError(AdapterError):
    """An alert could not be handed over; the words hold no secret."""


class _Said:
    """What the server says, up to a limit in bytes."""

    def __init__(self, stream: BufferedIOBase) -> None:
        self._stream = stream
        self._left = _MOST_SAID

    def readline(self, most: int = -1) -> bytes:
        line = self._stream.readline(most)
        self._left -= len(line)
        if self._left < 0:
            raise OSError("the mail server says too much")
        return line

    def close(self) -> None:
        self._stream.close()


class _Bounded(smtplib.SMTP):
    """A conversation with an end in time and in size."""

    _ending: Ending

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        opened: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc] # typeshed leaves it out
        self._ending.watch(opened)  # before TLS begins: that can be dripped on too
        return opened

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = _Said(self.sock.makefile("rb"))
        return super().getreply()


class _Plain(_Bounded):
    def __init__(self, ending: Ending, host: str, port: int, seconds: float) -> None:
        self._ending = ending
        super().__init__(host, port, timeout=seconds)


class _Encrypted(smtplib.SMTP_SSL, _Bounded):
    def __init__(self, ending: Ending, host: str, port: int, seconds: float, context: ssl.SSLContext) -> None:
        self._ending = ending
        super().__init__(host, port, timeout=seconds, context=context)


class Mailer:
    """Speaks to the mail server that the settings name. Password and authorities are read at each call."""

    def __init__(self, settings: Smtp) -> None:
        self._settings = settings

    def send(self, address: str, uid: str, content: dict[str, Any], at: datetime) -> str:
        """Hand one message over; returns what that proves. The same `uid`, content and `at` (aware) give the same
        bytes. Raises AlertError."""
        message = self._message(address, uid, content, at)
        with self._server() as server:
            refused = server.send_message(message)
        if refused:
            raise AlertError(f"the mail server does not take mail for {address}")
        return self._proved()

    def _message(self, address: str, uid: str, content: dict[str, Any], at: datetime) -> EmailMessage:
        message = EmailMessage()
        sender = self._settings.sender or ""
        message["From"], message["To"] = sender, address
        message["Subject"] = wording.subject(content)
        message["Date"] = format_datetime(at)
        message["Message-ID"] = f"<{uid}@{sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(wording.text(content))
        return message

    @contextmanager
    def _server(self) -> Iterator[smtplib.SMTP]:
        settings = self._settings
        ending = Ending(_STEPS * settings.timeout.total_seconds())
        try:
            with self._connected(ending) as server:
                if settings.user is not None:
                    password = secrets.read(settings.password_file, settings.password_env, 1, _MEND)
                    server.login(settings.user, password)
                yield server
        except smtplib.SMTPResponseException as error:
            raise AlertError(f"the mail server answered {error.smtp_code} ({type(error).__name__})") from error
        except smtplib.SMTPRecipientsRefused as error:
            codes = sorted({str(code) for code, _ in error.recipients.values()})
            raise AlertError(f"the mail server does not take mail for this recipient ({', '.join(codes)})") from error
        except ssl.SSLError as error:
            raise AlertError(f"TLS to the mail server failed ({error.reason or type(error).__name__})") from error
        except (OSError, smtplib.SMTPException) as error:
            raise AlertError(f"the mail server cannot be used ({type(error).__name__})") from error
        finally:
            ending.cancel()

    def _connected(self, ending: Ending) -> smtplib.SMTP:
        settings = self._settings
        host, seconds = settings.host or "", settings.timeout.total_seconds()
        if settings.security == "none":
            return _Plain(ending, host, settings.port, seconds)
        context = tls.client_context("alerts.smtp", settings.ca_file, None, None)
        if settings.security == "tls":
            return _Encrypted(ending, host, settings.port, seconds, context)
        server = _Plain(ending, host, settings.port, seconds)
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
        return server

    def _proved(self) -> str:
        settings = self._settings
        secure = "" if settings.security == "none" else "its certificate is trusted, "
        known = "" if settings.user is None else "it let us log in, "
        return f"the mail server answers, {secure}{known}and took the message"
