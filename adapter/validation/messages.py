"""Rules of messages that a resource validator does not know: what makes a Bundle one message.

Whether the event and the recipients are known is asked of the directory, not here. No value of the message stands in
the words of an issue: it may be personal data.
"""

import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from adapter.fhir import canonical, identifiers, instants
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.outcomes import Issue, Rule
from adapter.fhir.shapes import obj, text
from adapter.validation import rules
from adapter.validation.run import MAX_ISSUES, too_many

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_MEMBER = re.compile(r"[A-Za-z_][A-Za-z0-9]{0,63}")
_RESPONSE_CODES = ("ok", "transient-error", "fatal-error")
_ACKNOWLEDGEMENT = "acknowledgement"
_WITHOUT_PATIENT = frozenset({_ACKNOWLEDGEMENT, "delivery-report"})
_NUMBERS = {
    canonical.PERSONNUMMER: ("personnummer", identifiers.is_personnummer),
    canonical.SAMORDNINGSNUMMER: ("samordningsnummer", identifiers.is_samordningsnummer),
}
_Path = tuple["_Path", str | int] | None


def check(bundle: object) -> list[Issue]:
    """The message rules that a parsed resource breaks, of any shape; an empty list where it breaks none. More than
    MAX_ISSUES are not looked for: a hostile message must not become a larger answer."""
    return broken(MessageBundle(bundle))


def broken(message: MessageBundle) -> list[Issue]:
    """The same of a message that is wrapped already."""
    resource = message.bundle
    if resource.get("resourceType") != "Bundle":
        return [rules.BUNDLE.issue("expected a resource with resourceType Bundle", "Bundle")]
    if resource.get("type") != "message":
        return [rules.TYPE.issue("expected the type message", "Bundle.type")]
    parts = (_bundle, _entries, _header, _parties, _response, _references, _patient, _provenances)
    found = list(islice(chain.from_iterable(part(message) for part in parts), MAX_ISSUES + 1))
    return found if len(found) <= MAX_ISSUES else [*found[:MAX_ISSUES], too_many()]


def _bundle(message: MessageBundle) -> Iterator[Issue]:
    if not identifiers.is_id(message.bundle_id):
        yield rules.BUNDLE_ID.issue("expected an id of 1 to 64 letters, digits, hyphens or points", "Bundle.id")
    if instants.parse(message.timestamp) is None:
        words = "expected the time of sending with seconds and offset, such as 2026-03-09T10:12:00+01:00"
        yield rules.TIMESTAMP.issue(words, "Bundle.timestamp")
    if not message.entries:
        yield rules.ENTRY.issue("the Bundle has no entries: expected at least a MessageHeader", "Bundle.entry")


def _entries(message: MessageBundle) -> Iterator[Issue]:
    seen: dict[str, int] = {}
    for index, (entry, resource) in enumerate(zip(message.entries, message.resources, strict=True)):
        place = f"Bundle.entry[{index}]"
        if text(resource.get("resourceType")) is None:
            yield rules.ENTRY.issue("the entry has no resource with a resourceType", f"{place}.resource")
            continue
        full_url = text(entry.get("fullUrl"))
        if full_url is None:
            yield rules.FULL_URL.issue("the entry has no fullUrl", f"{place}.fullUrl")
            continue
        if fault := _full_url_fault(full_url, resource):
            yield rules.FULL_URL.issue(fault, f"{place}.fullUrl")
        first = seen.setdefault(full_url, index)
        if first != index:
            yield rules.FULL_URL_UNIQUE.issue(f"the fullUrl is that of Bundle.entry[{first}] too", f"{place}.fullUrl")


def _full_url_fault(full_url: str, resource: dict[str, Any]) -> str | None:
    """What is wrong with a fullUrl, None where it names its resource."""
    resource_id = text(resource.get("id"))
    if resource_id is None and resource.get("resourceType") == "MessageHeader":
        return None  # msg-header-id says it
    if resource_id is None:
        return "the resource has no id: expected the one that its fullUrl names"
    if full_url.startswith("urn:uuid:"):
        if not _UUID.fullmatch(full_url.removeprefix("urn:uuid:")):
            return "what follows urn:uuid: is not a UUID"
        return None if full_url == f"urn:uuid:{resource_id}" else "expected urn:uuid: followed by the resource's id"
    if full_url.startswith(("http://", "https://")):
        ending = f"/{resource['resourceType']}/{resource_id}"
        return None if full_url.endswith(ending) else "expected the URL to end in the resource's type and id"
    return "expected a fullUrl that starts with urn:uuid:, http:// or https://"


