"""The invented people of generated cases, and their numbers.

Test numbers are Skatteverket's, which are not shipped: they come from a file that the caller names, one of 12 digits a
line, each for one person. Whoever gets none has a reserve number that says what it is: `99TEST` and six signs.
"""

from pathlib import Path
from random import Random
from typing import Any

from adapter.fhir.identifiers import is_personnummer, is_samordningsnummer
from adapter.sandbox.volume.region import Town
from adapter.support.errors import AdapterError

_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUVWXY"
_NUMBERS = len(_SIGNS) ** 6
_ADULT = 18
_GIVEN = (
    *("Agneta", "Ahmed", "Alva", "Anders", "Anna-Lena", "Astrid", "Birger", "Björn", "Bo", "Britt-Marie", "Cecilia"),
    *("Dagny", "Elin", "Elsa", "Fatima", "Folke", "Gun", "Gösta", "Hanna", "Hjördis", "Ingegerd", "Jan-Erik", "Juho"),
    *("Kerstin", "Lars", "Leif", "Linnéa", "Maj-Britt", "Mehmet", "Märta", "Nils", "Olov", "Per", "Ragnhild", "Rut"),
    *("Sixten", "Siv", "Sölve", "Tyra", "Ulla", "Viktor", "Yngve", "Zahra", "Åke", "Åsa", "Örjan"),
)
_FAMILY = (
    *(
        "Ahlgren",
        "Bergvall",
        "Boström",
        "Dahlén",
        "Ek",
        "Eriksson-Lund",
        "Fjällström",
        "Granberg",
        "Hägglöf",
        "Isaksson",
    ),
    *("Jönsson", "Kvist", "Lindqvist", "Marklund", "Niemi", "Nyberg", "Olofsson", "Palm", "Rask", "Sandgren", "Stål"),
    *(
        "Sundbom",
        "Tjärnlund",
        "Utterström",
        "Vallgren",
        "Wikner",
        "Yilmaz",
        "Zetterlund",
        "Åhman",
        "Ängquist",
        "Östman",
    ),
)
_STREETS = ("Björkvägen", "Ekgatan", "Kyrkstigen", "Lingonvägen", "Skolgatan", "Strandvägen", "Torggränd", "Åsvägen")


class People:
    """The person of each patient, counted from 0. `numbers` are the test numbers, `seed` decides who gets which."""

    def __init__(self, seed: str, numbers: tuple[str, ...], towns: list[Town]) -> None:
        chance = Random(seed)  # noqa: S311 - a draw that can be repeated
        self._numbers = list(numbers)
        chance.shuffle(self._numbers)
        self._first = chance.randrange(_NUMBERS)
        self._step = chance.randrange(1, _NUMBERS, 2)
        self._towns = towns

    def number(self, patient: int, year: int) -> str | None:
        """The test number of a patient; None where there are no more, or whoever has it is not born in that year."""
        number = self._numbers[patient] if patient < len(self._numbers) else None
        return number if number is not None and int(number[:4]) < year else None

    def reserve(self, patient: int) -> str:
        """The reserve number of a patient: another for each, up to 32**6 of them."""
        number = (self._first + patient * self._step) % _NUMBERS
        signs = []
        for _ in range(6):
            number, sign = divmod(number, len(_SIGNS))
            signs.append(_SIGNS[sign])
        return "99TEST" + "".join(reversed(signs))

    def replacement(self, patient: int, number: str | None, chance: Random) -> "Replacement":
        """Who stands in a journey in the place of its own person, with that test number."""
        town = chance.choice(self._towns)
        given = [chance.choice(_GIVEN) for _ in range(chance.choice((1, 1, 2)))]
        line = f"{chance.choice(_STREETS)} {chance.randrange(1, 90)}{chance.choice(('', '', ' A', ' B, lgh 1102'))}"
        address = {"line": [line], "postal_code": town.postal_code, "city": town.name}
        return Replacement(
            number,
            self.reserve(patient),
            {"family": chance.choice(_FAMILY), "given": list(dict.fromkeys(given))},
            address,
        )


class Replacement:
    """One invented person. `words` are those of a journey's `person`."""

    def __init__(self, number: str | None, reserve: str, name: dict[str, Any], address: dict[str, Any]) -> None:
        self._number = number
        self._reserve = reserve
        self._name = name
        self._address = address

    def words(self, person: dict[str, Any]) -> dict[str, Any]:
        """The person in the place of one of a journey: known by reserve number, by name and by address where that one
        is. Labels and a särskild postadress stay."""
        kept: dict[str, Any] = {name: person[name] for name in ("special_address", "labels") if name in person}
        if "reservnummer" in person:
            kept["reservnummer"] = self._reserve
        if "personnummer" in person or "samordningsnummer" in person:
            kept |= self._identifier()
        unknown = person["family"] == "Okänd"
        kept |= {name: person[name] for name in ("family", "given")} if unknown else self._name
        if "address" in person:
            kept["address"] = person["address"] if unknown else self._address
        return kept

    def _identifier(self) -> dict[str, str]:
        if self._number is None:
            return {"reservnummer": self._reserve}
        return {"personnummer" if is_personnummer(self._number) else "samordningsnummer": self._number}


def is_child(number: str, year: int) -> bool:
    """Whether whoever has the number is under 18 all that year, or until a day in it."""
    return year - int(number[:4]) < _ADULT


def read(file: Path) -> tuple[str, ...]:
    """The numbers in a file, one a line. Raises AdapterError with file and line of one that is no number; the number
    is not told, for it may be a real one."""
    try:
        lines = file.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "expected digits alone"
        raise AdapterError(f"{file} cannot be used: {reason}") from error
    for place, number in enumerate(lines, start=1):
        if not is_personnummer(number) and not is_samordningsnummer(number):
            raise AdapterError(
                f"{file} cannot be used: number {place} in it is no personnummer or samordningsnummer of 12 digits"
            )
    if not lines:
        raise AdapterError(f"{file} cannot be used: it is empty")
    return tuple(dict.fromkeys(lines))
