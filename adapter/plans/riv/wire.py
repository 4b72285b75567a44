"""The XML of GetCarePlans 2.0: a request and an answer, read and written in the contract's order and namespaces.

Times on the wire are local Swedish time without a zone, YYYYMMDDhhmmss.
"""

import base64
import binascii
import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from lxml import etree

from adapter.fhir import markup
from adapter.plans.riv.contract import (
    CORE,
    HSA_ROOT,
    KINDS,
    RESPONDER,
    Answer,
    Attachment,
    CarePlan,
    Code,
    ContractError,
    PersonId,
    Professional,
    Request,
    Signature,
)
from adapter.support.clock import STOCKHOLM

_DATE = re.compile(r"(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])")
_TIME = "%Y%m%d%H%M%S"
_NOT_READ = frozenset(
    {"orgUnitTelecom", "orgUnitEmail", "orgUnitAddress", "orgUnitLocation", "codeSystemName", "codeSystemVersion"}
)


def read_request(element: Any) -> Request:
    """The request in the body of a call. Raises ContractError."""
    _named(element, f"{{{RESPONDER}}}GetCarePlans")
    parts = _parts(
        element, RESPONDER, "careUnitHSAId* patientId datePeriod? sourceSystemHSAId? careContactId*", open_end=True
    )
    period = parts["datePeriod"]
    systems = [_text(each) for each in parts["sourceSystemHSAId"]]
    return Request(
        patient=_person(parts["patientId"][0]),
        care_units=frozenset(map(_text, parts["careUnitHSAId"])),
        period=_period(period[0]) if period else None,
        source_system=systems[0] if systems else None,
        care_contacts=frozenset(map(_text, parts["careContactId"])),
    )


def write_request(request: Request) -> Any:
    """The element that asks for it."""
    root = etree.Element(f"{{{RESPONDER}}}GetCarePlans", nsmap={"riv": RESPONDER, "core": CORE})
    for unit in sorted(request.care_units):
        _add(root, "careUnitHSAId", unit, RESPONDER)
    _write_person(etree.SubElement(root, f"{{{RESPONDER}}}patientId"), request.patient)
    if request.period is not None:
        period = etree.SubElement(root, f"{{{RESPONDER}}}datePeriod")
        for name, day in zip(("start", "end"), request.period, strict=True):
            _add(period, name, f"{day:%Y%m%d}")
    _add(root, "sourceSystemHSAId", request.source_system, RESPONDER)
    for contact in sorted(request.care_contacts):
        _add(root, "careContactId", contact, RESPONDER)
    return root


def write_answer(answer: Answer) -> Any:
    """The element that answers, in the contract's order."""
    root = etree.Element(f"{{{RESPONDER}}}GetCarePlansResponse", nsmap={"riv": RESPONDER, "core": CORE})
    for plan in answer.plans:
        element = etree.SubElement(root, f"{{{RESPONDER}}}carePlan")
        _write_header(etree.SubElement(element, f"{{{CORE}}}carePlanHeader"), plan)
        _write_body(etree.SubElement(element, f"{{{CORE}}}carePlanBody"), plan)
    result = etree.SubElement(root, f"{{{RESPONDER}}}result")
    _add(result, "resultCode", answer.code)
    _add(result, "errorCode", "INVALID_REQUEST" if answer.code == "ERROR" else None)
    _add(result, "logId", answer.log_id)
    _add(result, "message", answer.message)
    return root


def _write_header(header: Any, plan: CarePlan) -> None:
    _add(header, "documentId", plan.document_id)
    _add(header, "sourceSystemHSAId", plan.source_system)
    _add(header, "documentTitle", plan.title)
    _add(header, "documentTime", _local(plan.time))
    _write_person(etree.SubElement(header, f"{{{CORE}}}patientId"), plan.patient)
    who = plan.professional
    accountable = etree.SubElement(header, f"{{{CORE}}}accountableHealthcareProfessional")
    _add(accountable, "authorTime", _local(who.author_time))
    _add(accountable, "healthcareProfessionalHSAId", who.hsa)
    _add(accountable, "healthcareProfessionalName", who.name)
    if who.role is not None:
        role = etree.SubElement(accountable, f"{{{CORE}}}healthcareProfessionalRoleCode")
        _add(role, "code", who.role.code)
        _add(role, "codeSystem", who.role.system)
        _add(role, "displayName", who.role.name)
    if who.unit or who.unit_name:
        unit = etree.SubElement(accountable, f"{{{CORE}}}healthcareProfessionalOrgUnit")
        _add(unit, "orgUnitHSAId", who.unit)
        _add(unit, "orgUnitName", who.unit_name)
    _add(accountable, "healthcareProfessionalCareUnitHSAId", who.care_unit)
    _add(accountable, "healthcareProfessionalCareGiverHSAId", who.care_giver)
    if plan.signature is not None:
        signed = etree.SubElement(header, f"{{{CORE}}}legalAuthenticator")
        _add(signed, "signatureTime", _local(plan.signature.time))
        _add(signed, "legalAuthenticatorHSAId", plan.signature.hsa)
        _add(signed, "legalAuthenticatorName", plan.signature.name)
    _add(header, "approvedForPatient", "true" if plan.approved_for_patient else "false")
    _add(header, "careContactId", plan.care_contact)


