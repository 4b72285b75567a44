"""One file a kind of transport; `build` makes the channel that an endpoint's settings ask for."""

from adapter.delivery.channels.base import Channel, ChannelSettings, ReadAcknowledgement
from adapter.delivery.channels.fhir import FhirChannel
from adapter.delivery.channels.fhir_task import FhirTaskChannel
from adapter.delivery.channels.folder import FolderChannel
from adapter.delivery.channels.http import HttpSender
from adapter.delivery.channels.oauth import ClientCredentials
from adapter.delivery.channels.rest_hook import RestHookChannel
from adapter.delivery.channels.soap import SoapChannel
from adapter.delivery.channels.xml_http import XmlHttpChannel
from adapter.support.errors import AdapterError

__all__ = ["ChannelSettings", "build", "sender"]

_KINDS = "fhir, fhir-task, xml-http, soap, folder or rest-hook"


def build(settings: ChannelSettings, read_acknowledgement: ReadAcknowledgement | None = None) -> Channel:
    """The channel to an endpoint. `read_acknowledgement` reads the answers of `xml-http`; the others read their own.

    Raises AdapterError, naming endpoint and reason, where the settings cannot work or would send in the clear.
    """
    name, kind = f"endpoint '{settings.id}'", settings.channel
    if kind == "fhir":
        return FhirChannel(sender(settings), settings)
    if kind == "rest-hook":
        return RestHookChannel(sender(settings), settings)
    if kind == "fhir-task" and settings.task is not None:
        return FhirTaskChannel(sender(settings), settings, settings.task)
    if kind == "soap" and settings.soap is not None:
        return SoapChannel(sender(settings), settings.address, settings.soap)
    if kind == "folder" and settings.folder is not None:
        return FolderChannel(settings.folder)
    if kind == "xml-http":
        if read_acknowledgement is None:
            raise AdapterError(f"{name}: xml-http needs a mapping that reads acknowledgements")
        return XmlHttpChannel(sender(settings), settings.address, read_acknowledgement)
    if kind in ("fhir-task", "soap", "folder"):
        raise AdapterError(f"{name}: a channel of kind {kind} needs the settings of its kind")
    raise AdapterError(f"{name}: channel '{kind}' is unknown, expected {_KINDS}")


def sender(settings: ChannelSettings) -> HttpSender:
    """HTTP towards the endpoint with the credentials that its settings name. Raises AdapterError as `build`."""
    return HttpSender(settings, None if settings.oauth is None else ClientCredentials(settings, settings.oauth))