def _header(message: MessageBundle) -> Iterator[Issue]:
    headers = message.placed("MessageHeader")
    if message.entries and message.resources[0].get("resourceType") != "MessageHeader":
        place = "Bundle.entry[0].resource"
        yield rules.HEADER_FIRST.issue("the first entry is not a MessageHeader: expected it to be", place)
    if len(headers) > 1:
        words = f"the Bundle has {len(headers)} MessageHeaders: expected one"
        yield rules.HEADER_ONE.issue(words, *(place for place, _ in headers[1:]))
    if not headers:
        return
    if not identifiers.is_id(message.header_id):
        yield rules.HEADER_ID.issue("expected the id of the message, a UUID", "MessageHeader.id")
    if message.event is None:
        words = f"expected eventCoding with the system {canonical.EVENT} and a code"
        yield rules.EVENT.issue(words, "MessageHeader.eventCoding")
    for index, focus in enumerate(_items(message.header.get("focus"))):
        if message.resolve(focus, message.header_entry) is None:
            yield rules.FOCUS.issue("no entry has this fullUrl", f"MessageHeader.focus[{index}]")


def _parties(message: MessageBundle) -> Iterator[Issue]:
    if not message.header or message.event == _ACKNOWLEDGEMENT:
        return
    if not message.destinations:
        yield rules.DESTINATION.issue("expected at least one destination", "MessageHeader.destination")
    for index, destination in enumerate(message.destinations):
        place = f"MessageHeader.destination[{index}].receiver"
        yield from _party(message, destination.get("receiver"), rules.RECEIVER, place)
    yield from _party(message, message.header.get("sender"), rules.SENDER, "MessageHeader.sender")


def _party(message: MessageBundle, reference: object, rule: Rule, place: str) -> Iterator[Issue]:
    organization = message.organization(reference, message.header_entry)
    hsa, municipality = message.units_of(reference, message.header_entry)
    if not isinstance(reference, dict):
        yield rule.issue("expected a reference to an Organization", place)
    elif organization is None:
        yield rule.issue("the reference leads to no Organization in the Bundle and carries no identifier alone", place)
    elif hsa is None and municipality is None:
        yield rule.issue("expected the Organization to have exactly one HSA-id, or one kommunkod", place)
    elif hsa is not None and not identifiers.is_hsa(hsa):
        yield rules.HSA_FORM.issue("expected SE, ten digits, a hyphen, and 1 to 18 letters or digits", place)


def _response(message: MessageBundle) -> Iterator[Issue]:
    if ("response" in message.header) != (message.event == _ACKNOWLEDGEMENT):
        words = "expected MessageHeader.response where the event is acknowledgement, and only there"
        yield rules.RESPONSE_EVENT.issue(words, "MessageHeader.response")
    if "response" not in message.header:
        return
    if not identifiers.is_id(message.response.get("identifier")):
        words = "expected the MessageHeader.id of the message that is answered"
        yield rules.RESPONSE.issue(words, "MessageHeader.response.identifier")
    if text(message.response.get("code")) not in _RESPONSE_CODES:
        words = f"expected one of {', '.join(_RESPONSE_CODES)}"
        yield rules.RESPONSE.issue(words, "MessageHeader.response.code")
    elif message.response.get("code") != "ok":
        details = message.resolve(message.response.get("details"), message.header_entry) or {}
        if details.get("resourceType") != "OperationOutcome":
            words = "expected a reference to an OperationOutcome in the Bundle that says what was wrong"
            yield rules.RESPONSE_DETAILS.issue(words, "MessageHeader.response.details")


def _patient(message: MessageBundle) -> Iterator[Issue]:
    if message.event is None or message.event in _WITHOUT_PATIENT:
        return
    patients = message.placed("Patient")
    if len(patients) != 1:
        words = f"the message has {len(patients)} Patients: expected exactly one"
        yield rules.PATIENT_ONE.issue(words, *([place for place, _ in patients] or ["Bundle.entry"]))
    for place, patient in patients:
        found = identifiers.of_patient(patient)
        if not found:
            words = "expected at least one identifier with system and value"
            yield rules.PATIENT_IDENTIFIER.issue(words, f"{place}.identifier")
        yield from _numbers(found, f"{place}.identifier")


