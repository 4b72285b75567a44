"""OAuth 2 client credentials (RFC 6749 4.4), the client shown by a signed assertion (RFC 7523 2.2, as SMART Backend
Services asks) or by a secret.

One token serves all threads until shortly before it expires. Who asks meanwhile waits for the one call that is under
way, and shares its outcome, good or bad.
"""

import base64
import json
import re
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus, unquote_plus, urlencode

import jwt

from adapter.delivery.channels.base import Answer, ChannelSettings, Fault
from adapter.delivery.channels.http import HttpSender
from adapter.delivery.channels.options import OAuthSettings
from adapter.support import secrets
from adapter.support.clock import Clock, SystemClock
from adapter.support.errors import AdapterError, UnavailableError

_ASSERTION_LIFE = timedelta(minutes=4)
"""SMART allows five; the rest is for clocks that differ."""
_WITHOUT_EXPIRY = 300.0
"""How long a token counts whose issuer does not say."""
_MARGIN = 60.0
_LARGEST_ANSWER = 64 * 1024
_LONGEST_LIFE = 86_400.0
_SECRET = ("client_secret", "client_assertion")
_TOKEN = re.compile(r"[!-~]{1,16384}")
_ERROR_CODE = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]{1,64}")
_PASSING = frozenset({"temporarily_unavailable", "server_error", "slow_down"})
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class TokenRefusedError(AdapterError):
    """The token endpoint refuses us, or our own key or secret cannot be used: only a person can mend it. The words
    never hold a token, key or secret."""


@dataclass(frozen=True)
class _Token:
    value: str
    until: float
    """on the monotonic clock"""


