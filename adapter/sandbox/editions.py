"""Fixtures with identifiers and times of their own, so that they can be sent again and again.

An edition follows from seed, instant and fixture alone. A journey keeps its length: all its instants move by one
distance (`times.distance`).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from adapter.fhir import xml as fhir_xml
from adapter.sandbox import catalogue, times
from adapter.sandbox.authoring import scenario
from adapter.sandbox.authoring.folder import PLAN
from adapter.sandbox.authoring.scenario import Scenario, Step
from adapter.sandbox.catalogue import Invalid
from adapter.sandbox.formats import Format
from adapter.sandbox.identifiers import Identifiers
from adapter.sandbox.times import Times
from adapter.support.errors import AdapterError

_UNREADABLE = "surrogateescape"


def written(resource: dict[str, Any], format_: Format) -> bytes:
    """A resource as the files of the fixtures hold it. Raises ParseError for what XML cannot carry."""
    if format_ is Format.XML:
        return fhir_xml.serialize(resource) + b"\n"
    return (json.dumps(resource, ensure_ascii=False, indent=2) + "\n").encode()


@dataclass(frozen=True)
class Renewal:
    """What makes an edition: `seed` the identifiers, `now` (an aware instant) and `times` how far journeys move."""

    seed: str
    now: datetime
    times: Times = Times.NOW

    @property
    def identifiers(self) -> Identifiers:
        return Identifiers(self.seed)


class Journey:
    """An edition of a journey. Raises AdapterError where its files cannot be used."""

    def __init__(self, folder: Path, renewal: Renewal) -> None:
        self.name = folder.name
        self.plan: Scenario = scenario.read(folder / PLAN)
        self._folder = folder
        self._renewal = renewal
        last = max(datetime.fromisoformat(step.at) for step in self.plan.steps)
        self._distance = times.distance(last, renewal.now, renewal.times)

    @cached_property
    def messages(self) -> dict[str, dict[str, Any]]:
        """The messages by file name without suffix."""
        files = dict.fromkeys(step.repeats or step.file for step in self.plan.steps)
        return {file: self._renewed(catalogue.message(self._folder / f"{file}.json")) for file in files}

    def body(self, step: Step, format_: Format) -> bytes:
        """What a step sends."""
        return written(self.messages[step.repeats or step.file], format_)

    def expectations(self) -> dict[str, Any]:
        """As `catalogue.expectations`, for this edition."""
        as_written = self._renewal.times is Times.WRITTEN
        found: dict[str, Any] = self._moved(catalogue.expectations(self.plan, of_the_days=as_written))
        return found

    def files(self, formats: tuple[Format, ...]) -> Iterator[tuple[str, bytes]]:
        """Path and content of each file of the edition."""
        for file, message in self.messages.items():
            for format_ in formats:
                yield f"journeys/{self.name}/{file}.{format_}", written(message, format_)
        yield f"journeys/{self.name}/expectations.json", as_json(self.expectations())

    def _renewed(self, message: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self._moved(self._renewal.identifiers.renew(message))
        return found

    def _moved(self, value: Any) -> Any:
        if self._renewal.times is Times.WRITTEN:
            return value
        return times.move(value, lambda instant: instant + self._distance)


def invalid_body(fixture: Invalid, identifiers: Identifiers, format_: Format) -> tuple[bytes, Format]:
    """What an invalid fixture sends, and its format: that asked for, where the fault can be written in it. Its times
    stay. Raises AdapterError where its file cannot be read."""
    file = fixture.body(format_)
    try:
        found = file.read_bytes().decode(errors=_UNREADABLE)
    except OSError as error:
        raise AdapterError(f"{file} cannot be read: {error.strerror}") from error
    renewed: str = identifiers.renew(found)
    return renewed.encode(errors=_UNREADABLE), Format.XML if file.suffix == ".xml" else Format.JSON


def as_json(data: object) -> bytes:
    """Data for people and machines to read."""
    return (json.dumps(data, ensure_ascii=False, indent=2, sort_keys=False) + "\n").encode()
