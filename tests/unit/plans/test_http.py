"""GetCarePlans over real HTTP: asked by a client made from the published WSDL, and by bytes that nobody should send."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from lxml import etree

from adapter.plans.riv import contract, soap, wire
from adapter.plans.riv.contract import PERSONNUMMER, PersonId, Request
from adapter.security.tokens import Tokens
from adapter.store import tables
from adapter.support import settings
from adapter.web.server import Server

from .conftest import CONTRACT, HOME, OPEN_CARE, PERSON, SOURCE

needs_contract = pytest.mark.skipif(not CONTRACT.is_dir(), reason=f"the published contract is not at {CONTRACT}")
WSDL = CONTRACT / "interactions" / "GetCarePlansInteraction" / "GetCarePlansInteraction_2.0_RIVTABP21.wsdl"
PATH = "/partners/riv/GetCarePlans"


class Parts(SimpleNamespace):
    """An adapter of the parts that are named; the others, which no call here reaches, are None."""

    def __getattr__(self, name: str) -> None:
        return None


@dataclass
class Site:
    plans: Any
    server: Server
    token: str
    tokens: Tokens
    client: httpx.Client

    @property
    def address(self) -> str:
        return self.server.url + PATH

    def post(self, content: bytes, **headers: str | None) -> httpx.Response:
        given = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{contract.ACTION}"'}
        given |= {"Authorization": f"Bearer {self.token}"}
        kept = {name: value for name, value in (given | headers).items() if value is not None}
        return self.client.post(self.address, content=content, headers=kept)


@pytest.fixture
def site(plans: Any) -> Iterator[Site]:
    clock = plans.stored.clock
    tokens = Tokens(plans.stored.database, clock)
    adapter = Parts(
        settings=settings.Settings(
            environment="test",
            server={"port": 0, "max_message_bytes": 65536},
            riv={"source_system": SOURCE, "logical_addresses": ["SE165565594230-1000"]},
            security={"pseudonym_keys": [{"id": "k1", "env": "PSEUDONYM_KEY"}]},
        ),
        clock=clock,
        database=plans.stored.database,
        directory=plans.directory,
        tokens=tokens,
        validator=Parts(),
        care_plans=plans.service,
    )
    server = Server(adapter)
    server.start()
    token = tokens.issue("kommun", ["content"], clock.now() + timedelta(days=1), "NTjP")
    with httpx.Client(timeout=60, verify=False) as client:
        yield Site(plans, server, token, tokens, client)
    server.stop()


def call(request: Request = Request(PersonId(PERSON, PERSONNUMMER)), address: str | None = SOURCE) -> bytes:  # noqa: B008
    return soap.write(wire.write_request(request), address)


def fault(response: httpx.Response) -> tuple[str, str]:
    assert response.headers["content-type"] == "text/xml; charset=utf-8"
    with pytest.raises(soap.Fault) as caught:
        soap.read_answer(response.content)
    return caught.value.code, caught.value.text


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(WSDL.with_name("GetCarePlansResponder_2.0.xsd")))


def client(site: Site) -> Any:
    import requests
    import zeep
    from zeep.transports import Transport

    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {site.token}"
    found = zeep.Client(str(WSDL), transport=Transport(session=session, timeout=60, operation_timeout=60))
    (binding,) = found.wsdl.bindings
    return found.create_service(binding, site.address)


@needs_contract
def test_a_client_made_from_the_published_wsdl_gets_the_plan(site):
    site.plans.put()
    asked = {"patientId": {"id": PERSON, "type": PERSONNUMMER}, "datePeriod": {"start": "20260313", "end": "20260313"}}
    asked |= {"careUnitHSAId": [OPEN_CARE], "sourceSystemHSAId": SOURCE}
    answer = client(site).GetCarePlans(**asked, _soapheaders={"LogicalAddress": SOURCE})
    assert (answer.result.resultCode, answer.result.errorCode) == ("OK", None)
    (plan,) = answer.carePlan
    header, body = plan.carePlanHeader, plan.carePlanBody
    assert (header.documentTitle, header.documentTime) == ("SIP inför hemgång", "20260313103000")
    assert header.nullified is None
    assert header.nullifiedReason is None
    assert header.accountableHealthcareProfessional.healthcareProfessionalCareUnitHSAId == OPEN_CARE
    assert body.typeOfCarePlanEnum == "SIP"
    assert HOME in [each.extension for each in body.participatingCareUnitHSAId]
    (content,) = body.content
    assert content.mediaType == "application/pdf"
    assert content.value.startswith(b"%PDF-")
    assert len(site.plans.audited()) == 1


@needs_contract
def test_every_answer_is_valid_by_the_published_schema(site, schema):
    site.plans.put()
    for number in (PERSON, "1"):
        response = site.post(call(Request(PersonId(number, PERSONNUMMER))))
        assert response.status_code == 200
        schema.assertValid(soap.read_answer(response.content))


@needs_contract
def test_what_we_ask_with_is_valid_by_the_published_schema(schema):
    from datetime import date

    period = (date(2026, 3, 1), date(2026, 3, 31))
    request = Request(PersonId(PERSON, PERSONNUMMER), frozenset({"b", "a"}), period, SOURCE, frozenset({"c"}))
    element = wire.write_request(request)
    schema.assertValid(element)
    assert wire.read_request(element) == request


def test_an_unapproved_or_unknown_plan_is_an_empty_answer(site):
    response = site.post(call(), SOAPAction=None)
    answer = wire.read_answer(soap.read_answer(response.content))
    assert (response.status_code, answer.code, answer.plans) == (200, "OK", ())


def test_a_broken_rule_is_an_error_in_the_answer_not_a_fault(site):
    response = site.post(call(Request(PersonId("1", PERSONNUMMER)), "SE165565594230-1000"))
    answer = wire.read_answer(soap.read_answer(response.content))
    assert (response.status_code, answer.code) == (200, "ERROR")
    assert b"<core:errorCode>INVALID_REQUEST</core:errorCode>" in response.content


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'


EXTRA = b"</riv:patientId><riv:careUnitHSAId>x</riv:careUnitHSAId>"
NO_CALLS = [
    (b"", "Client", "cannot be read"),
    (b"<x/>", "Client", "Envelope"),
    (call()[:-20], "Client", "cannot be read"),
    (call().replace(b"?>\n", b"?>\n" + BOMB), "Client", "DOCTYPE"),
    (call().decode().encode("utf-16"), "Client", "UTF-8"),
    (b"<a>" * 9000, "Client", "nested too deep"),
    (call(address=None), "Client", "LogicalAddress"),
    (call(address="SE2321000222-OTHER"), "Client", "LogicalAddress"),
    (call().replace(b"schemas.xmlsoap.org/soap/envelope/", b"www.w3.org/2003/05/soap-envelope"), "Version", "1.1"),
    (call().replace(b"<soap:Header>", b'<soap:Header><x soap:mustUnderstand="1"/>'), "MustUnderstand", "header"),
    (call().replace(b"riv:GetCarePlans", b"riv:GetCareContacts"), "Client", "GetCarePlans"),
    (call().replace(b"core:type", b"core:typ"), "Client", "patientId"),
    (call().replace(b"</riv:patientId>", EXTRA), "Client", "expected"),
    (call().replace(b"</riv:patientId>", b"</riv:patientId><riv:datePeriod/>"), "Client", "datePeriod"),
]


def test_what_is_no_call_gets_a_fault(site):
    for content, code, words in NO_CALLS:
        response = site.post(content)
        assert response.status_code == 500
        found, text = fault(response)
        assert found.startswith(code), words
        assert words in text
        assert PERSON not in text
    assert site.plans.audited() == []


def test_a_refusal_at_the_door_is_a_fault_too(site):
    for name, value, status in (
        ("Authorization", None, 401),
        ("Authorization", "Bearer da_x", 401),
        ("Content-Type", "application/soap+xml", 415),
        ("SOAPAction", '"urn:another"', 500),
    ):
        response = site.post(call(), **{name: value})
        assert (response.status_code, fault(response)[0]) == (status, "Client")


def test_a_token_without_the_right_and_a_body_too_large_are_refused(site):
    site.token = site.tokens.issue("kommun", ["send"], site.plans.stored.clock.now() + timedelta(days=1), "EHR")
    assert site.post(call()).status_code == 403
    site.token = site.tokens.issue("kommun", ["content"], site.plans.stored.clock.now() + timedelta(days=1), "NTjP")
    response = site.post(b" " * 70_000)
    assert (response.status_code, fault(response)[0]) == (413, "Client")


def test_a_store_that_does_not_answer_is_the_servers_fault(site):
    site.plans.put()
    with site.plans.stored.database.write() as connection:
        connection.exec_driver_sql("DROP TABLE block")
    assert fault(site.post(call()))[0] == "Server"


def test_get_is_answered_in_words(site):
    response = site.client.get(site.address + "?wsdl")
    assert response.status_code == 405
    assert "method" in fault(response)[1]


def test_the_attachment_is_what_it_says(site):
    site.plans.put()
    root = soap.read_answer(site.post(call()).content)
    value = root.findtext(f".//{{{contract.CORE}}}value")
    assert base64.b64decode(value).endswith(b"%%EOF\n")
    assert site.plans.stored.rows(tables.audit)[-1]["detail"] == {
        "log_id": root.findtext(f".//{{{contract.CORE}}}logId")
    }
