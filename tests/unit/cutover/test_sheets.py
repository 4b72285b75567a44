"""The worklist's pages: everything of a case that has to be typed; of a protected person nothing of a place."""

from pathlib import Path

import pytest
from lxml import etree

from adapter.cutover import convert, export, sheets
from adapter.cutover.schema import schema

FOLDER = Path(__file__).parents[3] / "fixtures" / "cutover"
_ENTRIES = export.read(FOLDER / "export.xml").entries
_CODES = {word for codes in convert.CODES.values() for word in codes}
_NOT_TYPED = {"nyckel", "arendeId", "vistelseId", "kommun", "avserMal", "prioritet"}
"""The source's own keys, and numbers that stand within a line."""


def shown(groups: object) -> str:
    return "\n".join(f"{name} {value}" for _, fields in groups for name, value in fields)  # type: ignore[attr-defined]


@pytest.mark.parametrize("entry", _ENTRIES, ids=lambda entry: entry.key)
def test_everything_that_a_case_says_stands_on_its_page(entry: export.Entry):
    assert entry.case is not None
    page = shown(sheets.whole(entry.case, str))
    root = etree.parse(str(FOLDER / "export.xml")).getroot()
    cases = root.iter(schema().tag("arende"))
    element = next(each for each in cases if each.findtext(schema().tag("nyckel")) == entry.key)
    for leaf in element.iter():
        text = leaf.text or ""
        if len(leaf) or text in _CODES or etree.QName(leaf).localname in _NOT_TYPED:
            continue
        assert sheets.local(text) in page or text == "skyddadFolkbokforing", etree.QName(leaf).localname


def test_codes_are_told_in_words():
    case = _ENTRIES[4].case
    assert case is not None
    page = shown(sheets.whole(case, str))
    for word in ("vårdorsak", "gällande", "ej påbörjad", "fast vårdkontakt", "prioritet 1", "mål 1", "hemmet"):
        assert word in page
    assert "ejPaborjad" not in page


def test_a_protected_person_is_nowhere():
    case = _ENTRIES[5].case
    assert case is not None
    assert case.protected
    page = shown(sheets.hidden(case))
    assert case.person.identifiers[0][1] in page
    secret = [case.admission.ward, case.municipality, *(request.unit for request in case.requests)]
    secret += [part for address in case.person.addresses for part in (*address.line, address.city, address.postal_code)]
    assert not [word for word in secret if word in page]
