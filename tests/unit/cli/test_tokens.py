"""`adapter tokens` on a real store and directory."""

import json
import re
from datetime import timedelta
from functools import partial

import pytest

from adapter.security.tokens import Tokens
from adapter.store import tables
from adapter.support.clock import SystemClock
from adapter.support.errors import AdapterError, NotFoundError


@pytest.fixture
def run(run, tmp_path):
    (tmp_path / "directory").mkdir()
    (tmp_path / "directory" / "parties.yaml").write_text("parties: [{id: region, kind: region, name: Region}]\n")
    return partial(run, "tokens")


ISSUE = ("issue", "--party", "region", "--right", "send", "--right", "list", "--days", "90", "--label", "EHR")


def test_an_issued_token_is_printed_alone_and_works(run, database):
    clear = run(*ISSUE).strip()
    assert re.fullmatch(r"da_[A-Za-z0-9_-]{43}", clear)
    row = Tokens(database, SystemClock()).authenticate(clear)
    assert (row.party, row.label, sorted(row.rights)) == ("region", "EHR", ["list", "send"])
    assert timedelta(days=89) < row.expires_at - SystemClock().now() <= timedelta(days=90)


def test_issue_as_json(run):
    issued = json.loads(run(*ISSUE, "--json"))
    assert issued["token"].startswith("da_")
    assert (issued["party"], issued["rights"]) == ("region", ["list", "send"])
    assert issued["expires_at"].endswith("Z")


def test_the_list_has_no_secret_and_says_which_are_valid(run):
    clear = [run(*ISSUE).strip() for _ in range(2)]
    assert run("revoke", "1") == "token 1 is revoked\n"
    text = run("list")
    assert [word for word in text.split() if word in ("valid", "revoked")] == ["revoked", "valid"]
    listed = json.loads(run("list", "--json"))
    assert [(row["id"], row["label"], row["valid"]) for row in listed] == [(1, "EHR", False), (2, "EHR", True)]
    assert not any(secret in text + json.dumps(listed) for secret in clear)


def test_no_tokens_is_said(run):
    assert "There are no tokens." in run("list")
    assert json.loads(run("list", "--json")) == []


def test_issuing_and_revoking_are_audited_with_the_user(run, stored):
    run(*ISSUE)
    run("revoke", "1")
    entries = [(row["principal"].partition(":")[0], row["action"], row["object"]) for row in stored.rows(tables.audit)]
    assert entries == [("local", "token-issue", "token/1"), ("local", "token-revoke", "token/1")]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"--party": "nobody"}, "no such party: expected one of region"),
        ({"--right": "everything"}, "unknown right everything"),
        ({"--label": ""}, "label"),
    ],
)
def test_what_cannot_be_issued_is_said(run, changes, words):
    issue = list(ISSUE)
    for option, value in changes.items():
        issue[issue.index(option) + 1] = value
    with pytest.raises(AdapterError, match=words):
        run(*issue)
    assert json.loads(run("list", "--json")) == []


@pytest.mark.parametrize("days", ["0", "401", "-1"])
def test_a_life_out_of_bounds_is_wrong_usage(run, days):
    issue = list(ISSUE)
    issue[issue.index("--days") + 1] = days
    run(*issue, exit_code=2)


def test_revoking_what_is_not_there_is_said(run):
    with pytest.raises(NotFoundError, match="no token 9"):
        run("revoke", "9")
