"""From destinations to deliveries: who gets the message, where, and in which bytes."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection

from adapter.directory import AmbiguousRecipientError, Directory, Receiver, Route, UnknownRecipientError
from adapter.discharge import disclosure
from adapter.discharge.events import EVENTS, Policy
from adapter.exchange import outgoing as invalid
from adapter.exchange.outgoing import Outgoing
from adapter.exchange.submission import refusal
from adapter.fhir import json as fhir_json
from adapter.fhir import xml as fhir_xml
from adapter.fhir.bundles import MessageBundle
from adapter.mapping import Mapping, NotCarriedError
from adapter.store.batch import Number
from adapter.store.content import ContentStore, Piece
from adapter.support import plain_json
from adapter.support.errors import MappingError, ParseError

_MOST_DESTINATIONS = 50
"""More units than ever plan one person's discharge; each costs a mapping and a stored copy."""

MEDIA_TYPES = {"json": "application/fhir+json", "xml": "application/fhir+xml"}


@dataclass(frozen=True)
class Draft:
    """One delivery as it will be stored. `body` is None where mapping failed, or its result is not valid: `problem`
    says why, `rule` is the id of the warning about it."""

    route: Route
    holds_stream: bool
    media_type: str
    body: bytes | None
    report: bytes | None = None
    mapping: str | None = None
    mapping_version: str | None = None
    problem: str | None = None
    rule: str = "mapping-failed"
    yields: bool = False


def routes(message: MessageBundle, directory: Directory, on: date) -> list[tuple[int, Route]]:
    """(index of the destination, its route). Raises Refusal 422 where a recipient is unknown, ambiguous or named
    twice: a recipient is never guessed."""
    if len(message.destinations) > _MOST_DESTINATIONS:
        text = f"the message has {len(message.destinations)} destinations: expected at most {_MOST_DESTINATIONS}"
        raise refusal(422, "too-costly", "destinations-too-many", text, "MessageHeader.destination")
    found: list[tuple[int, Route]] = []
    for index, hsa, municipality in message.destination_receivers():
        place = f"MessageHeader.destination[{index}].receiver"
        # the words do not repeat the address: the person may be protected, and the sender sees the place
        try:
            route = directory.route(Receiver(hsa=hsa, municipality=municipality), message.event or "", on)
        except UnknownRecipientError as error:
            text = f"no route leads to this receiver for {message.event} on {on}: expected one that the directory knows"
            raise refusal(422, "not-found", "recipient-unknown", text, place) from error
        except AmbiguousRecipientError as error:
            text = f"more than one route leads to this receiver for {message.event} on {on}: none was chosen"
            raise refusal(422, "multiple-matches", "recipient-ambiguous", text, place) from error
        if any(route.unit == other.unit for _, other in found):
            text = "the same recipient stands twice among the destinations: expected once"
            raise refusal(422, "business-rule", "recipient-twice", text, place)
        found.append((index, route))
    return found


def drafts(
    message: MessageBundle,
    routes: Sequence[tuple[int, Route]],
    mappings: Dictionary[str, Mapping],
    outgoing: Outgoing,
) -> list[Draft]:
    """The deliveries to all destinations, checked by `outgoing`."""
    together: dict[str, set[int]] = defaultdict(set)
    for index, route in routes:
        together[route.endpoint.id].add(index)
    return [draft(message, index, route, mappings, together[route.endpoint.id], outgoing) for index, route in routes]


def draft(
    message: MessageBundle,
    index: int,
    route: Route,
    mappings: Dictionary[str, Mapping],
    together: Collection[int],
    outgoing: Outgoing,
) -> Draft:
    """The delivery to one destination, mapped to its format. A mapping that fails gives a draft without body, and so
    does a FHIR message that is not valid any more, because something was taken out; a record is held against its schema
    by the mapping.

    `together` are the destinations at the same endpoint: a FHIR system gets one message for all of them, because
    the same message id must not come to it with different content.
    """
    event = EVENTS[message.event or ""]
    endpoint = route.endpoint
    policy = Policy({**endpoint.dead_letter, **route.dead_letter}.get(event.code, event.policy))
    holds_stream = policy is not Policy.RELEASE
    disclosed, removed = disclosure.disclose(message)
    if endpoint.mapping is None:
        narrowed, others = disclosure.narrow(disclosed, together)
        found = _fhir_draft(narrowed, [*removed, *others], route, holds_stream, outgoing)
    else:
        found = _record_draft(_for_destination(disclosed, index), removed, route, holds_stream, mappings)
    return replace(found, yields=True) if policy is Policy.SUPERSEDE else found