class ClientCredentials:
    """Tokens of one client at one token endpoint. Safe to call from many threads."""

    def __init__(
        self,
        settings: ChannelSettings,
        oauth: OAuthSettings,
        clock: Clock | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises AdapterError where the token endpoint's address or a certificate cannot be used."""
        self._oauth = oauth
        self._clock = clock or SystemClock()
        self._monotonic = monotonic
        self._sender = HttpSender(_towards_issuer(settings, oauth))
        self._lock = threading.Lock()
        self._rounds = 0
        self._token: _Token | None = None
        self._failure: TokenRefusedError | UnavailableError | None = None

    def bearer(self) -> str:
        """A token that counts now. Raises TokenRefusedError, or UnavailableError where the token endpoint does not
        answer now."""
        seen = self._rounds
        with self._lock:
            if self._token is not None and self._monotonic() < self._token.until:
                return self._token.value
            if self._rounds != seen and self._failure is not None:
                raise type(self._failure)(str(self._failure))
            try:
                self._token, self._failure = self._fetch(), None
            except (TokenRefusedError, UnavailableError) as error:
                self._token, self._failure = None, error
                raise
            finally:
                self._rounds += 1
            return self._token.value

    def rejected(self, token: str) -> None:
        """The receiver does not take this token: the next caller gets another."""
        with self._lock:
            if self._token is not None and self._token.value == token:
                self._token = None

    def close(self) -> None:
        self._sender.close()

    def _fetch(self) -> _Token:
        form, headers = self._request()
        asked = self._monotonic()
        answer = self._sender.request("POST", self._oauth.token_url, headers, urlencode(form).encode())
        value, life = _read(answer, [*filter(None, (form.get(name) for name in _SECRET)), *_basic(headers)])
        # a token of a few seconds is still used for most of them
        return _Token(value, asked + max(life - _MARGIN, life / 2))

    def _request(self) -> tuple[dict[str, str], dict[str, str]]:
        oauth = self._oauth
        form = {"grant_type": "client_credentials"} | ({"scope": oauth.scope} if oauth.scope else {})
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        if oauth.method == "private_key_jwt":
            form |= {"client_assertion_type": _ASSERTION_TYPE, "client_assertion": self._assertion()}
            return form, headers
        try:
            secret = secrets.read(oauth.secret_file, oauth.secret_env, 1, "put the client's secret there")
        except secrets.SecretError as error:
            raise TokenRefusedError(str(error)) from None
        if oauth.method == "client_secret_post":
            return form | {"client_id": oauth.client_id, "client_secret": secret}, headers
        pair = f"{quote_plus(oauth.client_id)}:{quote_plus(secret)}".encode()
        return form, headers | {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}

    def _assertion(self) -> str:
        oauth, now = self._oauth, self._clock.now()
        claims = {
            "iss": oauth.client_id,
            "sub": oauth.client_id,
            "aud": oauth.audience or oauth.token_url,
            "jti": str(uuid.uuid4()),
            "iat": int(now.timestamp()),
            "exp": int((now + _ASSERTION_LIFE).timestamp()),
        }
        return sign(claims, oauth)


def sign(claims: dict[str, Any], oauth: OAuthSettings) -> str:
    """The claims as a signed JWT. The key is read anew each time, so that it is renewed without a restart. Raises
    TokenRefusedError where it cannot be read or is not one for the algorithm."""
    try:
        key = secrets.read(oauth.key_file, None, 1, "put the client's private key (PEM) there")
        header = {"kid": oauth.key_id} if oauth.key_id else None
        return jwt.encode(claims, key, algorithm=oauth.algorithm, headers=header)
    except secrets.SecretError as error:
        raise TokenRefusedError(str(error)) from None
    except (jwt.PyJWTError, ValueError, TypeError, NotImplementedError) as error:
        reason = f"the key in {oauth.key_file} cannot sign with {oauth.algorithm} ({type(error).__name__})"
        raise TokenRefusedError(reason) from None


def _towards_issuer(settings: ChannelSettings, oauth: OAuthSettings) -> ChannelSettings:
    """The endpoint's trust, certificate, proxy and time limits, towards its token endpoint."""
    return replace(
        settings,
        id=f"{settings.id} (token endpoint)",
        address=oauth.token_url,
        token_file=None,
        token_env=None,
        oauth=None,
        max_answer_bytes=_LARGEST_ANSWER,
        concurrency=1,
    )


def _basic(headers: dict[str, str]) -> list[str]:
    """What a Basic header holds, as it is sent and as it reads."""
    sent = headers.get("Authorization", "").removeprefix("Basic ")
    return [sent, *base64.b64decode(sent).decode().split(":", 1)[1:]] if sent else []


def _read(answer: Answer, secrets_sent: list[str]) -> tuple[str, float]:
    """The token and its life in seconds. What the endpoint says of a refusal is told, but not where it repeats one of
    the secrets that it was sent."""
    if answer.fault is not None:
        lasting = answer.fault in (Fault.TLS, Fault.CREDENTIALS, Fault.PROXY)
        raise _failure(f"the token endpoint: {answer.fault}, {answer.reason}", passing=not lasting)
    status, said = answer.status or 0, _object(answer.body)
    if 200 <= status < 300:
        return _token(said)
    code = said.get("error")
    code = code if isinstance(code, str) and _ERROR_CODE.fullmatch(code) else ""
    words = said.get("error_description")
    words = " ".join(words.split()) if isinstance(words, str) else ""
    if any(secret in text for secret in secrets_sent for text in (code, words, unquote_plus(words))):
        code = words = ""
    told = ", ".join(filter(None, [f"HTTP {status}", code, words[:400]]))
    passing = status in (408, 425, 429) or status >= 500 or code in _PASSING
    raise _failure(f"the token endpoint gives no token: {told}", passing=passing)


def _failure(reason: str, *, passing: bool) -> TokenRefusedError | UnavailableError:
    return UnavailableError(reason) if passing else TokenRefusedError(reason)


def _token(said: dict[str, Any]) -> tuple[str, float]:
    value, kind = said.get("access_token"), said.get("token_type")
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise TokenRefusedError("the token endpoint's answer has no access_token that a header can hold")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise TokenRefusedError("the token endpoint's answer has another token_type than Bearer")
    life = said.get("expires_in", _WITHOUT_EXPIRY)
    try:
        seconds = float(life)
    except (TypeError, ValueError):
        seconds = _WITHOUT_EXPIRY
    if not 0 < seconds <= _LONGEST_LIFE:  # also what is no number
        seconds = _LONGEST_LIFE if seconds > 0 else _WITHOUT_EXPIRY
    return value, seconds


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
