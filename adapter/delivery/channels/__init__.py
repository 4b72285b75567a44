"""One file a kind of transport; `build` makes the channel that an endpoint's settings ask for."""

from adapter.delivery.channels.base import Channel, ChannelSettings, ReadAcknowledgement
from adapter.delivery.channels.fhir import FhirChannel
from adapter.delivery.channels.http import HttpSender
from adapter.delivery.channels.oauth import ClientCredentials
from adapter.delivery.channels.xml_http import XmlHttpChannel
from adapter.support.errors import AdapterError

__all__ = ["ChannelSettings", "build", "sender"]


def build(settings: ChannelSettings, read_acknowledgement: ReadAcknowledgement | None = None) -> Channel:
    """The channel to an endpoint. `read_acknowledgement` reads the answers of `xml-http`; `fhir` reads its own.

    Raises AdapterError, naming endpoint and reason, where the settings cannot work or would send in the clear.
    """
    if settings.channel == "fhir":
        return FhirChannel(sender(settings), settings)
    if settings.channel == "xml-http":
        if read_acknowledgement is None:
            raise AdapterError(f"endpoint '{settings.id}': xml-http needs a mapping that reads acknowledgements")
        return XmlHttpChannel(sender(settings), settings.address, read_acknowledgement)
    raise AdapterError(f"endpoint '{settings.id}': channel '{settings.channel}' is unknown, expected fhir or xml-http")


def sender(settings: ChannelSettings) -> HttpSender:
    """HTTP towards the endpoint with the credentials that its settings name. Raises AdapterError as `build`."""
    return HttpSender(settings, None if settings.oauth is None else ClientCredentials(settings))
