"""Where files live: what ships with the adapter, and what a user's machine keeps between runs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated

import platformdirs
from pydantic import AfterValidator

_PACKAGE = Path(__file__).resolve().parent.parent
_folder: ContextVar[Path] = ContextVar("folder")


@contextmanager
def relative_to(folder: Path) -> Iterator[None]:
    """Within it, relative paths of settings are seen from the folder."""
    token = _folder.set(folder)
    try:
        yield
    finally:
        _folder.reset(token)


def from_folder(path: Path) -> Path:
    """A path of a setting, as seen from the folder that `relative_to` named."""
    return _folder.get(Path()) / path.expanduser()


LocalPath = Annotated[Path, AfterValidator(from_folder)]


def shipped(name: str) -> Path:
    """Folder of data that ships with the adapter (`mappings`, `docs/runbooks`): beside a checkout, inside a wheel."""
    checkout = _PACKAGE.parent / name
    return checkout if checkout.is_dir() else _PACKAGE / "share" / name


def core_package() -> Path:
    """The FHIR R4 core package that is built into the installed adapter and fetched by a checkout's set-up."""
    return bundled() / "hl7.fhir.r4.core-4.0.1.tgz"


def bundled() -> Path:
    """Folder of the FHIR packages that are built into the installed adapter: R4 core, and the profiles of this project,
    each as `<id>-<version>.tgz`."""
    return _PACKAGE / "definitions" / "bundled"


def cache() -> Path:
    """Folder for FHIR packages and compiled definitions; `ADAPTER_CACHE` overrides the user's cache folder."""
    return Path(os.environ.get("ADAPTER_CACHE") or platformdirs.user_cache_path("discharge-adapter"))
