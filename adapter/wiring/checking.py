"""What messages are checked by: packages, suppressions and, where the settings name one, a terminology server."""

from typing import TYPE_CHECKING

from adapter.definitions.remote import RemoteTerminology
from adapter.discharge.events import EVENTS
from adapter.support import tls
from adapter.support.clock import swedish_day
from adapter.support.errors import ConfigurationError, Problem
from adapter.support.settings import OWN_PACKAGE, Settings
from adapter.validation import Validator
from adapter.validation.suppressions import Suppressions
from adapter.validation.whole import MessageValidator

if TYPE_CHECKING:
    from adapter.wiring.adapter import Adapter


def validator(adapter: "Adapter") -> Validator:
    return Validator.load(
        packages=list(adapter.settings.packages.required),
        wrong_displays="warning",
        suppressions=adapter.suppressions,
        terminology=_terminology(adapter.settings),
        clock=adapter.clock,
    )


def message_validator(adapter: "Adapter") -> MessageValidator:
    """The validator of whole messages. Raises ConfigurationError where the packages lack what an event's messages
    are checked by: none is taken in unchecked."""
    found = MessageValidator(adapter.validator)
    missing = sorted(event for event in EVENTS if not found.knows(event))
    if missing:
        settings = adapter.settings
        reason = f"packages.required: none of them defines the messages {', '.join(missing)}: add {OWN_PACKAGE}"
        raise ConfigurationError([Problem(settings.file, settings.line("packages", "required"), reason)])
    return found


def suppressions(adapter: "Adapter") -> Suppressions | None:
    """The reviewed suppressions, where the settings name some."""
    file = adapter.settings.validation.suppressions
    return None if file is None else Suppressions.load(file, swedish_day(adapter.clock.now()))


def _terminology(settings: Settings) -> RemoteTerminology | None:
    named = settings.terminology
    if named.server is None:
        return None
    return RemoteTerminology(
        named.server,
        named.timeout.total_seconds(),
        cache_size=named.cache_size,
        cache_seconds=named.cache_age.total_seconds(),
        context=tls.client_context("terminology server", named.ca_file, named.client_certificate, named.client_key),
        token=settings.terminology_token,
    )
