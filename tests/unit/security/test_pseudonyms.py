import hashlib
import hmac

import pytest
from sqlalchemy import func, select

from adapter.security.pseudonyms import IdentityConflictError, IdentityError, Pseudonyms
from adapter.store import tables

SYSTEM = "http://electronichealth.se/identifier/personnummer"
RESERVE = "http://electronichealth.se/identifier/nationelltReservnummer"
PERSON = (SYSTEM, "189001019802")
OTHER = (SYSTEM, "189001029819")
RESERVED = (RESERVE, "99ABC")
OLD, NEW = ("2024", b"o" * 32), ("2025", b"n" * 32)


def surrogate(database, pseudonyms, *identifiers):
    with database.write() as connection:
        return pseudonyms.surrogate(connection, identifiers, 1)


def find(database, pseudonyms, *identifiers):
    with database.read() as connection:
        return pseudonyms.find(connection, identifiers)


def persons(database):
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(tables.patient)).scalar_one()


def test_the_same_identifier_leads_to_the_same_surrogate(database):
    pseudonyms = Pseudonyms([NEW])
    assert surrogate(database, pseudonyms, PERSON) == surrogate(database, pseudonyms, PERSON)
    assert surrogate(database, pseudonyms, OTHER) != surrogate(database, pseudonyms, PERSON)
    assert persons(database) == 2


def test_the_same_value_in_another_system_is_another_person(database):
    pseudonyms = Pseudonyms([NEW])
    assert surrogate(database, pseudonyms, (SYSTEM, "1")) != surrogate(database, pseudonyms, (RESERVE, "1"))


def test_system_and_value_cannot_run_into_each_other():
    pseudonyms = Pseudonyms([NEW])
    assert pseudonyms.hashes("a|b", "c") != pseudonyms.hashes("a", "b|c")


def test_several_identifiers_of_one_patient_lead_to_one_surrogate(database):
    pseudonyms = Pseudonyms([NEW])
    both = surrogate(database, pseudonyms, RESERVED, PERSON)
    assert find(database, pseudonyms, PERSON) == find(database, pseudonyms, RESERVED) == both


def test_a_change_of_identity_links_when_one_message_carries_both(database):
    pseudonyms = Pseudonyms([NEW])
    first = surrogate(database, pseudonyms, RESERVED)
    assert surrogate(database, pseudonyms, RESERVED, PERSON) == first
    assert surrogate(database, pseudonyms, PERSON) == first
    assert persons(database) == 1


def test_two_persons_in_one_patient_are_a_conflict_and_nothing_changes(database):
    pseudonyms = Pseudonyms([NEW])
    first, second = surrogate(database, pseudonyms, PERSON), surrogate(database, pseudonyms, OTHER)
    with pytest.raises(IdentityConflictError, match="2 persons"):
        surrogate(database, pseudonyms, PERSON, OTHER, RESERVED)
    with pytest.raises(IdentityConflictError):
        find(database, pseudonyms, PERSON, OTHER)
    assert (find(database, pseudonyms, PERSON), find(database, pseudonyms, OTHER)) == (first, second)
    assert find(database, pseudonyms, RESERVED) is None
    with database.read() as connection:
        assert pseudonyms.look_up(connection, [PERSON]) == first
        assert pseudonyms.look_up(connection, [PERSON, OTHER]) is None


def test_the_conflict_names_no_identifier(database):
    pseudonyms = Pseudonyms([NEW])
    surrogate(database, pseudonyms, PERSON)
    surrogate(database, pseudonyms, OTHER)
    with pytest.raises(IdentityConflictError) as caught:
        surrogate(database, pseudonyms, PERSON, OTHER)
    assert PERSON[1] not in str(caught.value)
    assert OTHER[1] not in str(caught.value)


@pytest.mark.parametrize("identifiers", [[], [(SYSTEM, str(number)) for number in range(101)]])
def test_no_identifier_or_a_flood_of_them_is_refused(database, identifiers):
    with pytest.raises(IdentityError, match=f"has {len(identifiers)} identifiers"):
        surrogate(database, Pseudonyms([NEW]), *identifiers)
    assert persons(database) == 0


def test_nothing_is_found_for_an_unknown_person_or_no_identifier(database):
    assert find(database, Pseudonyms([NEW]), PERSON) is None
    assert find(database, Pseudonyms([NEW])) is None


def test_the_hash_is_keyed_and_the_store_holds_no_identifier(database, tmp_path):
    surrogate(database, Pseudonyms([NEW]), PERSON)
    text = f"{len(SYSTEM)}:{SYSTEM}|{PERSON[1]}".encode()
    with database.read() as connection:
        row = connection.execute(select(tables.patient_key)).one()
    assert row.hash == hmac.new(NEW[1], text, hashlib.sha256).hexdigest()
    assert row.key_id == "2025"
    database.close()
    assert all(PERSON[1].encode() not in path.read_bytes() for path in tmp_path.iterdir())


def test_a_person_is_found_again_through_each_step_of_a_key_rotation(database):
    first = surrogate(database, Pseudonyms([OLD]), PERSON)
    assert surrogate(database, Pseudonyms([OLD, NEW]), PERSON) == first
    rotated = Pseudonyms([NEW, OLD])
    assert find(database, rotated, PERSON) == first
    assert find(database, Pseudonyms([NEW]), PERSON) is None  # only looked at: not written under the new key
    assert surrogate(database, rotated, PERSON) == first
    assert find(database, Pseudonyms([NEW]), PERSON) == first
    assert surrogate(database, rotated, PERSON) == first


def test_a_person_named_by_another_transaction_meanwhile_is_that_person(database, monkeypatch):
    pseudonyms = Pseudonyms([NEW])
    first = surrogate(database, pseudonyms, PERSON)
    seen = Pseudonyms._known
    answers = [lambda *_: {}]  # the first look sees nothing: the other transaction has not committed yet
    monkeypatch.setattr(Pseudonyms, "_known", staticmethod(lambda *a: (answers.pop() if answers else seen)(*a)))
    assert surrogate(database, pseudonyms, PERSON) == first
    assert persons(database) == 1


def test_no_key_is_no_pseudonym():
    with pytest.raises(ValueError, match="at least one key"):
        Pseudonyms([])
