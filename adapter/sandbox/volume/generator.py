"""The stream of generated messages, in the order of their times.

Patient k is the same however many there are, and whatever came before: everything about it is drawn from the seed and
k. When it begins is the k-th of a van der Corput sequence, which spreads any number of patients evenly over the year,
and whose order in time can be walked without holding it: so the stream keeps in memory only those who are in care.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from adapter.sandbox.authoring.writer import Writer
from adapter.sandbox.volume.people import People, is_child
from adapter.sandbox.volume.region import Region
from adapter.sandbox.volume.shapes import Shape
from adapter.support.clock import STOCKHOLM
from adapter.support.errors import AdapterError

_YEAR = timedelta(days=365)
_LONGEST_DAY = timedelta(hours=25)
_AT_NIGHT = 0.15
"""The part of patients whose first message may be sent at any hour."""


@dataclass(frozen=True, order=True)
class Message:
    """A generated message; they sort by the time of sending, an aware instant. `patient` counts from 0, `number` from
    1 among the patient's messages."""

    at: datetime
    patient: int
    number: int
    event: str
    file: str
    bundle: dict[str, Any] = field(compare=False)


class Generator:
    """Patients who come evenly over a year from `first`, `per_year` of them; those that are left come in the next."""

    def __init__(
        self,
        seed: str,
        region: Region,
        shapes: list[Shape],
        numbers: tuple[str, ...] = (),
        first: date = date(2026, 1, 1),
        per_year: int = 20_000,
    ) -> None:
        """Raises AdapterError where no journey has a shape that the region's units can play."""
        if not shapes:
            raise AdapterError(
                "no journey fits the units: each needs an inpatient or open-care unit and a municipal one"
            )
        self._seed = seed
        self._region = region
        self._people = People(seed, numbers, region.towns)
        self._shapes = shapes
        self._first = datetime.combine(first, time(), STOCKHOLM).astimezone(UTC)
        self._per_year = per_year

    def patient(self, number: int) -> list[Message]:
        """All messages of one patient, in the order of sending."""
        year, place = divmod(number, self._per_year)
        return self._written(number, self._base(year, _reversed(place, place.bit_length()), place.bit_length()))

    def stream(self, patients: int) -> Iterator[Message]:
        """The messages of the first `patients`, in the order of sending."""
        waiting: list[Message] = []
        for number, base in self._arrivals(patients):
            while waiting and waiting[0].at < base - _LONGEST_DAY:
                yield heapq.heappop(waiting)
            for message in self._written(number, base):
                heapq.heappush(waiting, message)
        while waiting:
            yield heapq.heappop(waiting)

    def _arrivals(self, patients: int) -> Iterator[tuple[int, datetime]]:
        """The patients' numbers in the order in which they come, and when: to the day."""
        for year, begin in enumerate(range(0, patients, self._per_year)):
            count = min(self._per_year, patients - begin)
            bits = (count - 1).bit_length()
            for place in range(1 << bits):
                turn = _reversed(place, bits)
                if turn < count:
                    yield begin + turn, self._base(year, place, bits)

    def _base(self, year: int, place: int, bits: int) -> datetime:
        return self._first + year * _YEAR + _YEAR * place / (1 << bits)

    def _written(self, patient: int, base: datetime) -> list[Message]:
        chance = Random(f"{self._seed}\n{patient}")  # noqa: S311 - a draw that can be repeated
        start = _time_of_day(base, chance)
        number = self._people.number(patient, start.year)
        shape = chance.choice(self._of_age(number, start.year))
        person = self._people.replacement(patient, number, chance)
        case = shape.retold(f"{self._seed}/{patient}", start, person, self._region, chance)
        writer = Writer(case)
        return sorted(
            Message(datetime.fromisoformat(step.at), patient, turn, step.event, step.file, writer.write(step))
            for turn, step in enumerate(case.steps, start=1)
        )

    def _of_age(self, number: str | None, year: int) -> list[Shape]:
        """The shapes for a child or for an adult, where the number tells; all where no shape is."""
        if number is None:
            return self._shapes
        child = is_child(number, year)
        return [shape for shape in self._shapes if shape.of_child is child] or self._shapes


def _reversed(number: int, bits: int) -> int:
    """The number with its lowest `bits` bits in the reverse order."""
    return int(f"{number:0{bits}b}"[::-1], 2) if bits else 0


def _time_of_day(base: datetime, chance: Random) -> datetime:
    """An instant on the Swedish day of `base`: most often by day, sometimes at any hour, the repeated one included."""
    earliest, latest = (0, 24) if chance.random() < _AT_NIGHT else (7, 19)
    midnight = datetime.combine(base.astimezone(STOCKHOLM).date(), time(), STOCKHOLM).astimezone(UTC)
    return midnight + timedelta(seconds=chance.randrange(earliest * 3600, latest * 3600))
