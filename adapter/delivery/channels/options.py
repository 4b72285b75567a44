"""What an endpoint's settings may ask for beside its address: each part belongs to one module beside this one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


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
