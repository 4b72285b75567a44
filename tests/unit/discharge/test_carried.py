"""A notice that another system had sent counts from that sending, whatever the agreement takes for sent."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from adapter.discharge.agreement import STATUTORY, Sent
from adapter.discharge.facts import Fact, Recipient
from adapter.discharge.notices import Notices, first_sent
from adapter.support.clock import to_micros

SENT, CARRIED = datetime(2026, 3, 6, 9, tzinfo=UTC), datetime(2026, 3, 10, 9, tzinfo=UTC)
READY = Fact(
    "one",
    "ready-for-discharge",
    to_micros(SENT),
    "ward",
    accepted_at=to_micros(CARRIED),
    recipients=(Recipient("unit", "municipality", "2482", delivered_at=to_micros(CARRIED)),),
)


@pytest.mark.parametrize("basis", Sent)
def test_a_carried_notice_was_sent_when_the_old_system_sent_it(basis: Sent):
    agreement = STATUTORY.model_copy(update={"sent": basis})
    carried = Notices.of([replace(READY, carried=True)], agreement, CARRIED)
    assert first_sent(carried.ready) == SENT
    ordinary = Notices.of([READY], agreement, CARRIED)
    assert first_sent(ordinary.ready) == (SENT if basis is Sent.STATED else CARRIED)
