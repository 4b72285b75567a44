"""HL7 v2 ADT to stay events: A01, A02, A03, A08, and the cancels A11, A12, A13.

What a field means is the standard's word, or the feed's configuration where the standard leaves it open. A merge
(A40 and its like) is refused: which person a stay is of is not for a feed to change behind the messages already sent.
"""

from collections.abc import Callable
from functools import partial
from typing import Literal

from adapter.feeds import numbers, times
from adapter.feeds.er7 import NULL, Message
from adapter.feeds.events import GONE, Kind, LeftOut, Person, Postal, Ready, RefusedEvent, StayEvent
from adapter.feeds.model import MERGES, Adt, Coded, Feed
from adapter.fhir import canonical

TRIGGERS = {
    "A01": Kind.ADMITTED,
    "A02": Kind.TRANSFERRED,
    "A03": Kind.DISCHARGED,
    "A08": Kind.CHANGED,
    "A11": Kind.ADMISSION_CANCELLED,
    "A12": Kind.TRANSFER_CANCELLED,
    "A13": Kind.DISCHARGE_CANCELLED,
}
_OIDS = {
    "1.2.752.129.2.1.3.1": canonical.PERSONNUMMER,
    "1.2.752.129.2.1.3.3": canonical.SAMORDNINGSNUMMER,
}
_ENVIRONMENTS = {"production": ("P",), "test": ("T", "D")}
_MOST_REPETITIONS = 20


def read(body: bytes, feed: Feed, environment: str) -> StayEvent | LeftOut:
    """The event in a message, or that it is left out. Raises RefusedEvent where it is neither."""
    message = Message(body, feed.adt.charset, _segments(feed))
    try:
        return _Reading(message, feed).event(environment)
    except RefusedEvent as refused:
        refused.control_id = message.control_id
        raise


def _segments(feed: Feed) -> frozenset[str]:
    """The segments that the feed's fields stand in."""
    adt = feed.adt
    places = [*adt.fields.model_dump().values(), adt.protected.field]
    places += [adt.confidential.field] if adt.confidential else []
    places += [adt.ready.time, adt.ready.assessor] if adt.ready else []
    places += [each for each in (feed.need.field, feed.need.time) if each] if feed.need else []
    return frozenset({"EVN", "PID", "PV1", *(place[:3] for place in places)})