def authored(message: MessageBundle, route: Route, mappings: Dictionary[str, Mapping]) -> Draft:
    """The delivery of a message that the adapter itself has written, to its one destination."""
    if route.endpoint.mapping is None:
        return _fhir_draft(message, [], route, False, None)
    return _record_draft(message.bundle, [], route, False, mappings)


def _record_draft(
    bundle: dict[str, Any],
    removed: list[disclosure.Removal],
    route: Route,
    holds_stream: bool,
    mappings: Dictionary[str, Mapping],
) -> Draft:
    mapping = mappings[route.endpoint.mapping or ""]
    try:
        result = mapping.to_record(bundle)
    except MappingError as error:
        accounts = error.report.to_picture() if isinstance(error, NotCarriedError) else None
        return Draft(
            route=route,
            holds_stream=holds_stream,
            media_type=mapping.media_type,
            body=None,
            report=plain_json.dumps(accounts) if accounts else None,
            mapping=mapping.name,
            mapping_version=mapping.version,
            problem=str(error),
        )
    report = result.report.to_picture() | {"disclosure": _as_rows(removed)}
    return Draft(
        route=route,
        holds_stream=holds_stream,
        media_type=mapping.media_type,
        body=result.content,
        report=plain_json.dumps(report),
        mapping=mapping.name,
        mapping_version=result.version,
    )


def store_content(
    connection: Connection, contents: ContentStore, draft: Draft, message_id: int, delivery_id: int, at: int
) -> None:
    """Keep the `pieces` of a draft. `at` in UTC microseconds."""
    contents.add_all(connection, message_id, pieces(draft, delivery_id), at)


def pieces(draft: Draft, delivery_id: Number) -> list[Piece]:
    """The bytes that will be sent, and the report of how they came about."""
    both = (("mapped", draft.media_type, draft.body), ("report", "application/json", draft.report))
    return [Piece(stage, media_type, body, delivery_id) for stage, media_type, body in both if body is not None]


def _fhir_draft(
    disclosed: MessageBundle,
    removed: list[disclosure.Removal],
    route: Route,
    holds_stream: bool,
    outgoing: Outgoing | None,
) -> Draft:
    """A FHIR system gets the message as it was sent, in its own format, less what may not be disclosed. Where nothing
    was taken out, it is what was checked when it came in."""
    serialize = fhir_xml.serialize if route.endpoint.format == "xml" else fhir_json.serialize
    media_type = MEDIA_TYPES[route.endpoint.format]
    try:
        body = serialize(disclosed.bundle)
    except ParseError as error:
        problem = f"the message cannot be written as {media_type}: {error}"
        return Draft(route=route, holds_stream=holds_stream, media_type=media_type, body=None, problem=problem)
    faults = outgoing.faults(disclosed) if outgoing is not None and removed else []
    if faults:
        return Draft(
            route=route,
            holds_stream=holds_stream,
            media_type=media_type,
            body=None,
            report=invalid.report(faults, disclosure=_as_rows(removed)),
            problem=invalid.problem(faults),
            rule=invalid.RULE,
        )
    report = plain_json.dumps({"disclosure": _as_rows(removed)})
    return Draft(route=route, holds_stream=holds_stream, media_type=media_type, body=body, report=report)


def _for_destination(message: MessageBundle, index: int) -> dict[str, Any]:
    """The message as it reads for one of its destinations: a record has one receiver."""
    header = message.header | {"destination": [message.destinations[index]]}
    entry = [{**message.entries[0], "resource": header}, *message.entries[1:]]
    return message.bundle | {"entry": entry}


def _as_rows(removed: list[disclosure.Removal]) -> list[dict[str, str]]:
    return [{"path": removal.path, "reason": removal.reason} for removal in removed]
