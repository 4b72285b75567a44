"""Where files live: what ships with the adapter, and what a user's machine keeps between runs."""

import os
from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parent.parent


def shipped(name: str) -> Path:
    """Folder of data that ships with the adapter (`mappings`, `fixtures`): beside a checkout, inside a wheel."""
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
