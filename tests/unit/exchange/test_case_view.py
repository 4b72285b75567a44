"""By which agreement a case is shown, and what of a protected person's is not."""

from datetime import UTC, date, datetime
from typing import Any

from adapter.directory import Directory
from adapter.discharge.agreement import Agreement
from adapter.discharge.facts import Fact, Recipient
from adapter.exchange.agreements import Agreements
from adapter.exchange.cases import Cases, agreement_of, municipalities
from adapter.security.principals import Principal, Right
from adapter.support.clock import ManualClock, to_micros

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SECOND, FIRST = Recipient("b", "municipality", "2480"), Recipient("a", "municipality", "2482")


def version(number: str, valid_from: date, valid_to: date | None = None) -> Agreement:
    return Agreement(id="x", version=number, name="x", valid_from=valid_from, valid_to=valid_to)


def fact(name: str, at: datetime, *recipients: Recipient, **more: Any) -> Fact:
    return Fact(name, "admission-notice", to_micros(at), "ward", recipients=recipients, **more)


def test_the_agreement_of_the_day_on_which_the_case_began_goes_with_it_to_its_end() -> None:
    known = Agreements([version("1", date(2026, 1, 1), date(2026, 3, 31)), version("2", date(2026, 4, 1))])
    # 31 March, 23.59 in Sweden; the rest of the case is in April.
    began = fact("a", datetime(2026, 3, 31, 21, 59, tzinfo=UTC))
    later = fact("b", datetime(2026, 4, 2, tzinfo=UTC))
    assert agreement_of(known, [later, began], None, NOW).version == "1"
    assert agreement_of(known, [fact("c", datetime(2026, 3, 31, 22, 0, tzinfo=UTC)), later], None, NOW).version == "2"
    assert agreement_of(known, [], None, NOW).version == "2"


def test_municipalities_stand_in_the_order_in_which_they_were_told() -> None:
    one = fact("b", datetime(2026, 3, 1, tzinfo=UTC), FIRST, Recipient("care", "open-care"))
    other = fact("a", datetime(2026, 3, 2, tzinfo=UTC), SECOND, FIRST)
    assert municipalities([other, one]) == ["2482", "2480"]
    assert municipalities([fact("x", datetime(2026, 3, 1, tzinfo=UTC), SECOND), one]) == ["2482", "2480"]
    assert municipalities([other]) == ["2480", "2482"]


def test_a_party_sees_no_message_that_it_neither_sent_nor_got(directory: Directory) -> None:
    nobody: Any = None
    cases = Cases(nobody, directory, nobody, ManualClock(NOW), nobody)
    home = Recipient("SE2120000001-HOME", "municipality", "2482")
    own, other = fact("own", NOW, home, SECOND), fact("other", NOW, SECOND)
    sees = Principal("t", "kommun-a", frozenset(), frozenset({Right.LIST}))
    [seen] = cases._disclosed(sees, [own, other])
    assert (seen.header_id, seen.recipients) == ("own", (home,))
