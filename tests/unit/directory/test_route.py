"""How a message finds its way: precedence, validity, and that nothing is guessed."""

import dataclasses
from datetime import date

import pytest
from pydantic import ValidationError

from adapter.directory import AmbiguousRecipientError, Directory, Receiver, UnknownRecipientError
from adapter.support.errors import NotFoundError

DAY = date(2025, 6, 1)
NORTH = "SE2321000002-R1"


def to(directory: Directory, event: str = "sip", on: date = DAY, **address: str) -> tuple[str, str, str]:
    route = directory.route(Receiver(**address), event, on)
    return route.endpoint.id, route.party.id, route.unit


def test_a_shared_system_takes_the_messages_of_each_party_it_carries(write) -> None:
    directory = Directory.load(write())
    assert to(directory, hsa=NORTH) == ("shared-xml", "north", NORTH)
    assert to(directory, hsa="SE2321000003-R1") == ("shared-xml", "south", "SE2321000003-R1")
    assert to(directory, municipality="9902") == ("shared-xml", "south", "9902")


def test_the_organisation_itself_is_an_address(write) -> None:
    assert to(Directory.load(write()), hsa="SE2321000001-0001") == ("ehr-fhir", "region", "SE2321000001-0001")


def test_gotland_is_region_and_municipality_at_once(write) -> None:
    directory = Directory.load(write())
    assert to(directory, municipality="0980") == ("shared-xml", "island", "0980")
    assert to(directory, hsa="SE2321000004-W1")[1] == "island"
    split = Directory.load(
        write(
            routes="""\
routes:
  - {to: {hsa: SE2321000004-W1}, endpoint: ehr-fhir}
  - {to: {municipality: "0980"}, endpoint: shared-xml}
"""
        )
    )
    assert to(split, hsa="SE2321000004-W1")[0] == "ehr-fhir"
    assert to(split, municipality="0980")[0] == "shared-xml"


class TestPrecedence:
    @pytest.fixture
    def directory(self, write) -> Directory:
        return Directory.load(
            write(
                systems="""\
systems:
  - {id: a, kind: care-record, party: north, carries: [south]}
""",
                endpoints="endpoints:\n"
                + "".join(
                    f"  - {{id: {name}, system: a, channel: fhir, address: 'https://{name}.example/'}}\n"
                    for name in ("unit", "party", "code", "placing", "south")
                ),
                routes=f"""\
routes:
  - {{to: {{party: north}}, endpoint: party}}
  - {{to: {{hsa: {NORTH}}}, endpoint: unit}}
  - {{to: {{municipality: "9901"}}, endpoint: code}}
  - {{to: {{placing: "9901"}}, endpoint: placing}}
  - {{to: {{party: south}}, endpoint: south}}
""",
            )
        )

    def test_a_route_to_the_unit_goes_before_one_to_its_party(self, directory: Directory) -> None:
        assert to(directory, hsa=NORTH)[0] == "unit"
        assert to(directory, hsa="SE2321000002-H1")[0] == "party"  # below NORTH, but units above are not asked

    def test_the_hsa_id_decides_alone(self, directory: Directory) -> None:
        assert to(directory, hsa=NORTH, municipality="9902", placing="9902")[0] == "unit"
        with pytest.raises(UnknownRecipientError):
            to(directory, hsa="SE2321000099-X", municipality="9901", placing="9901")

    def test_the_placing_municipality_goes_before_kommunkod(self, directory: Directory) -> None:
        assert to(directory, placing="9901", municipality="9902") == ("placing", "north", "9901")
        assert to(directory, placing="9902", municipality="9901") == ("south", "south", "9902")

    def test_a_route_to_the_code_goes_before_one_to_the_party(self, directory: Directory) -> None:
        assert to(directory, municipality="9901")[0] == "code"
        assert to(directory, municipality="9902")[0] == "south"


class TestUnknown:
    @pytest.mark.parametrize(
        "address", [{}, {"hsa": ""}, {"hsa": "SE2321000099-X"}, {"municipality": "2580"}, {"placing": "980"}]
    )
    def test_nobody(self, write, address: dict[str, str]) -> None:
        with pytest.raises(UnknownRecipientError):
            to(Directory.load(write()), **address)

    def test_no_route_for_the_event(self, write) -> None:
        directory = Directory.load(write(("{to: {party: north}, ", "{to: {party: north}, events: [sip], ")))
        assert to(directory, "sip", hsa=NORTH)[0] == "shared-xml"
        with pytest.raises(
            UnknownRecipientError, match="no route leads to the unit SE2321000002-R1 for discharge-notice"
        ):
            to(directory, "discharge-notice", hsa=NORTH)

    def test_a_unit_that_has_ended_or_not_begun(self, write) -> None:
        directory = Directory.load(write())
        assert to(directory, on=date(2024, 1, 1), hsa="SE2321000004-R1")[1] == "island"
        with pytest.raises(UnknownRecipientError, match="is not in the directory on 2023-12-31"):
            to(directory, on=date(2023, 12, 31), hsa="SE2321000004-R1")

    def test_a_route_outside_its_days(self, write) -> None:
        directory = Directory.load(
            write(("{to: {party: north}, ", "{to: {party: north}, valid_from: 2025-01-01, valid_to: 2025-06-01, "))
        )
        assert to(directory, on=DAY, hsa=NORTH)[0] == "shared-xml"
        assert to(directory, on=date(2025, 1, 1), hsa=NORTH)[0] == "shared-xml"
        for day in (date(2024, 12, 31), date(2025, 6, 2)):
            with pytest.raises(UnknownRecipientError):
                to(directory, on=day, hsa=NORTH)