def _numbers(found: list[tuple[str, str]], place: str) -> Iterator[Issue]:
    for system, (name, is_number) in _NUMBERS.items():
        values = [value for each, value in found if each == system]
        if len(values) > 1:
            yield rules.PATIENT_NUMBER.issue(f"the patient has {len(values)} different {name}: expected one", place)
        if not all(map(is_number, values)):
            yield rules.PATIENT_NUMBER.issue(f"not a {name}: expected 12 digits with the right check digit", place)


def _provenances(message: MessageBundle) -> Iterator[Issue]:
    if message.event is None or message.event in _WITHOUT_PATIENT:
        return
    own, every = message.own_provenances, message.placed("Provenance")
    if not every:
        words = "expected a Provenance that targets the MessageHeader"
        yield rules.PROVENANCE_MISSING.issue(words, "Bundle.entry")
    elif len(own) != 1:
        words = f"{len(own)} of {len(every)} Provenances target this message's MessageHeader: expected one"
        yield rules.PROVENANCE_TARGET.issue(words, *(f"{place}.target" for place, _ in own or every))


def _references(message: MessageBundle) -> Iterator[Issue]:
    own = {place for place, _ in message.own_provenances}
    here = {url for entry in message.entries if entry.get("resource") and (url := _urn(entry.get("fullUrl")))}
    if all(_is_text_of(here, each["reference"]) for each in message.all_objects if "reference" in each):
        return  # as a rule; then it is not looked for where each of them stands
    for index, (entry, resource) in enumerate(zip(message.entries, message.resources, strict=True)):
        place = f"Bundle.entry[{index}].resource"
        checked = resource
        if resource is message.header:
            checked = _without_parties(resource)
        elif resource.get("resourceType") == "Provenance" and place not in own:
            checked = resource | {"target": None}  # a header of an earlier message: history, not content
        if not any(_reference_fault(message, entry, url) for url in _urls(checked) - here):
            continue
        for path, url in _written_references(checked):
            if fault := _reference_fault(message, entry, url):
                yield rules.REFERENCE.issue(fault, place + _expression(path))


def _is_text_of(known: set[str], value: object) -> bool:
    return isinstance(value, str) and value in known


def _urn(url: object) -> str | None:
    """A URL to which a reference leads wherever it stands, where an entry has it."""
    return url if isinstance(url, str) and url.startswith("urn:") and "/_history/" not in url else None


def _without_parties(header: dict[str, Any]) -> dict[str, Any]:
    """The header less what has rules of its own: sender, receivers and focus."""
    destinations = [obj(destination) | {"receiver": None} for destination in _items(header.get("destination"))]
    return header | {"sender": None, "focus": None, "destination": destinations}


def _reference_fault(message: MessageBundle, entry: dict[str, Any], url: str) -> str | None:
    if url.startswith(("http://", "https://")) or message.resolve({"reference": url}, entry) is not None:
        return None
    if url.startswith("#"):
        return "no contained resource of this entry's resource has this id"
    if url.startswith("urn:"):
        return "no entry has this fullUrl"
    return (
        "a relative reference leads to no entry by the base URL of this entry's fullUrl: expected the target's fullUrl"
    )


def _urls(resource: dict[str, Any]) -> set[str]:
    """As `_written_references`, in no order and without the places: of a right resource no more is asked."""
    found: set[str] = set()
    waiting: list[Any] = [resource]
    for value in waiting:
        if value.__class__ is list:
            waiting += [each for each in value if each.__class__ is dict or each.__class__ is list]
        elif value.get("resourceType") != "Bundle":
            for name, member in value.items():
                kind = member.__class__
                if kind is str:
                    if name == "reference" and member.strip():
                        found.add(member)
                elif kind is dict or kind is list:
                    waiting.append(member)
    return found


def _written_references(resource: dict[str, Any]) -> Iterator[tuple[_Path, str]]:
    """(path, text) of every Reference.reference. A Bundle inside the message is a world of its own."""
    waiting: list[tuple[_Path, Any]] = [(None, resource)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, list):
            waiting += [((path, index), item) for index, item in reversed([*enumerate(value)])]
        elif isinstance(value, dict) and value.get("resourceType") != "Bundle":
            if url := text(value.get("reference")):
                yield path, url
            waiting += [((path, name), member) for name, member in reversed([*value.items()])]


def _expression(path: _Path) -> str:
    steps: list[str] = []
    while path is not None:
        path, step = path
        if isinstance(step, int):
            steps.append(f"[{step}]")
        else:
            steps.append(f".{step}" if _MEMBER.fullmatch(step) else ".?")
    return "".join(reversed(steps))


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
