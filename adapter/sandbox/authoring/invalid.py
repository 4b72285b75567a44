"""The folder fixtures/invalid: writes each faulty message in JSON and XML beside the file that describes it, and the
schema of such files beside the folder."""

import json
from collections.abc import Iterator
from pathlib import Path

from adapter.sandbox.authoring import faults
from adapter.sandbox.authoring.faults import InvalidFixture
from adapter.sandbox.authoring.folder import twins

SCHEMA = "invalid.schema.json"


def fixtures(folder: Path) -> dict[str, InvalidFixture]:
    """The invalid fixtures of a folder by name. Raises AdapterError with file and reason."""
    return {file.stem: faults.read(file) for file in sorted(folder.glob("*.yaml"))}


def messages(folder: Path) -> Iterator[tuple[str, bytes]]:
    """File name and bytes of every faulty message that is made of a valid one. Raises AdapterError."""
    for name, fixture in fixtures(folder).items():
        if fixture.of is not None:
            valid = json.loads((folder / fixture.of).read_bytes())
            yield from twins(name, faults.broken(valid, name, fixture))


def schema() -> bytes:
    """The JSON Schema of the files that describe the fixtures."""
    return (json.dumps(InvalidFixture.model_json_schema(), ensure_ascii=False, indent=2) + "\n").encode()


def write(folder: Path) -> None:
    """Write the faulty messages of a folder and the schema, and remove what no fixture names any more."""
    (folder.parent / SCHEMA).write_bytes(schema())
    written = dict(messages(folder))
    for name, content in written.items():
        (folder / name).write_bytes(content)
    for stale in _stale(folder, written):
        stale.unlink()


def differences(folder: Path) -> list[str]:
    """The files that are not what the fixtures say."""
    written = dict(messages(folder)) | {f"../{SCHEMA}": schema()}
    found = [
        name
        for name, content in written.items()
        if not (folder / name).is_file() or (folder / name).read_bytes() != content
    ]
    return found + [stale.name for stale in _stale(folder, written)]


def _stale(folder: Path, written: dict[str, bytes]) -> list[Path]:
    kept = {fixture.file for fixture in fixtures(folder).values()} | written.keys()
    return [file for file in sorted(folder.iterdir()) if file.suffix in {".json", ".xml"} and file.name not in kept]
