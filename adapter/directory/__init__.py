"""Who is who and how they are reached: parties, units, systems, endpoints and routes, from configuration."""

from adapter.directory.directory import AmbiguousRecipient, Directory, Receiver, Route, UnknownRecipient
from adapter.directory.endpoint import Endpoint, Inbox
from adapter.directory.model import Party, PartyKind, System, Unit, UnitKind

__all__ = [
    "AmbiguousRecipient",
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
    "UnknownRecipient",
]
