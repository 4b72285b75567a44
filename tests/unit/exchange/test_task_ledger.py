"""The table of moves is kept by the ledger, for every answer and by whatever door it came."""

from functools import partial
from itertools import product

import pytest
from sqlalchemy import update

from adapter.discharge.tasks import STATUSES, Role, allowed, is_behind
from adapter.exchange import task_ledger
from adapter.exchange.submission import Refusal
from adapter.exchange.task_ledger import ANSWER, Occasion, Side, Told
from adapter.store import tables
from adapter.store.batch import Batch

OWNER, REQUESTER = Side("SE2120000001-HOME", "kommun-a"), Side("SE2321000016-WARD", "region")
SIDES = {Role.OWNER: OWNER, Role.REQUESTER: REQUESTER}


@pytest.fixture
def occasion(stored):
    """When a message is told of, by a party."""
    patient = stored.patient()
    number = stored.message(patient_id=patient)

    def made(sender, at, event=ANSWER):
        return Occasion(number, event, sender, at, stored.now, "case-1", patient)

    return made


def told(status):
    return Told(1, "task-1", status, f"digest of {status}", OWNER, REQUESTER)


def test_every_status_by_every_role_from_every_status(stored, occasion):
    with stored.database.write() as connection:
        task_ledger.record(connection, told("requested"), occasion(REQUESTER, 1, "admission-notice"))
    for role, before, after in product(Role, STATUSES, STATUSES):
        with stored.database.write() as connection:
            connection.execute(update(tables.task).values(status=before))
            known = connection.execute(tables.task.select()).one()
            answer = partial(task_ledger.record, connection, told(after), occasion(SIDES[role], 2))
            if after != before and after not in allowed(role, before):
                with pytest.raises(Refusal) as refused:
                    answer()
                [issue] = refused.value.issues
                assert (refused.value.status, issue.rule) == (422, "task-transition")
                assert f"the {role} may not move a Task from {before} to {after}" in issue.message
                assert connection.execute(tables.task.select()).one() == known
            else:
                answer()
                now = connection.execute(tables.task.select()).one()
                assert now.status == (after if now.version > known.version else before)


def test_what_is_no_answer_moves_forward_only_and_is_never_refused(stored, occasion):
    with stored.database.write() as connection:
        task_ledger.record(connection, told("requested"), occasion(REQUESTER, 1, "admission-notice"))
    for before, after in product(STATUSES, STATUSES):
        with stored.database.write() as connection:
            connection.execute(update(tables.task).values(status=before))
            task_ledger.record(connection, told(after), occasion(REQUESTER, 2, "planning-information"))
            now = connection.execute(tables.task.select()).one().status
            assert now == (before if is_behind(after, before) else after) or now == before


@pytest.mark.parametrize("party", ["annan", "drift"])
def test_nobody_else_answers(stored, occasion, party):
    with stored.database.write() as connection:
        task_ledger.record(connection, told("requested"), occasion(REQUESTER, 1, "admission-notice"))
    with pytest.raises(Refusal) as refused, stored.database.write() as connection:
        task_ledger.record(connection, told("accepted"), occasion(Side("SE1-X", party), 2))
    assert refused.value.issues[0].rule == "task-role"


def test_a_message_that_seems_to_begin_a_case_meets_a_known_task(stored, occasion):
    found = []
    for status in ("requested", "accepted"):
        with stored.database.write() as connection:
            batch = Batch(connection)
            step = task_ledger.begin(batch, told(status), occasion(REQUESTER, 1, "admission-notice"))
            batch.run()
            found.append(step.row is not None)
    assert found == [True, False]
    [task] = stored.rows(tables.task)
    assert (task["status"], task["version"]) == ("requested", 1)
    assert [row["task_id"] for row in stored.rows(tables.task_version)] == [task["id"]]
