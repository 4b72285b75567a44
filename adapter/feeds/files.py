"""Reads the folder of feeds: one YAML file each, every problem with its line."""

import hashlib
from collections.abc import Mapping, Set
from pathlib import Path

from pydantic import ValidationError

from adapter.feeds.model import Feed
from adapter.support import checked, paths, yaml
from adapter.support.checked import Lines
from adapter.support.errors import ConfigurationError, Problem


class Feeds(dict[str, Feed]):
    """The feeds by id, with the `version` (sha256, hex) of their files."""

    version: str = ""


def load(folder: Path | None, units: Mapping[str, Set[str]], addresses: Set[str]) -> Feeds:
    """The feeds in a folder; none where there is no folder. `units` are each party's HSA-ids, `addresses` the HSA-ids
    and kommunkoder that somebody in the directory answers for.

    Raises ConfigurationError that names every problem with file and line.
    """
    feeds, digest = Feeds(), hashlib.sha256()
    if folder is None:
        return feeds
    if not folder.is_dir():
        raise ConfigurationError([Problem(folder, None, "there is no such folder; it holds the feeds' files")])
    found = sorted(file for file in folder.iterdir() if file.suffix in {".yaml", ".yml"})
    problems = [] if found else [Problem(folder, None, "holds no feed: expected *.yaml files")]
    for file in found:
        try:
            raw = file.read_bytes()
            feed, lines = _read(raw, file)
        except ConfigurationError as error:
            problems += error.problems
            continue
        except OSError as error:
            problems.append(Problem(file, None, f"cannot be read: {error.strerror}"))
            continue
        digest.update(f"{file.name}\0{len(raw)}\0".encode() + raw)
        problems += _unknown(feed, file, lines, units, addresses)
        if feed.id in feeds:
            problems.append(Problem(file, lines.of(("id",)), f"id: there is another feed '{feed.id}'"))
        feeds[feed.id] = feed
    if problems:
        raise ConfigurationError(problems)
    feeds.version = digest.hexdigest()
    return feeds


def _read(raw: bytes, file: Path) -> tuple[Feed, Lines]:
    data, lines = yaml.parse(raw, file)
    try:
        with paths.relative_to(file.resolve().parent):
            return Feed.model_validate(data), lines
    except ValidationError as error:
        raise ConfigurationError(checked.problems(error, Feed, file, lines.of)) from error


def _unknown(feed: Feed, file: Path, lines: Lines, units: Mapping[str, Set[str]], addresses: Set[str]) -> list[Problem]:
    """What the feed names and the directory does not know."""

    def problem(reason: str, *place: str | int) -> Problem:
        return Problem(file, lines.of(place), f"{'.'.join(map(str, place))}: {reason}")

    if feed.party not in units:
        return [problem(f"there is no party '{feed.party}' in the directory", "party")]
    found = [
        problem(f"{hsa} is no unit of {feed.party} in the directory", "units", code)
        for code, hsa in feed.units.items()
        if hsa not in units[feed.party]
    ]
    for index, rule in enumerate(feed.receivers):
        found += [
            problem(f"{whom.address.code} is not in the directory", "receivers", index, "to", number)
            for number, whom in enumerate(rule.to)
            if whom.address.code not in addresses
        ]
    known = {*feed.units, *units[feed.party]}
    named: list[tuple[str, checked.Place]] = [
        (rule.unit, ("receivers", index, "unit")) for index, rule in enumerate(feed.receivers) if rule.unit
    ]
    named += [(unit, ("need", "units", index)) for index, unit in enumerate(feed.need.units if feed.need else ())]
    return found + [problem(f"{code!r} is not among units", *place) for code, place in named if code not in known]