def _write_body(body: Any, plan: CarePlan) -> None:
    for attachment in plan.attachments:
        content = etree.SubElement(body, f"{{{CORE}}}content")
        _add(content, "mediaType", attachment.media_type)
        _add(content, "value", None if attachment.value is None else base64.b64encode(attachment.value).decode())
        _add(content, "reference", attachment.reference)
    for hsa in plan.participants:
        participant = etree.SubElement(body, f"{{{CORE}}}participatingCareUnitHSAId")
        _add(participant, "root", HSA_ROOT)
        _add(participant, "extension", hsa)
    _add(body, "typeOfCarePlanEnum", plan.kind)


def read_answer(element: Any) -> Answer:
    """The answer in the body of an envelope. Raises ContractError; what the contract's rules forbid (a nullified
    plan, no title) is refused too."""
    _named(element, f"{{{RESPONDER}}}GetCarePlansResponse")
    parts = _parts(element, RESPONDER, "carePlan* result", open_end=True)
    result = _parts(parts["result"][0], CORE, "resultCode errorCode? logId subCode? message?")
    code = _text(result["resultCode"][0])
    if code not in ("OK", "INFO", "ERROR"):
        raise ContractError("resultCode: expected OK, INFO or ERROR")
    words = [_text(each) for each in result["message"]]
    plans = tuple(_read_plan(plan) for plan in parts["carePlan"])
    return Answer(code, _text(result["logId"][0]), words[0] if words else None, plans)


def _read_plan(element: Any) -> CarePlan:
    parts = _parts(element, CORE, "carePlanHeader carePlanBody", open_end=True)
    header = _parts(
        parts["carePlanHeader"][0],
        CORE,
        "documentId sourceSystemHSAId documentTitle? documentTime? patientId accountableHealthcareProfessional "
        "legalAuthenticator? approvedForPatient nullified? nullifiedReason? careContactId?",
    )
    body = _parts(
        parts["carePlanBody"][0], CORE, "content* participatingCareUnitHSAId* typeOfCarePlanEnum?", open_end=True
    )
    if header["nullified"] or header["nullifiedReason"]:
        raise ContractError("carePlanHeader: nullified plans have no place in the answer")
    if not header["documentTitle"]:
        raise ContractError("carePlanHeader: documentTitle is missing")
    kind = _only(body["typeOfCarePlanEnum"])
    if kind is not None and kind not in KINDS:
        raise ContractError("typeOfCarePlanEnum: not a kind that the contract has")
    time = _only(header["documentTime"])
    return CarePlan(
        document_id=_text(header["documentId"][0]),
        source_system=_text(header["sourceSystemHSAId"][0]),
        title=_text(header["documentTitle"][0]),
        patient=_person(header["patientId"][0]),
        professional=_read_professional(header["accountableHealthcareProfessional"][0]),
        approved_for_patient=_text(header["approvedForPatient"][0]) in ("true", "1"),
        time=None if time is None else _instant("documentTime", time),
        care_contact=_only(header["careContactId"]),
        attachments=tuple(map(_read_content, body["content"])),
        participants=tuple(_read_participant(each) for each in body["participatingCareUnitHSAId"]),
        kind=kind,
        signature=_read_signature(header["legalAuthenticator"]),
        left_out=_left_out(element),
    )


def _left_out(element: Any) -> tuple[str, ...]:
    """The names of elements that the contract allows and that have no place in what is read of it."""
    names = [etree.QName(each) for each in element.iter()][1:]
    return tuple(sorted({name.localname for name in names if name.namespace != CORE or name.localname in _NOT_READ}))


def _read_signature(elements: list[Any]) -> Signature | None:
    if not elements:
        return None
    prefix = "legalAuthenticator"
    parts = _parts(elements[0], CORE, f"signatureTime {prefix}HSAId? {prefix}Name?", open_end=True)
    time = _instant("signatureTime", _text(parts["signatureTime"][0]))
    return Signature(time, _only(parts[f"{prefix}HSAId"]), _only(parts[f"{prefix}Name"]))


