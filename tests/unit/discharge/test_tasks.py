"""Who may move a Task how: every status, every status, every role."""

from itertools import product

import pytest

from adapter.discharge.tasks import STATUSES, Role, allowed, is_behind, refusal

TABLE = {
    # from            owner may move it to                                          requester
    "requested": ("received accepted rejected in-progress", "cancelled failed entered-in-error"),
    "received": ("accepted rejected in-progress", "cancelled failed entered-in-error"),
    "accepted": ("ready in-progress on-hold completed failed cancelled", "cancelled failed entered-in-error"),
    "rejected": ("", "entered-in-error"),
    "ready": ("in-progress on-hold completed failed cancelled", "cancelled failed entered-in-error"),
    "cancelled": ("", "entered-in-error"),
    "in-progress": ("on-hold completed failed cancelled", "failed entered-in-error"),
    "on-hold": ("ready in-progress completed failed cancelled", "cancelled failed entered-in-error"),
    "failed": ("", "entered-in-error"),
    "completed": ("", "entered-in-error"),
    "entered-in-error": ("", ""),
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(("before", "after"), list(product(STATUSES, STATUSES)))
def test_every_move(role, before, after):
    possible = TABLE[before][role is Role.REQUESTER].split()
    assert (after in allowed(role, before)) == (after in possible)
    words = refusal(role, before, after)
    assert (words is None) == (after in possible or after == before)
    if words is not None:
        assert f"the {role} may not move a Task from {before} to {after}: allowed are " in words
        assert all(status in words for status in possible)


def test_the_table_has_every_status_and_an_unknown_one_is_refused():
    assert set(TABLE) == set(STATUSES)
    assert refusal(Role.OWNER, "requested", "draft") is not None
    assert refusal(Role.OWNER, "draft", "accepted") == (
        "the owner may not move a Task from draft to accepted: allowed are none: the status is final"
    )


def test_what_has_begun_is_not_taken_back_by_its_requester():
    assert "cancelled" not in allowed(Role.REQUESTER, "in-progress")


def test_on_hold_has_ways_out():
    for role in Role:
        assert {"cancelled", "failed"} <= allowed(role, "on-hold")


@pytest.mark.parametrize(
    ("status", "known", "behind"),
    [
        ("requested", "requested", False),
        ("requested", "accepted", True),
        ("requested", "completed", True),
        ("received", "rejected", True),
        ("accepted", "requested", False),
        ("accepted", "rejected", False),
        ("failed", "accepted", False),
        ("cancelled", "in-progress", False),
        ("completed", "entered-in-error", True),
        ("in-progress", "on-hold", True),
    ],
)
def test_who_says_an_old_status_is_behind(status, known, behind):
    assert is_behind(status, known) is behind
