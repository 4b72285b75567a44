from uuid import UUID

from adapter.sandbox.identifiers import Identifiers, new_seed
from adapter.sandbox.journey import shipped_journey

OLD = "6f0e5b1c-6a53-4d9f-9a53-1f1f6d4c2b10"


def test_one_old_uuid_becomes_one_new_uuid_wherever_it_stands() -> None:
    ids = Identifiers("a")
    new = ids.new(OLD)
    written = {"id": OLD, "fullUrl": f"urn:uuid:{OLD}", "list": [OLD, 1, None, True], "text": "oförändrad"}
    assert ids.renew(written) == {
        "id": new,
        "fullUrl": f"urn:uuid:{new}",
        "list": [new, 1, None, True],
        "text": "oförändrad",
    }
    assert new != OLD
    assert UUID(new).version == 4


def test_the_seed_decides() -> None:
    assert Identifiers("a").new(OLD) == Identifiers("a").new(OLD)
    assert Identifiers("a").new(OLD) != Identifiers("b").new(OLD)
    assert new_seed() != new_seed()


def test_a_renewed_message_keeps_its_references_and_shares_no_uuid_with_the_file() -> None:
    for journey in map(shipped_journey, ("home-with-sip", "protected")):
        ids = Identifiers("a")
        for written in journey.messages.values():
            renewed = ids.renew(written)
            urls = {entry["fullUrl"] for entry in renewed["entry"]}
            assert all(entry["fullUrl"] == f"urn:uuid:{entry['resource']['id']}" for entry in renewed["entry"])
            assert urls.isdisjoint(entry["fullUrl"] for entry in written["entry"])
            header = renewed["entry"][0]["resource"]
            assert {header["sender"]["reference"], header["focus"][0]["reference"]} <= urls


def test_the_chain_names_the_renewed_earlier_message() -> None:
    journey = shipped_journey("home-with-sip")
    ids = Identifiers("a")
    first, second = (ids.renew(journey.messages[step.file]) for step in journey.steps[:2])
    own = next(
        entry["resource"]
        for entry in second["entry"]
        if entry["resource"]["resourceType"] == "Provenance" and "entity" in entry["resource"]
    )
    assert own["entity"][0]["what"]["identifier"]["value"] == first["entry"][0]["fullUrl"]