class TestAmbiguous:
    TWO = "  - {to: {party: island}, endpoint: shared-xml}\n"

    def test_two_ways_are_never_chosen_between(self, write) -> None:
        directory = Directory.load(write((self.TWO, self.TWO + "  - {to: {party: island}, endpoint: ehr-fhir}\n")))
        with pytest.raises(AmbiguousRecipientError, match="the municipality 0980 can be reached in 2 ways for sip"):
            to(directory, municipality="0980")
        [warning] = directory.warnings
        assert (warning.file.name, warning.line) == ("routes.yaml", 7)
        assert "than routes.yaml:6" in warning.reason

    def test_two_routes_to_one_endpoint_are_one_way(self, write) -> None:
        directory = Directory.load(write((self.TWO, self.TWO * 2)))
        assert to(directory, municipality="0980")[0] == "shared-xml"
        assert directory.warnings == ()

    def test_other_events_or_days_keep_routes_apart(self, write) -> None:
        routes = (
            "  - {to: {party: island}, events: [sip], endpoint: shared-xml, valid_to: 2025-05-31}\n"
            "  - {to: {party: island}, events: [sip], endpoint: ehr-fhir, valid_from: 2025-06-01}\n"
            "  - {to: {party: island}, events: [discharge-notice], endpoint: shared-xml}\n"
        )
        directory = Directory.load(write((self.TWO, routes)))
        assert directory.warnings == ()
        assert to(directory, "sip", municipality="0980", on=date(2025, 5, 31))[0] == "shared-xml"
        assert to(directory, "sip", municipality="0980")[0] == "ehr-fhir"
        assert to(directory, "discharge-notice", municipality="0980")[0] == "shared-xml"


class TestWho:
    def test_the_party_of_a_unit_depends_on_the_day(self, write) -> None:
        directory = Directory.load(write())
        moved = "SE2321000009-M1"
        assert directory.party_of(moved, date(2024, 12, 31)).id == "north"
        assert directory.party_of(moved, date(2025, 1, 1)).id == "south"
        assert directory.party_of("9901", DAY).id == "north"
        assert directory.party_of("SE2321000099-X", DAY) is None

    def test_units_of_a_party(self, write) -> None:
        directory = Directory.load(write())
        assert directory.units_of("north", DAY) == {"9901", NORTH, "SE2321000002-H1"}
        assert directory.units_of("region", date(2023, 1, 1)) == {
            "SE2321000001-0001", "SE2321000001-W1", "SE2321000001-C1", "SE2321000005-C1", "SE2321000004-W1", "0980"
        }  # fmt: skip

    def test_units_of_a_shared_system_are_those_of_every_party_it_carries(self, write) -> None:
        directory = Directory.load(write())
        carried = [directory.units_of(party, DAY) for party in ("north", "south", "island")]
        assert directory.units_of("tool", DAY) == frozenset().union(*carried)
        assert directory.carried_by("tool") == {"north", "south", "island"}
        assert directory.carried_by("north") == frozenset()

    def test_unknown_names(self, write) -> None:
        directory = Directory.load(write())
        for ask in (directory.party, directory.endpoint, directory.system):
            with pytest.raises(NotFoundError, match="'none'"):
                ask("none")
        with pytest.raises(NotFoundError):
            directory.units_of("none", DAY)


def test_nothing_can_be_changed_after_load(write) -> None:
    directory = Directory.load(write())
    with pytest.raises(TypeError):
        directory.parties["x"] = directory.party("north")
    with pytest.raises(ValidationError):
        directory.endpoint("ehr-fhir").address = "https://elsewhere.example"
    with pytest.raises(dataclasses.FrozenInstanceError):
        directory.route(Receiver(hsa=NORTH), "sip", DAY).unit = "x"


def test_version_follows_every_file(write) -> None:
    first = Directory.load(write()).version
    assert Directory.load(write()).version == first
    assert Directory.load(write(("Reception north", "Mottagningen"))).version != first


def test_what_an_endpoint_leaves_out(write) -> None:
    directory = Directory.load(write())
    xml, fhir = directory.endpoint("shared-xml"), directory.endpoint("ehr-fhir")
    assert (xml.format, xml.logical) == ("xml", "http://127.0.0.1:9000/in")
    assert (fhir.format, fhir.logical) == ("json", "https://ehr.example/fhir")
    assert fhir.token() is None
