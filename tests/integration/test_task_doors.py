"""The moves of a Task in the journeys that turn on them: enforced alike for a record that is mapped and over REST."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from adapter.exchange.submission import Refusal, Submission
from adapter.exchange.tasks import Answered, Wanted
from adapter.sandbox import lifecare_format
from adapter.security.principals import Principal, Right
from adapter.store import tables
from adapter.support.clock import STOCKHOLM

WORDS = {
    "received": "mottagen",
    "accepted": "accepterad",
    "rejected": "avvisad",
    "in-progress": "pagaende",
    "completed": "utford",
    "cancelled": "avbruten",
}
JOURNEYS = {
    "awaiting information": (["received", "accepted"], "received"),
    "alternative proposed": (["rejected"], "accepted"),
    "wrong recipient": (["received", "rejected"], "in-progress"),
    "cancelled after start": (["in-progress", "cancelled"], "in-progress"),
    "forwarded inside the municipality": (["received", "in-progress", "completed"], "cancelled"),
}
"""What the owner says in turn, and what it may not say then."""


class Record:
    """Answers by records of the planning tool."""

    def __init__(self, installation):
        self.installation = installation
        query = select(tables.delivery.c.id).where(tables.delivery.c.endpoint == "lifecare")
        with installation.adapter.database.read() as connection:
            number = connection.execute(query).scalar_one()
            content = installation.adapter.contents.of_delivery(connection, number, "mapped")
        self.notice = lifecare_format.parse(content.body)

    def answer(self, status, minute):
        now = self.installation.adapter.clock.now() - timedelta(minutes=5 - minute)
        at = now.astimezone(STOCKHOLM).isoformat(timespec="milliseconds")
        body = lifecare_format.acceptance(self.notice, str(uuid4()), at).decode()
        reason = "<orsak><text>Därför.</text></orsak>" if status in ("rejected", "cancelled") else ""
        body = body.replace("<status>accepterad</status>", f"<status>{WORDS[status]}</status>{reason}")
        submission = Submission(body.encode(), "application/xml", request_id="t", source="lifecare")
        reply = self.installation.adapter.exchange.receive_record(
            "lifecare", submission, self.installation.principal("drift")
        )
        return reply.status, reply.body.decode()


class Rest:
    """Answers Task by Task."""

    def __init__(self, installation):
        self.installation = installation
        plain = installation.principal("drift")
        carries = installation.adapter.directory.carried_by("drift")
        self.caller = Principal("t", "drift", plain.units, frozenset({Right.SEND, Right.CONTENT}), carries)

    def answer(self, status, _minute):
        tasks = self.installation.adapter.tasks
        [shown] = [each for each in tasks.search(self.caller, Wanted()).tasks if "MOTT01" in str(each.task["owner"])]
        given = shown.task | {"status": status, "statusReason": {"text": "Därför."}}
        submission = Submission(b"{}", "application/fhir+json", request_id="t")
        try:
            tasks.update(self.caller, shown.id, given, shown.version, submission)
        except Refusal as refused:
            return refused.status, refused.issues[0].message
        except Answered as answered:
            return answered.reply.status, str(answered.reply.resource)
        return 200, ""


@pytest.mark.slow
@pytest.mark.parametrize("door", [Record, Rest])
@pytest.mark.parametrize("name", JOURNEYS)
def test_a_move_counts_by_either_door_and_what_is_none_is_refused(installation, messages, door, name):
    assert installation.send(messages(name)[0]).status == 200
    installation.adapter.worker.run_until_idle()
    owner, (moves, wrong) = door(installation), JOURNEYS[name]
    for minute, status in enumerate(moves):
        assert owner.answer(status, minute)[0] == 200
    status, words = owner.answer(wrong, len(moves))
    assert status == 422
    assert f"the owner may not move a Task from {moves[-1]} to {wrong}" in words
    with installation.adapter.database.read() as connection:
        query = select(tables.task.c.status, tables.task.c.version).where(tables.task.c.owner_party == "kommun")
        assert connection.execute(query).one() == (moves[-1], len(moves) + 1)
