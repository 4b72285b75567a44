"""Where messages are kept: the settings of the database."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from pydantic import Field, ValidationInfo, field_validator

from adapter.support import secrets
from adapter.support.checked import Section
from adapter.support.paths import LocalPath, from_folder

_SQLITE = "sqlite:///"
_POSTGRESQL = ("postgresql", "postgresql+psycopg")
_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl", "passfile")
_WORDS = "expected sqlite:///file or postgresql://user@host/database?sslmode=verify-full"
_PROTECTED = ("verify-full", "verify-ca", "require")
_HERE = ("", "localhost", "127.0.0.1", "::1")


class Database(Section):
    url: str = "sqlite:///adapter.db"
    """where messages are kept: sqlite:///file (from this folder), or postgresql://user@host/database with libpq's
    parameters, such as ?sslmode=verify-full; never with a password"""
    password_file: LocalPath | None = None
    """the file that holds the password of PostgreSQL; libpq's own PGPASSFILE and services work as well"""
    password_env: str | None = None
    """the environment variable that holds it"""
    connections: int = Field(20, ge=4, le=500)
    """the most connections to PostgreSQL that one process opens"""
    mark_file: LocalPath | None = None
    """the file outside the database that tells when an older copy was put back; beside a SQLite file where not set"""

    @field_validator("url")
    @classmethod
    def _is_known(cls, url: str) -> str:
        if url.startswith(_SQLITE) and url != _SQLITE:
            return f"{_SQLITE}{from_folder(Path(url.removeprefix(_SQLITE)))}"
        return _postgresql(url)

    @field_validator("password_env")
    @classmethod
    def _has_one_place(cls, env: str | None, known: ValidationInfo) -> str | None:
        if env is not None and known.data.get("password_file") is not None:
            raise ValueError("expected either password_file or password_env")
        return env

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of this machine."""
        return self.url.startswith(_SQLITE)

    @property
    def mark(self) -> Path | None:
        """The file that the database's mark is kept in as well; None where none is."""
        if self.mark_file is not None or not self.is_sqlite:
            return self.mark_file
        return Path(f"{self.url.removeprefix(_SQLITE)}.mark")

    @property
    def in_the_clear(self) -> bool:
        """Whether what is kept may travel to another machine without encryption."""
        parts = urlsplit(self.url)
        parameters = dict(parse_qsl(parts.query))
        if self.is_sqlite or "service" in parameters or parameters.get("sslmode") in _PROTECTED:
            return False
        hosts = parameters.get("host", parts.hostname or "").split(",")
        return not all(host.startswith(("/", "@")) or host in _HERE for host in hosts)

    @property
    def password(self) -> Callable[[], str] | None:
        """What reads the password, anew at each call, raising SecretError; None where libpq finds it."""
        if self.password_file is None and self.password_env is None:
            return None
        mend = "ask who runs the database"
        return lambda: secrets.read(self.password_file, self.password_env, 1, mend)


def _postgresql(url: str) -> str:
    """The URL with its driver, and the files of its parameters seen from the settings' folder."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ValueError(f"is no URL: {_WORDS}") from error
    if parts.scheme not in _POSTGRESQL or parts.fragment:
        raise ValueError(_WORDS)
    parameters = parse_qsl(parts.query, keep_blank_values=True)
    if parts.password is not None or {"password", "sslpassword"} & dict(parameters).keys():
        raise ValueError("holds a password: use password_file, password_env, or libpq's PGPASSFILE or service")
    if len(unquote(parts.path)) < 2 and not {"service", "dbname"} & dict(parameters).keys():
        raise ValueError(f"names no database: {_WORDS}")
    try:
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"has no port number after the host's colon: {_WORDS}") from error
    seen = [(name, str(from_folder(Path(value))) if _is_file(name, value) else value) for name, value in parameters]
    # by hand: urlunsplit leaves the slashes out where there is no host, as with a socket
    return f"postgresql+psycopg://{parts.netloc}{parts.path}" + (f"?{urlencode(seen)}" if seen else "")


def _is_file(name: str, value: str) -> bool:
    return name in _FILES and value not in ("", "system")
