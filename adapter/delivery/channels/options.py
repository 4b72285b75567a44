"""What an endpoint's settings may ask for beside its address: each part belongs to one module beside this one."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True)
class OAuthSettings:
    """OAuth 2 client credentials. `method` says how the client shows who it is: by an assertion signed with the key in
    `key_file` (RFC 7523), or by the secret in `secret_file` or `secret_env`. `audience` is the assertion's `aud`, the
    token endpoint where empty. Trust, proxy and time limits that are not given are the endpoint's."""

    token_url: str
    client_id: str
    method: Literal["private_key_jwt", "client_secret_basic", "client_secret_post"] = "private_key_jwt"
    scope: str = ""
    audience: str = ""
    key_file: Path | None = None
    key_id: str = ""
    algorithm: Literal["RS384", "ES384", "RS256", "ES256", "PS256"] = "RS384"
    secret_file: Path | None = None
    secret_env: str | None = None


@dataclass(frozen=True)
class ResultSettings:
    """Where a SOAP answer says what became of the message: `code` and `text` are paths of local names below the
    body's element. Codes in neither list are refusals for good."""

    code: str
    ok: tuple[str, ...]
    text: str = ""
    transient: tuple[str, ...] = ()
    duplicate: tuple[str, ...] = ()


@dataclass(frozen=True)
class SoapSettings:
    """`action` is the SOAPAction; `logical_address` goes into a header as RIV TA asks, none where empty."""

    action: str
    logical_address: str = ""
    result: ResultSettings | None = None


@dataclass(frozen=True)
class FolderSettings:
    """The folder that messages are dropped in, and for how many seconds a file is waited for that says what the
    receiver makes of each; None where it does not say."""

    path: Path
    acknowledge_within: float | None = None


@dataclass(frozen=True)
class TaskSettings:
    """How the Task of a message becomes the receiver's. `missing`: what to do where the receiver has none of that
    identifier. `tasks` gives the Tasks of a message (bytes, media type), each standing by itself; `follows` says
    whether a Task of one status may come to have another; `moved` are the members that an answer may change."""

    missing: Literal["create", "refuse"]
    tasks: Callable[[bytes, str], list[dict[str, Any]]]
    follows: Callable[[str, str], bool]
    moved: frozenset[str]
