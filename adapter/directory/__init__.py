"""Who is who and how they are reached: parties, units, systems, endpoints and routes, from configuration."""

from adapter.directory.directory import AmbiguousRecipientError, Directory, Receiver, Route, UnknownRecipientError
from adapter.directory.endpoint import Endpoint, Inbox
from adapter.directory.model import Party, PartyKind, System, Unit, UnitKind

__all__ = [
    "AmbiguousRecipientError",
    "Directory",
    "Endpoint",
    "Inbox",
    "Party",
    "PartyKind",
    "Receiver",
    "Route",
    "System",
    "Unit",
    "UnitKind",
    "UnknownRecipientError",
]
