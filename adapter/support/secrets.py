"""Secrets by reference: settings name a file or an environment variable, never the secret itself."""

import os
import stat
from pathlib import Path

from adapter.support.errors import AdapterError

SAMPLE_MARK = "replace-this"
"""Every secret in the example configuration contains this, and no secret that does is accepted."""

MAKE = "make one: openssl rand -hex 32"
_LARGEST = 64 * 1024


class SecretError(AdapterError):
    """A secret is missing, too short or the example's. The words name its place, never the secret."""


def read(file: Path | None, variable: str | None, minimum: int, mend: str = MAKE) -> str:
    """The secret in the file, or else in the environment variable, without surrounding white space.

    It is read anew on every call, so that a new one counts without restart. Raises SecretError where there is none,
    it has fewer than `minimum` characters or it is a sample; `mend` says what to do about it.
    """
    place = f"the file {file}" if file is not None else f"the environment variable {variable}"
    secret = _from_file(file) if file is not None else os.environ.get(variable or "", "").strip()
    if not secret:
        raise SecretError(f"there is no secret in {place}; {mend}")
    if SAMPLE_MARK in secret.lower():
        raise SecretError(f"{place} holds the sample secret of the example; {mend}")
    if len(secret) < minimum:
        raise SecretError(f"the secret in {place} has {len(secret)} characters, expected at least {minimum}; {mend}")
    if len(set(secret)) < min(8, minimum):
        raise SecretError(f"the secret in {place} repeats a few characters and can be guessed; {mend}")
    return secret


def readable_by_others(file: Path) -> bool:
    """Whether other users of the machine may read the file."""
    return os.name == "posix" and file.is_file() and bool(file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))


def _from_file(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            raw = stream.read(_LARGEST + 1)
        if len(raw) > _LARGEST:
            raise SecretError(f"the file {file} is larger than {_LARGEST} bytes: not a secret")
        return raw.decode("utf-8").strip()
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise SecretError(f"the file {file} is not UTF-8 text") from error
    except OSError as error:
        raise SecretError(f"the file {file} cannot be read: {error.strerror}") from error
