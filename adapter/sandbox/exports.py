"""Invented exports of ongoing cases, for trying a cut-over: as many as wanted, the same again from the same seed."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from lxml import etree

from adapter.cutover.export import CASES, HEADER, TABLES, assemble
from adapter.cutover.schema import schema
from adapter.support.clock import STOCKHOLM
from adapter.support.files import write_whole

Part = tuple[tuple[str, ...], dict[str, str]]
_GIVEN = (
    "Agneta",
    "Birger",
    "Dagny",
    "Elsa",
    "Folke",
    "Gösta",
    "Hjördis",
    "Ingegerd",
    "Märta",
    "Sixten",
    "Tyra",
    "Åke",
)
_FAMILY = (
    "Ahlgren",
    "Bergvall",
    "Dahlén",
    "Fjällström",
    "Granberg",
    "Hägglöf",
    "Marklund",
    "Nyberg",
    "Åhman",
    "Östman",
)
_SECTIONS = {
    "vardorsak": "Inkom efter fall i hemmet.",
    "omvardnadsbehov": "Går med rollator och stöd av en person.",
    "hemsituation": "Bor ensam, hiss finns.",
}


@dataclass(frozen=True)
class Units:
    """HSA-ids of a ward, a health centre, and the receiving unit of each municipality by kommunkod."""

    ward: str
    centre: str
    receiving: dict[str, str]


@dataclass
class Row:
    """One case: the cells of its row, and the rows of its parts."""

    cells: dict[str, str]
    parts: list[Part] = field(default_factory=list)


class Generator:
    """Makes cases. `numbers` are test numbers, one person each; who gets none has a reserve number that says so."""

    def __init__(self, seed: str, units: Units, numbers: tuple[str, ...], taken: datetime) -> None:
        self._seed = seed
        self._units = units
        self._numbers = numbers
        self.taken = taken

    def rows(self, count: int) -> list[Row]:
        """The first `count` cases: case k is the same for any count."""
        return [self._row(number) for number in range(count)]

    def _row(self, number: int) -> Row:
        chance = Random(f"{self._seed} {number}")  # noqa: S311 - a draw that can be repeated
        municipality = sorted(self._units.receiving)[number % len(self._units.receiving)]
        admitted = self.taken - timedelta(days=chance.randint(3, 12), hours=chance.randint(0, 9))
        row = Row(
            {
                "nyckel": f"P-{number + 1:05}",
                "kommun": municipality,
                **self._person(number, chance),
                "vistelse.enhet": self._units.ward,
                "vistelse.inskriven": _text(admitted),
                "vistelse.beraknadUtskrivning": (self.taken + timedelta(days=2)).date().isoformat(),
                "inskrivningsmeddelande.skickat": _text(admitted + timedelta(hours=3)),
            }
        )
        status = chance.choice(("begard", "mottagen", "accepterad"))
        row.parts.append((("begaran",), {"enhet": self._units.receiving[municipality], "status": status}))
        if number % 3 == 0:
            row.parts.append((("begaran",), {"enhet": self._units.centre, "status": "mottagen"}))
        stage = number % 5
        for at_least, add in ((1, self._information), (2, self._ready), (3, self._invitation), (4, self._plan)):
            if stage >= at_least:
                add(row, admitted + timedelta(days=at_least / 2), municipality)
        return row

    def _person(self, number: int, chance: Random) -> dict[str, str]:
        given, family = chance.choice(_GIVEN), chance.choice(_FAMILY)
        cells = {"person.efternamn": family, "person.fornamn": given}
        if number < len(self._numbers):
            cells["person.personnummer"] = self._numbers[number]
        else:
            cells["person.reservnummer"] = f"99TEST{number:06}"
        address = "person.adress"
        if number % 17 == 16:
            cells["person.skydd"], address = "skyddadFolkbokforing", "person.sarskildPostadress"
        line = f"Strandvägen {chance.randint(1, 60)}"
        return cells | {f"{address}.rad": line, f"{address}.postnummer": "93134", f"{address}.ort": "Skellefteå"}

    def _information(self, row: Row, at: datetime, _municipality: str) -> None:
        row.cells["underlag.skickat"] = _text(at)
        row.parts += [(("underlag", "avsnitt"), {"kod": code, "text": text}) for code, text in _SECTIONS.items()]

    def _ready(self, row: Row, at: datetime, _municipality: str) -> None:
        row.cells |= {
            "utskrivningsklar.bedomd": _text(at - timedelta(minutes=20)),
            "utskrivningsklar.bedomare": "Överläkare Göran Ålund",
            "utskrivningsklar.skickat": _text(at),
        }

    def _invitation(self, row: Row, at: datetime, municipality: str) -> None:
        row.cells |= {
            "kallelse.fran": self._units.centre,
            "kallelse.skickat": _text(at),
            "kallelse.typ": "sip",
            "kallelse.start": _text(self.taken + timedelta(days=1)),
            "kallelse.slut": _text(self.taken + timedelta(days=1, hours=1)),
            "kallelse.inbjuden": "Dottern",
        }
        called = {"enhet": self._units.receiving[municipality], "status": "accepterad"}
        row.parts.append((("kallelse", "kallad"), called))

    def _plan(self, row: Row, at: datetime, municipality: str) -> None:
        row.cells |= {
            "plan.typ": "sip",
            "plan.fran": self._units.centre,
            "plan.skickat": _text(at),
            "plan.status": "gallande",
            "plan.titel": "SIP inför hemgång",
            "plan.huvudansvarig": "region",
        }
        consent = {"typ": "sip", "beslut": "medger", "registrerat": _text(at - timedelta(hours=1))}
        measure = {"text": "Hemtjänst morgon och kväll.", "ansvarig": self._units.receiving[municipality]}
        row.parts += [
            (("samtycke",), consent),
            (("plan", "mal"), {"text": "Klara att gå ut själv igen.", "prioritet": "1"}),
            (("plan", "insats"), measure | {"avserMal": "1", "status": "ejPaborjad"}),
        ]


def write_xml(file: Path, rows: list[Row], system: str, taken: datetime, *, whole: bool = True) -> None:
    """The export as an XML file. Raises AdapterError where it cannot be written."""
    root = etree.Element(schema().tag("export"), nsmap={None: schema().namespace})  # type: ignore[dict-item] # stubs
    for name, value in _header(system, taken, whole).items():
        etree.SubElement(root, schema().tag(name)).text = value
    root.extend(assemble(row.cells, row.parts) for row in rows)
    write_whole(file, etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True))


def write_csv(folder: Path, rows: list[Row], system: str, taken: datetime, *, whole: bool = True) -> None:
    """The export as CSV files in a folder. Raises AdapterError where they cannot be written."""
    folder.mkdir(parents=True, exist_ok=True)
    header = _header(system, taken, whole)
    write_whole(folder / HEADER, _csv(list(header), [header]))
    columns = list(schema().columns("arendeTyp"))
    write_whole(folder / CASES, _csv(columns, [row.cells for row in rows]))
    for path, kind in schema().tables("arendeTyp").items():
        inner = ["nyckel", *schema().columns(kind)]
        write_whole(folder / TABLES[path], _csv(inner, list(_parts(rows, path))))


def _parts(rows: list[Row], path: tuple[str, ...]) -> Iterator[dict[str, str]]:
    for row in rows:
        yield from ({"nyckel": row.cells["nyckel"]} | cells for place, cells in row.parts if place == path)


def _csv(columns: list[str], rows: list[dict[str, str]]) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()


def _header(system: str, taken: datetime, whole: bool) -> dict[str, str]:
    scope = "alla" if whole else "andrade"
    return {"version": "1", "system": system, "uttagen": _text(taken), "omfattning": scope}


def _text(at: datetime) -> str:
    return at.astimezone(STOCKHOLM).isoformat(timespec="seconds")
