"""Everything that a vendor builds and tests against, in one archive that needs no program of ours."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from adapter.sandbox import catalogue
from adapter.sandbox.authoring import scenario
from adapter.sandbox.authoring.folder import PLAN
from adapter.sandbox.catalogue import Invalid
from adapter.sandbox.editions import as_json
from adapter.support.errors import AdapterError
from adapter.support.paths import bundled, shipped
from adapter.support.settings import OWN_PACKAGE

_README = "KIT.md"


def files() -> Iterator[tuple[str, bytes]]:
    """Path and content of each file: the fixtures as they ship, all expectations as
    JSON, our FHIR package, the schema of the Lifecare exchange format, a README and checksums. Raises AdapterError."""
    found = dict(_files())
    yield from found.items()
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(found.items()))
    yield "SHA256SUMS", sums.encode()


def _files() -> Iterator[tuple[str, bytes]]:
    fixtures = catalogue.root()
    yield "README.md", _read(fixtures / _README)
    for file in sorted(fixtures.rglob("*")):
        if file.is_file() and file.name != _README:
            yield f"fixtures/{file.relative_to(fixtures).as_posix()}", file.read_bytes()
    invalid = [Invalid.load(file) for file in catalogue.invalid_files().values()]
    plans = {name: scenario.read(folder / PLAN) for name, folder in catalogue.journey_folders().items()}
    yield (
        "expectations.json",
        as_json(
            {
                "journeys": {name: catalogue.expectations(plan) for name, plan in plans.items()},
                "invalid": {fixture.name: fixture.expectations() for fixture in invalid},
            }
        ),
    )
    package = bundled() / f"{OWN_PACKAGE.replace('#', '-')}.tgz"
    yield f"package/{package.name}", _read(package)
    yield "lifecare/lifecare.xsd", _read(shipped("mappings") / "lifecare" / "lifecare.xsd")


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise AdapterError(f"{file} cannot be read: {error.strerror}") from error
