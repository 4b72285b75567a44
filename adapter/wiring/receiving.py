"""The one door, and what comes to it by feeds and tells senders what became of theirs."""

from typing import TYPE_CHECKING

from adapter.exchange import test_people
from adapter.exchange.authored import Parts
from adapter.exchange.feeds.intake import FeedIntake
from adapter.exchange.receive import Exchange
from adapter.exchange.reports import Reports

if TYPE_CHECKING:
    from adapter.wiring.adapter import Adapter


def exchange(adapter: "Adapter") -> Exchange:
    return Exchange(
        database=adapter.database,
        contents=adapter.contents,
        directory=adapter.directory,
        validator=adapter.message_validator,
        mappings=adapter.mappings,
        pseudonyms=adapter.pseudonyms,
        clock=adapter.clock,
        config_version=adapter.config_version,
        address=adapter.fhir_address,
        extended_notices=adapter.settings.notices.extended_basis is not None,
        agreements=adapter.agreements,
        escalate_after=adapter.patience.tell_after,
        look_for_test_people=test_people.look(adapter.settings),
        on_accepted=adapter.wake,
    )


def feed_intake(adapter: "Adapter") -> FeedIntake:
    return FeedIntake(adapter.feeds, authored_parts(adapter), adapter.settings.environment)


def authored_parts(adapter: "Adapter") -> Parts:
    """What those stand on who write messages for others."""
    return Parts(
        database=adapter.database,
        cipher=adapter.contents.cipher,
        directory=adapter.directory,
        exchange=adapter.exchange,
        pseudonyms=adapter.pseudonyms,
        clock=adapter.clock,
        config_version=adapter.config_version,
        address=adapter.settings.server.url,
    )


def reports(adapter: "Adapter") -> Reports:
    return Reports(
        database=adapter.database,
        contents=adapter.contents,
        directory=adapter.directory,
        mappings=adapter.mappings,
        clock=adapter.clock,
        config_version=adapter.config_version,
        address=adapter.fhir_address,
    )
