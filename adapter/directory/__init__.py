"""Who is who and how they are reached: parties, units, systems, endpoints and routes, from configuration."""

from adapter.directory.directory import AmbiguousRecipient, Directory, Receiver, Route, UnknownRecipient
from adapter.directory.model import Endpoint, Party, PartyKind, System, Unit, UnitKind

__all__ = [
    "AmbiguousRecipient",
    "Directory",
    "Endpoint",
    "Party",
    "PartyKind",
    "Receiver",
    "Route",
    "System",
    "Unit",
    "UnitKind",
    "UnknownRecipient",
]
