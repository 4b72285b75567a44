"""A test send to the new system: a document of its kind that is no message and holds no person, which it must refuse.

It goes by the same way as every message: address, certificates, token, media type. A receiver that refuses it in its
own format shows that this way leads to its reader of messages. That it takes a real message is shown by the first one.
"""

from uuid import uuid4

from adapter.delivery.channels.base import Channel, Check, Code, Outgoing
from adapter.directory import Endpoint

_LEAVES = ("that it takes a real message",)
_EMPTY_BUNDLE = b'{"resourceType":"Bundle","type":"message"}'
_EMPTY_BUNDLE_XML = b'<Bundle xmlns="http://hl7.org/fhir"><type value="message"/></Bundle>'
_NO_RECORD = b'<prov xmlns="https://discharge-adapter.example/cutover/prov/1"/>'
_READ = frozenset({200, 400, 409, 422})
"""Statuses of one who has looked at the content; others refuse the caller, the place or the form."""


def probe(endpoint: Endpoint, channel: Channel) -> Check | None:
    """What a test send proves; None for an endpoint that nothing can be sent to, to be refused: a mailbox, a folder."""
    found = _content(endpoint)
    if found is None:
        return None
    body, media_type = found
    own_id = str(uuid4())
    answer = channel.send(Outgoing(0, body, media_type, own_id, own_id))
    if answer.fault is not None:
        return Check(False, (), _LEAVES, f"the test send failed ({answer.fault}: {answer.reason})")
    said = answer.acknowledgement
    if said is not None and said.code is Code.OK:
        return Check(False, (), _LEAVES, f"it takes what is no message (HTTP {answer.status})")
    if answer.status not in _READ:
        return Check(False, (), _LEAVES, f"the test send is refused with HTTP {answer.status}")
    proves = ("the address takes our token and media type",)
    if said is not None:
        return Check(True, (*proves, "it reads what comes, and answers in its own format"), _LEAVES)
    if answer.status == 200:
        return Check(False, (), _LEAVES, "it answers 200, and not in its own format: it is another door")
    return Check(True, proves, ("that it answers in its own format", *_LEAVES))


def _content(endpoint: Endpoint) -> tuple[bytes, str] | None:
    if endpoint.channel == "fhir":
        return (
            (_EMPTY_BUNDLE_XML, "application/fhir+xml")
            if endpoint.format == "xml"
            else (_EMPTY_BUNDLE, "application/fhir+json")
        )
    return (_NO_RECORD, "application/xml") if endpoint.channel == "xml-http" else None
