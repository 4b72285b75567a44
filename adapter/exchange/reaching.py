"""How the directory's endpoints become channels of delivery."""

from typing import Any

from adapter.delivery import channels
from adapter.delivery.channels import oauth
from adapter.delivery.channels.base import Acknowledgement, Channel, ChannelSettings, Code, ReadAcknowledgement
from adapter.delivery.channels.options import (
    FolderSettings,
    OAuthSettings,
    ResultSettings,
    SoapSettings,
    TaskSettings,
)
from adapter.directory import Directory, Endpoint
from adapter.directory.endpoint import TASK
from adapter.discharge.tasks import is_behind
from adapter.exchange.task_view import MOVED, rendered
from adapter.fhir import wire
from adapter.fhir.bundles import MessageBundle
from adapter.mapping import Mapping
from adapter.support.errors import AdapterError, MappingError, Problem
from adapter.support.secrets import SecretError

_ABOUT_A_TASK = frozenset(
    {
        *("MessageHeader", "Provenance", "Task", "Patient", "Encounter", "Location"),
        *("Organization", "Practitioner", "PractitionerRole", "RelatedPerson"),
    }
)
"""What a message of a Task says besides the Task only to say which one it is, whose, and from whom."""


def open_channel(endpoint: Endpoint, mapping: Mapping | None) -> Channel:
    """A new channel to the endpoint; `mapping` is the one that it names. Raises AdapterError where it cannot work."""
    return channels.build(settings_of(endpoint), None if mapping is None else _reader(mapping))


def settings_of(endpoint: Endpoint) -> ChannelSettings:
    """How delivery reaches the endpoint."""
    return ChannelSettings(
        id=endpoint.id,
        channel=endpoint.channel,
        address=endpoint.address,
        format=endpoint.format,
        token_file=endpoint.token_file,
        token_env=endpoint.token_env,
        ca_file=endpoint.ca_file,
        client_certificate=endpoint.client_certificate,
        client_key=endpoint.client_key,
        connect_timeout=endpoint.connect_timeout.total_seconds(),
        timeout=endpoint.timeout.total_seconds(),
        max_answer_bytes=endpoint.max_answer_bytes,
        concurrency=endpoint.concurrency,
        proxy=endpoint.proxy,
        proxy_password_file=endpoint.proxy_password_file,
        oauth=None if endpoint.oauth is None else OAuthSettings(**dict(endpoint.oauth)),
        signing_secret_file=endpoint.signing_secret_file,
        soap=_soap(endpoint),
        folder=_folder(endpoint),
        task=TaskSettings(endpoint.missing_task, _tasks, _follows, MOVED) if endpoint.channel == TASK else None,
    )


def problems(directory: Directory) -> list[Problem]:
    """What keeps an endpoint from being used as it is configured: certificates that do not fit, a proxy that is none, a
    key that cannot sign. Nothing is called."""
    found = []
    for endpoint in directory.endpoints.values():
        if endpoint.pulled:
            continue
        try:
            channels.build(settings_of(endpoint), lambda _body: None).close()
        except SecretError:
            pass  # told with the key that names it
        except AdapterError as error:
            found.append(directory.endpoint_problem(endpoint.id, str(error)))
        if endpoint.oauth is not None and endpoint.oauth.key_file is not None and endpoint.oauth.key_file.is_file():
            try:
                oauth.sign({}, OAuthSettings(**dict(endpoint.oauth)))
            except AdapterError as error:
                found.append(directory.endpoint_problem(endpoint.id, str(error), "oauth", "key_file"))
    return found


def _soap(endpoint: Endpoint) -> SoapSettings | None:
    if endpoint.soap is None:
        return None
    result = endpoint.soap.result
    told = None if result is None else ResultSettings(**(dict(result) | {"text": result.text or ""}))
    return SoapSettings(endpoint.soap.action, endpoint.soap.logical_address, told)


def _folder(endpoint: Endpoint) -> FolderSettings | None:
    if endpoint.folder is None:
        return None
    within = endpoint.folder.acknowledge_within
    return FolderSettings(endpoint.folder.path, None if within is None else within.total_seconds())


def _reader(mapping: Mapping) -> ReadAcknowledgement:
    def read(body: bytes) -> Acknowledgement | None:
        found = mapping.read_acknowledgement(body)
        return None if found is None else Acknowledgement(Code(found[0]), found[1], found[2])

    return read


def _tasks(body: bytes, media_type: str) -> list[dict[str, Any]]:
    """The Tasks of a message, each as it reads by itself. Raises MappingError where the message holds what would not
    arrive with them."""
    message = MessageBundle(wire.parse(body, media_type))
    types = [str(resource.get("resourceType")) for resource in message.resources]
    lost = sorted({kind for kind in types if kind not in _ABOUT_A_TASK})
    if lost:
        raise MappingError(f"the message holds {', '.join(lost)}, which a Task alone cannot carry")
    return [rendered(message, entry) for entry, kind in enumerate(types) if kind == "Task"]


def _follows(before: str, after: str) -> bool:
    return is_behind(before, after)