class _Reading:
    def __init__(self, message: Message, feed: Feed) -> None:
        self._message = message
        self._feed = feed
        self._adt: Adt = feed.adt
        self._doubts: dict[str, str] = {}

    def event(self, environment: str) -> StayEvent | LeftOut:
        message, fields = self._message, self._adt.fields
        control_id, trigger = self._header(environment)
        if trigger in self._adt.leave_out:
            return LeftOut(control_id, f"{trigger} is left out by the feed's configuration")
        kind = TRIGGERS.get(trigger)
        if kind is None:
            raise RefusedEvent(_unused(trigger), "201", "MSH-9", reject=True)
        if not message.has("PID") or not message.has("PV1"):
            raise RefusedEvent("is missing", "100", "PV1" if message.has("PID") else "PID")
        if message.value("PV1-2") not in self._adt.classes:
            return LeftOut(control_id, "the patient class (PV1-2) is not inpatient care")
        stay = message.value(fields.stay)
        if stay is None or stay == NULL or len(stay) > 128:
            raise RefusedEvent("the stay has no id (at most 128 characters)", "101", fields.stay)
        needed, assessed = self._need()
        person = self._person()
        return StayEvent(
            control_id=control_id,
            kind=kind,
            stay=stay,
            recorded=times.utc(self._recorded(), self._feed.zone),
            person=person,
            unit=_said(message.value(fields.unit)),
            admitted=self._instant(fields.admitted, "EVN-6" if kind is Kind.ADMITTED else None, "admitted"),
            discharged=self._discharged(kind),
            estimated=self._estimate(),
            needed=needed,
            need_assessed=assessed,
            ready=self._ready(),
            left=self._adt.left.get(message.value(fields.left) or ""),
            kommunkod=self._kommunkod(),
            doubts=self._doubts,
        )

    def _header(self, environment: str) -> tuple[str, str]:
        message = self._message
        if message.control_id is None:
            raise RefusedEvent("is missing", "101", "MSH-10", reject=True)
        application = self._adt.application
        if application is not None and message.value("MSH-3") != application:
            raise RefusedEvent("is not the application that this feed is for", "207", "MSH-3", reject=True)
        if message.value("MSH-9") != "ADT":
            raise RefusedEvent("is not ADT: no other message is taken", "200", "MSH-9", reject=True)
        if message.value("MSH-11") not in _ENVIRONMENTS[environment]:
            words = f"is of another environment: this one takes {' or '.join(_ENVIRONMENTS[environment])}"
            raise RefusedEvent(words, "202", "MSH-11", reject=True)
        if not (message.value("MSH-12") or "").startswith("2."):
            raise RefusedEvent("is not a version of HL7 v2", "203", "MSH-12", reject=True)
        return message.control_id, message.value("MSH-9.2") or message.value("EVN-1") or ""

    def _recorded(self) -> str:
        """When it was entered at the sender: EVN-2, else when the message was made."""
        for place in ("EVN-2", "MSH-7"):
            text = self._message.value(place)
            if text is not None and text != NULL:
                self._checked(place, partial(times.instant, text, self._feed.zone, "earlier"))
                return text
        raise RefusedEvent("is missing, and MSH-7 too: no order can be told", "101", "EVN-2")

    def _discharged(self, kind: Kind) -> str | None:
        if kind is Kind.DISCHARGE_CANCELLED:
            return None  # PV1-45 may still hold what is cancelled
        return self._instant(self._adt.fields.discharged, "EVN-6" if kind is Kind.DISCHARGED else None, "discharged")

    def _instant(self, place: str, otherwise: str | None, member: str) -> str | None:
        text = self._message.value(place)
        if text is None and otherwise is not None:
            text, place = self._message.value(otherwise), otherwise
        if text is None or text == NULL:
            return GONE if text == NULL else None
        return self._time(text, place, member, times.instant)

    def _estimate(self) -> str | None:
        place = self._adt.fields.estimated
        text = self._message.value(place)
        if text is None or text == NULL:
            return GONE if text == NULL else None
        return self._time(text, place, "estimated", times.moment_or_day)

    def _time(self, text: str, place: str, member: str, read: Callable[..., str]) -> str | None:
        try:
            return self._checked(place, lambda: read(text, self._feed.zone, self._feed.times.ambiguous))
        except times.AmbiguousError:
            words = f"{place} is in the hour that happened twice, without offset: which one is not said"
            self._doubts[member] = words
            return None

    def _checked(self, place: str, read: Callable[[], str]) -> str:
        try:
            return read()
        except times.TimeError as error:
            raise RefusedEvent(str(error), "102", place) from error

    def _need(self) -> tuple[bool | None, str | None]:
        need = self._feed.need
        if need is None or need.field is None:
            return None, None
        said = self._message.value(need.field)
        if said is None:
            return None, None
        needed = said in need.values
        assessed = self._instant(need.time, None, "need_assessed") if need.time and needed else None
        return needed, assessed or None

    def _ready(self) -> Ready | Literal[""] | None:
        where = self._adt.ready
        if where is None:
            return None
        at = self._instant(where.time, None, "ready")
        if not at:
            return None if at is None else GONE
        return Ready(at, _said(self._message.value(where.assessor)) or "")

    def _person(self) -> Person:
        message = self._message
        found = [each for number in self._repetitions("PID-3") for each in self._identifier(number)]
        if not found:
            words = "holds no number of a system that the feed's configuration knows (adt.identifiers)"
            raise RefusedEvent(words, "101", "PID-3")
        given = [message.value("PID-5.2"), message.value("PID-5.3")]
        labels = {canonical.PROTECTED_IDENTITY} if self._is(self._adt.protected) else set()
        labels |= {canonical.CONFIDENTIALITY_MARK} if self._is(self._adt.confidential) else set()
        return Person(
            identifiers=tuple(dict.fromkeys(found)),
            family=_said(message.value("PID-5.1")) or "",
            given=tuple(name for each in given if (name := _said(each))),
            addresses=tuple(filter(None, map(self._address, self._repetitions("PID-11")))),
            labels=frozenset(labels),
        )

    def _repetitions(self, place: str) -> range:
        return self._message.repetitions(place)[:_MOST_REPETITIONS]

    def _identifier(self, number: int) -> list[tuple[str, str]]:
        """One repetition of PID-3; none where its authority is not known: a local number says nothing here."""
        value = self._message.value("PID-3.1", number)
        if value is None or value == NULL:
            return []
        said = (self._message.value(place, number) for place in ("PID-3.4.1", "PID-3.4.2"))
        authorities = {each for each in said if each is not None}
        system = self._system(authorities or {""}, self._message.value("PID-3.5", number))
        if system is None:
            return []
        try:
            return [numbers.identifier(system, value)]
        except numbers.NumberError as error:
            raise RefusedEvent(str(error), "102", "PID-3") from error

    def _system(self, authorities: set[str], kind: str | None) -> str | None:
        for each in self._adt.identifiers:
            if each.authority in authorities and each.type in (None, kind):
                return each.system
        return next((_OIDS[each] for each in sorted(authorities) if each in _OIDS), None)

    def _address(self, number: int) -> Postal | None:
        def part(component: int) -> str:
            return _said(self._message.value(f"PID-11.{component}", number)) or ""

        types, kind = self._adt.addresses, part(7)
        if kind not in (*types.registered, *types.special):
            return None
        lines = tuple(line for line in (part(1), part(2)) if line)
        return Postal(lines, part(5), part(3), special=kind in types.special)

    def _is(self, coded: Coded | None) -> bool:
        return coded is not None and self._message.value(coded.field) in coded.values

    def _kommunkod(self) -> str | None:
        """Four digits, or the first four of six (län, kommun, församling)."""
        place = self._adt.fields.municipality
        number = self._registered() if place.startswith("PID-11") else 1
        code = self._message.value(place, number) if number else None
        return code[:4] if code and code.isascii() and code.isdigit() and len(code) in (4, 6) else None

    def _registered(self) -> int | None:
        """Which repetition of PID-11 is the folkbokföringsadress."""
        kinds = self._adt.addresses.registered
        found = (n for n in self._repetitions("PID-11") if (self._message.value("PID-11.7", n) or "") in kinds)
        return next(found, None)


def _said(text: str | None) -> str | None:
    return None if text is None or text == NULL else text


def _unused(trigger: str) -> str:
    if trigger in MERGES:
        return (
            "joins or swaps persons or stays: this is not done here, for messages may have been sent of both. Retract "
            "or correct them (cancel the wrong stay with A11, and admit anew), and skip this message at the sender"
        )
    return f"is an event that is not used here: expected {', '.join(TRIGGERS)}, or one of the feed's adt.leave_out"