def _read_professional(element: Any) -> Professional:
    prefix = "healthcareProfessional"
    parts = _parts(
        element,
        CORE,
        f"authorTime {prefix}HSAId? {prefix}Name? {prefix}RoleCode? {prefix}OrgUnit? {prefix}CareUnitHSAId? "
        f"{prefix}CareGiverHSAId?",
        open_end=True,
    )
    role, unit = parts[f"{prefix}RoleCode"], parts[f"{prefix}OrgUnit"]
    code = None
    if role:
        fields = _parts(
            role[0],
            CORE,
            "code? codeSystem? codeSystemName? codeSystemVersion? displayName? originalText?",
            open_end=True,
        )
        words = _only(fields["displayName"]) or _only(fields["originalText"])
        code = Code(_only(fields["code"]), _only(fields["codeSystem"]), words)
    fields = (
        _parts(
            unit[0],
            CORE,
            "orgUnitHSAId? orgUnitName? orgUnitTelecom? orgUnitEmail? orgUnitAddress? orgUnitLocation?",
            open_end=True,
        )
        if unit
        else {"orgUnitHSAId": [], "orgUnitName": []}
    )
    return Professional(
        author_time=_instant("authorTime", _text(parts["authorTime"][0])),
        hsa=_only(parts[f"{prefix}HSAId"]),
        name=_only(parts[f"{prefix}Name"]),
        role=code,
        unit=_only(fields["orgUnitHSAId"]),
        unit_name=_only(fields["orgUnitName"]),
        care_unit=_only(parts[f"{prefix}CareUnitHSAId"]),
        care_giver=_only(parts[f"{prefix}CareGiverHSAId"]),
    )


def _read_content(element: Any) -> Attachment:
    parts = _parts(element, CORE, "id? mediaType value? reference?", open_end=True)
    value, reference = _only(parts["value"]), _only(parts["reference"])
    if (value is None) == (reference is None):
        raise ContractError("content: expected either value or reference")
    try:
        data = None if value is None else base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        raise ContractError("content: value is not base64") from None
    return Attachment(_text(parts["mediaType"][0]), data, reference)


def _read_participant(element: Any) -> str:
    parts = _parts(element, CORE, "root extension?", open_end=True)
    value = _only(parts["extension"])
    if _text(parts["root"][0]) != HSA_ROOT or value is None:
        raise ContractError(f"participatingCareUnitHSAId: expected an HSA-id, root {HSA_ROOT}")
    return value


def _parts(element: Any, namespace: str, order: str, *, open_end: bool = False) -> dict[str, list[Any]]:
    """The children by name, where they follow the order: names with `?` (at most one), `*` (any number) or neither
    (one). `open_end`: elements of other namespaces may follow. Raises ContractError."""
    where = etree.QName(element).localname
    names = {word.rstrip("?*"): word[-1] if word[-1] in "?*" else "" for word in order.split()}
    places = {name: place for place, name in enumerate(names)}
    found: dict[str, list[Any]] = {name: [] for name in names}
    last, ended = 0, False
    for child in element:
        name = etree.QName(child)
        if open_end and name.namespace not in (namespace, None):
            ended = True
            continue
        place = places.get(name.localname) if name.namespace == namespace else None
        if ended or place is None or place < last:
            raise ContractError(f"{where}: an element is not expected where it stands; expected {order}")
        last = place
        found[name.localname].append(child)
    for part, many in names.items():
        if (not many and not found[part]) or (many != "*" and len(found[part]) > 1):
            raise ContractError(f"{where}: {len(found[part])} {part}: expected {'at most one' if many else 'one'}")
    return found


def _named(element: Any, tag: str) -> None:
    if element.tag != tag:
        raise ContractError(f"expected the element {tag}")


def _person(element: Any) -> PersonId:
    parts = _parts(element, CORE, "id type", open_end=True)
    return PersonId(_text(parts["id"][0]), _text(parts["type"][0]))


def _write_person(element: Any, person: PersonId) -> None:
    _add(element, "id", person.id)
    _add(element, "type", person.type)


def _period(element: Any) -> tuple[date, date]:
    parts = _parts(element, CORE, "start end", open_end=True)
    return _day("start", _text(parts["start"][0])), _day("end", _text(parts["end"][0]))


def _day(name: str, written: str) -> date:
    try:
        if _DATE.fullmatch(written):
            return date.fromisoformat(written)
    except ValueError:
        pass
    raise ContractError(f"datePeriod: {name} is not a date of the form YYYYMMDD")


def _instant(name: str, written: str) -> datetime:
    try:
        if len(written) == 14 and written.isascii() and written.isdigit():
            return datetime.strptime(written, _TIME).replace(tzinfo=STOCKHOLM)
    except ValueError:
        pass
    raise ContractError(f"{name}: not a time of the form YYYYMMDDhhmmss")


def _local(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(STOCKHOLM).strftime(_TIME)


def _only(elements: Iterable[Any]) -> str | None:
    return next((_text(each) or None for each in elements), None)


def _text(element: Any) -> str:
    if len(element):
        raise ContractError(f"{etree.QName(element).localname}: expected text")
    return (element.text or "").strip()


def _add(parent: Any, name: str, value: str | None, namespace: str = CORE) -> None:
    if value is not None:
        etree.SubElement(parent, f"{{{namespace}}}{name}").text = markup.INVALID.sub("\ufffd", value)
