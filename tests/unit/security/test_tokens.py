import hashlib
from datetime import timedelta

import pytest
from sqlalchemy import select

from adapter.security import audit
from adapter.security.principals import Principal, Right
from adapter.security.tokens import Tokens
from adapter.store import tables
from adapter.support.errors import AdapterError, NotFoundError


@pytest.fixture
def tokens(database, clock):
    return Tokens(database, clock)


def issue(tokens, clock, **changes):
    values = {
        "party": "region",
        "rights": ["send", "list"],
        "expires_at": clock.now() + timedelta(days=90),
        "label": "EHR",
    }
    return tokens.issue(**(values | changes))


def test_an_issued_token_is_recognised_with_its_party_and_rights(tokens, clock):
    row = tokens.authenticate(issue(tokens, clock))
    assert (row.party, row.label, row.rights) == ("region", "EHR", {Right.SEND, Right.LIST})
    assert row.expires_at == clock.now() + timedelta(days=90)


def test_a_token_has_256_bits_and_a_prefix_that_scanners_know(tokens, clock):
    first, second = issue(tokens, clock), issue(tokens, clock)
    assert first != second
    assert first.startswith("da_")
    assert len(first) == 3 + 43  # 32 bytes in base64url without padding


def test_only_the_hash_is_stored(tokens, clock, database, tmp_path):
    clear = issue(tokens, clock)
    with database.read() as connection:
        assert (
            connection.execute(select(tables.token.c.hash)).scalar_one() == hashlib.sha256(clear.encode()).hexdigest()
        )
    database.close()
    assert all(clear.encode() not in path.read_bytes() for path in tmp_path.iterdir())


@pytest.mark.parametrize("bearer", ["", "da_", "da_" + "A" * 43, "x" * 46, "da_" + "å" * 43, "da_" + "A" * 100_000])
def test_unknown_and_malformed_tokens_are_nobody(tokens, clock, bearer):
    issue(tokens, clock)
    assert tokens.authenticate(bearer) is None


def test_a_token_ends_at_its_expiry_and_not_before(tokens, clock):
    clear = issue(tokens, clock, expires_at=clock.now() + timedelta(days=1))
    clock.advance(timedelta(days=1) - timedelta(microseconds=1))
    assert tokens.authenticate(clear)
    clock.advance(timedelta(microseconds=1))
    assert tokens.authenticate(clear) is None


def test_a_revoked_token_ends_at_once_and_others_do_not(tokens, clock):
    gone, stays = issue(tokens, clock), issue(tokens, clock)
    tokens.revoke(tokens.authenticate(gone).id)
    assert tokens.authenticate(gone) is None
    assert tokens.authenticate(stays)


def test_revoking_again_keeps_the_first_instant_and_one_audit_entry(tokens, clock, database):
    token_id = tokens.authenticate(issue(tokens, clock)).id
    tokens.revoke(token_id)
    first = tokens.list()[0].revoked_at
    clock.advance(timedelta(hours=1))
    tokens.revoke(token_id)
    assert tokens.list()[0].revoked_at == first
    with database.read() as connection:
        assert [entry.action for entry in audit.entries(connection)] == ["token-revoke", "token-issue"]


def test_revoking_an_unknown_token_is_said(tokens):
    with pytest.raises(NotFoundError, match="no token 7"):
        tokens.revoke(7)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rights": []}, "at least one right"),
        ({"rights": ["send", "everything"]}, "unknown right everything: the rights are all-parties, content"),
        ({"label": "  "}, "label"),
        ({"label": "x" * 101}, "label"),
        ({"label": "two\nlines"}, "label"),
    ],
)
def test_what_cannot_be_issued_is_refused_in_words(tokens, clock, changes, words):
    with pytest.raises(AdapterError, match=words):
        issue(tokens, clock, **changes)
    assert tokens.list() == []


@pytest.mark.parametrize("life", [timedelta(0), timedelta(days=-1), timedelta(days=400, microseconds=1)])
def test_an_expiry_is_required_after_now_and_within_400_days(tokens, clock, life):
    with pytest.raises(AdapterError, match="400 days"):
        issue(tokens, clock, expires_at=clock.now() + life)


def test_400_days_are_allowed(tokens, clock):
    assert tokens.authenticate(issue(tokens, clock, expires_at=clock.now() + timedelta(days=400)))


def test_the_audit_names_who_issued_what_to_whom_and_never_the_secret(tokens, clock, database):
    clear = issue(tokens, clock, by=Principal("ops", "region", frozenset(), frozenset()))
    with database.read() as connection:
        (entry,) = audit.entries(connection)
    assert (entry.principal, entry.party, entry.object) == ("ops", "region", "token/1")
    assert entry.detail["rights"] == ["list", "send"]
    assert clear not in repr(entry)
    assert hashlib.sha256(clear.encode()).hexdigest() not in repr(entry)
