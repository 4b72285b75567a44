"""How long deliveries wait and are tried, by event."""

from datetime import timedelta

import pytest

from adapter.discharge.events import EVENTS, Policy
from adapter.exchange import patience
from adapter.exchange.patience import Patience
from adapter.support import settings
from adapter.support.errors import ConfigurationError

HOUR = timedelta(hours=1)


def test_an_event_may_have_a_time_of_its_own():
    found = Patience(HOUR, {"sip": 2 * HOUR}, 72 * HOUR)
    assert (found.tell_after("sip"), found.tell_after("admission-notice")) == (2 * HOUR, HOUR)


@pytest.mark.parametrize("event", EVENTS.values(), ids=lambda event: event.code)
def test_nothing_that_changes_a_patients_state_is_given_up(event):
    given_up = Patience(HOUR, {}, 72 * HOUR).give_up(event.code)
    assert given_up == (72 * 3600 if event.policy is Policy.RELEASE else None)
    assert not (event.statutory and given_up)


def test_an_event_that_is_not_there_is_said_with_its_line(tmp_path):
    file = tmp_path / "adapter.toml"
    file.write_text(
        'environment = "test"\n[security]\npseudonym_keys = [{ id = "k1", env = "K" }]\n'
        '[delivery]\nescalate_after_for = { sips = "30min", sip = "2h" }\n'
    )
    with pytest.raises(ConfigurationError, match=r"adapter.toml:5: delivery.escalate_after_for: .*'sips'"):
        patience.of(settings.load(file))
