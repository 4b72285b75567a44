"""The agreements between region and municipalities: a folder of files, one version of one agreement each."""

import hashlib
from collections.abc import Iterator
from datetime import date
from itertools import combinations
from pathlib import Path

from pydantic import ValidationError

from adapter.discharge.agreement import Agreement, in_force
from adapter.support import checked, yaml
from adapter.support.errors import ConfigurationError, Problem


class Agreements(tuple[Agreement, ...]):
    """The agreements, with the `version` (sha256, hex; empty without any) of their files."""

    version: str = ""

    def of(self, kommunkod: str | None, day: date) -> Agreement:
        """What holds for a municipality on a local day: the statutory default where nothing is agreed."""
        return in_force(self, kommunkod, day)


def load(folder: Path | None) -> Agreements:
    """The agreements in a folder; none where there is no folder.

    Raises ConfigurationError that names every problem with file and line.
    """
    if folder is None:
        return Agreements()
    if not folder.is_dir():
        raise ConfigurationError([Problem(folder, None, "there is no such folder; it holds the agreements' files")])
    files = sorted(file for file in folder.iterdir() if file.suffix in {".yaml", ".yml"})
    problems = [] if files else [Problem(folder, None, "holds no agreement: expected *.yaml files")]
    digest, read = hashlib.sha256(), list[tuple[Path, Agreement]]()
    for file in files:
        try:
            raw = file.read_bytes()
            read.append((file, _agreement(raw, file)))
        except ConfigurationError as error:
            problems += error.problems
            continue
        except OSError as error:
            problems.append(Problem(file, None, f"cannot be read: {error.strerror}"))
            continue
        digest.update(f"{file.name}\0{len(raw)}\0".encode() + raw)
    problems += _ambiguous(read)
    if problems:
        raise ConfigurationError(problems)
    agreements = Agreements(agreement for _, agreement in read)
    agreements.version = digest.hexdigest()
    return agreements


def _agreement(raw: bytes, file: Path) -> Agreement:
    data, lines = yaml.parse(raw, file)
    try:
        return Agreement.model_validate(data)
    except ValidationError as error:
        raise ConfigurationError(checked.problems(error, Agreement, file, lines.of)) from error


def _ambiguous(read: list[tuple[Path, Agreement]]) -> Iterator[Problem]:
    """Where two files leave open which of them holds. A later version of an agreement takes the place of an earlier
    one from its first day, so that the earlier one's file never changes."""
    for (first, one), (second, other) in combinations(read, 2):
        if (one.id, one.version) == (other.id, other.version):
            yield Problem(second, None, f"{first.name} is version {one.version} of '{one.id}' too")
        elif one.meets(other) and (one.id != other.id or one.valid_from == other.valid_from):
            yield Problem(second, None, f"holds for the same municipality on the same day as {first.name}")
