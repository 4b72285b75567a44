from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from adapter.fhir import json, xml
from adapter.support.errors import ParseError

NS = 'xmlns="http://hl7.org/fhir"'
XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'


def patient(inner: str, attributes: str = "") -> bytes:
    return f"<Patient {NS}{attributes}>{inner}</Patient>".encode()


def carried(resource: dict[str, Any]) -> bytes:
    """JSON of what XML brings back."""
    return json.serialize(xml.parse(xml.serialize(resource)))


def test_types_by_the_element_table() -> None:
    parsed = xml.parse(
        patient(
            '<active value="true"/><name><given value="A"/><given value="B"/></name><multipleBirthInteger value="2"/>'
        )
    )
    assert parsed == {
        "resourceType": "Patient",
        "active": True,
        "name": [{"given": ["A", "B"]}],
        "multipleBirthInteger": 2,
    }
    assert next(iter(parsed)) == "resourceType"


@pytest.mark.parametrize("text", ["1.50e3", "-0", "1.0", "0.00", "1234567890123456789012345678901234567890.10"])
def test_decimals_keep_their_text(text: str) -> None:
    source = f'{{"resourceType":"Observation","valueQuantity":{{"value":{text}}}}}'.encode()
    assert carried(json.parse(source)) == source


def test_extensions_and_ids_of_primitives() -> None:
    source = (
        b'{"resourceType":"Patient","birthDate":"1970-01-01","_birthDate":{"id":"b","extension":[{"url":"u","valueInteger":1}]},'
        b'"_deceasedBoolean":{"extension":[{"url":"u","valueCode":"unknown"}]}}'
    )
    assert carried(json.parse(source)) == source


def test_arrays_with_nulls_stay_aligned() -> None:
    source = (
        b'{"resourceType":"Patient","name":[{"given":["A",null,"C"],'
        b'"_given":[null,{"extension":[{"url":"u","valueString":"x"}]},{"id":"c"}]}]}'
    )
    assert carried(json.parse(source)) == source


def test_contained_and_entries() -> None:
    source = (
        b'{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Task","contained":['
        b'{"resourceType":"Organization","id":"o"},{"resourceType":"Patient"}]}},{"link":[{"relation":"r"}]}]}'
    )
    assert carried(json.parse(source)) == source


def test_parameters_and_outcome_hold_resources() -> None:
    source = (
        b'{"resourceType":"Parameters","parameter":[{"name":"a","resource":{"resourceType":"Bundle","entry":'
        b'[{"response":{"outcome":{"resourceType":"OperationOutcome"}}}]}},{"part":[{"name":"p","valueDecimal":1.10}]}]}'
    )
    assert carried(json.parse(source)) == source


def test_characters_that_xml_would_change_are_escaped() -> None:
    text = "a\tb\nc\rd \"e\" 'f' <g> & h\u00a0 \u0085 \u2028 😀 "
    assert xml.parse(xml.serialize({"resourceType": "Patient", "language": text}))["language"] == text


DIVS = [
    "<div {}>plain</div>",
    "<div {}/>",
    "<div {} class='a' title=\">\"><p>A&#229;&amp;<br></br><br/> <div>inner</div></p></div>",
    "<div {}><!-- <div> --><![CDATA[</div>]]></div>",
    '<h:div xmlns:h="http://www.w3.org/1999/xhtml"><h:div/></h:div>',
]


@pytest.mark.parametrize("markup", DIVS)
def test_narrative_keeps_its_source(markup: str) -> None:
    div = markup.format(XHTML)
    resource = {"resourceType": "Patient", "text": {"status": "generated", "div": div}}
    assert xml.parse(xml.serialize(resource)) == resource
    inside = {
        "resourceType": "Patient",
        "text": resource["text"],
        "contained": [{"resourceType": "Task", "text": {"div": f"<div {XHTML}>2</div>"}}],
    }
    assert xml.parse(xml.serialize(inside)) == inside


def test_narrative_that_leans_on_outer_declarations_is_made_whole() -> None:
    content = b'<f:Patient xmlns:f="http://hl7.org/fhir" xmlns="http://www.w3.org/1999/xhtml"><f:text><div>a<br/></div></f:text></f:Patient>'
    div = xml.parse(content)["text"]["div"]
    assert XHTML in div
    assert xml.parse(xml.serialize({"resourceType": "Patient", "text": {"div": div}}))["text"]["div"] == div


def test_line_ends_in_narrative_are_normalised_as_xml_says() -> None:
    assert (
        xml.parse(patient(f"<text><div {XHTML}>a\r\nb\rc</div></text>"))["text"]["div"] == f"<div {XHTML}>a\nb\nc</div>"
    )


def test_comments_instructions_and_schema_location_are_not_content() -> None:
    attributes = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://hl7.org/fhir x.xsd"'
    content = b"<!-- c --><?p i?>" + patient('<!-- <foo/> --><active value="true"/><?x?>', attributes) + b"<!-- c -->"
    assert xml.parse(content) == {"resourceType": "Patient", "active": True}


def test_values_of_a_wrong_form_are_kept_for_validation() -> None:
    content = patient('<active value="yes"/><multipleBirthInteger value="+5"/>')
    parsed = xml.parse(content)
    assert parsed == {"resourceType": "Patient", "active": "yes", "multipleBirthInteger": "+5"}
    assert xml.parse(xml.serialize(parsed)) == parsed


def test_an_element_without_anything_stays_visible() -> None:
    assert xml.parse(patient("<active/><name/><name><given/></name>")) == {
        "resourceType": "Patient",
        "_active": {},
        "name": [{}, {"_given": [{}]}],
    }


def test_byte_order_mark_and_declaration() -> None:
    assert xml.parse(b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>' + patient("")) == {"resourceType": "Patient"}


def test_output_is_deterministic_and_in_the_order_of_fhir() -> None:
    one = xml.serialize({"resourceType": "Patient", "active": True, "id": "a"})
    assert one == xml.serialize({"id": "a", "active": True, "resourceType": "Patient"})
    assert one == b'<?xml version="1.0" encoding="UTF-8"?>\n' + patient('<id value="a"/><active value="true"/>')


FLOOD = " ".join(f'a{n}=""' for n in range(40_000))
LAUGHS = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
REFUSED = {
    "nothing": (b"", "empty"),
    "JSON": (b"{}", "not XML"),
    "cut off": (b"<Patient", "not XML"),
    "mismatch": (f"<Patient {NS}><name></Patient>".encode(), "end tag"),
    "two roots": (patient("") * 2, "after the end"),
    "DOCTYPE": (b"<!DOCTYPE Patient>" + patient(""), "DOCTYPE"),
    "DOCTYPE after comments": (
        b"<?xml version='1.0'?>\n<!-- a --><!-- b -->\n<!DOCTYPE x []>" + patient(""),
        "DOCTYPE",
    ),
    "external entity": (
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + patient("<text>&e;</text>"),
        "DOCTYPE",
    ),
    "billion laughs": (
        f'<!DOCTYPE x [<!ENTITY a0 "ha">{LAUGHS}]>'.encode() + patient('<language value="&a9;"/>'),
        "DOCTYPE",
    ),
    "entity": (patient('<language value="&nbsp;"/>'), "entity"),
    "latin-1": (b'<?xml version="1.0" encoding="iso-8859-1"?>' + patient(""), "another encoding"),
    "wrong bytes": (patient("") + b"\xff", "not UTF-8"),
    "UTF-16": ("<a/>".encode("utf-16"), "not UTF-8"),
    "forbidden character": (patient('<language value="&#1;"/>'), "character"),
    "100 000 levels": (b"<a>" * 100_000, "nested too deep"),
    "101 levels": (patient("<extension url='a'>" * 50 + "</extension>" * 50), "nested deeper"),
    "no namespace": (b"<Patient/>", "namespace"),
    "another namespace": (b'<Patient xmlns="http://hl7.org/fhir/"/>', "namespace"),
    "element of another namespace": (
        patient('<a:active xmlns:a="urn:a" value="true"/>'),
        "Patient.active: .*namespace",
    ),
    "unknown resource": (f"<Animal {NS}/>".encode(), "Animal: this is not a resource"),
    "abstract resource": (f"<DomainResource {NS}/>".encode(), "not a resource"),
    "datatype": (f"<HumanName {NS}/>".encode(), "not a resource"),
    "unknown element": (
        patient("<contact/><contact><nick/></contact>"),
        r"Patient.contact\[1\].nick: .* no such element",
    ),
    "unknown attribute": (patient('<active value="true" unit="x"/>'), "'unit' is not known"),
    "40 000 attributes": (patient(f"<active {FLOOD}/>"), "'a0' is not known"),
    "40 000 attributes on a complex element": (patient(f"<name {FLOOD}/>"), "'a0' is not known"),
    "attribute on a resource": (patient("", ' id="x"'), "'id' is not known"),
    "attribute on a wrapper": (patient('<contained id="x"><Task/></contained>'), "'id' is not known"),
    "value on a complex element": (patient('<name value="x"/>'), "'value' is not known"),
    "url on a name": (patient('<name url="x"/>'), "'url' is not known"),
    "schemaLocation inside": (
        patient('<name xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:schemaLocation="a"/>'),
        "is not known",
    ),
    "url as an element": (patient('<extension><url value="x"/></extension>'), "no such element"),
    "wrong order": (
        patient('<birthDate value="1970"/><active value="true"/>'),
        "Patient.active: wrong order.* before birthDate",
    ),
    "scattered repetition": (patient("<name/><active/><name/>"), "wrong order"),
    "repeated primitive": (patient('<active value="true"/><active value="true"/>'), "only once"),
    "repeated complex": (patient("<maritalStatus/><maritalStatus/>"), "only once"),
    "text": (patient("19410810-9168"), "Patient: it holds text"),
    "text after": (patient('<active value="true"/>19410810-9168'), "it holds text"),
    "text in a primitive": (patient("<active>true</active>"), "Patient.active: it holds text"),
    "text in a wrapper": (patient("<contained>x<Task/></contained>"), "it holds text"),
    "text after a resource": (patient("<contained><Task/>x</contained>"), "it holds text"),
    "empty wrapper": (patient("<contained/>"), "exactly one resource"),
    "two in a wrapper": (patient("<contained><Task/><Task/></contained>"), "exactly one resource"),
    "child of a primitive": (patient("<active><value/></active>"), "no such element"),
    "div of FHIR": (patient("<text><div/></text>"), "no such element"),
    "div elsewhere": (patient(f"<div {XHTML}/>"), "no such element"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    content, words = REFUSED[name]
    with pytest.raises(ParseError, match=words) as raised:
        xml.parse(content)
    assert raised.value.line is not None
    assert "1941" not in str(raised.value)
    assert "None" not in str(raised.value)


def accepts(read: Callable[[Any], Any], content: Any) -> bool:
    try:
        read(content)
    except ParseError:
        return False
    return True


@pytest.mark.parametrize("levels", [46, 47, 48, 49, 50])
@pytest.mark.parametrize(
    ("value", "markup"),
    [
        ({"valueCode": "a"}, '<valueCode value="a"/>'),
        ({"_valueCode": {"id": "a"}}, '<valueCode id="a"/>'),
        ({"_valueCode": {"extension": [{"url": "a"}]}}, '<valueCode><extension url="a"/></valueCode>'),
        ({"valueHumanName": {"given": ["a"]}}, '<valueHumanName><given value="a"/></valueHumanName>'),
        ({"valueHumanName": {"_given": [{"id": "a"}]}}, '<valueHumanName><given id="a"/></valueHumanName>'),
    ],
)
def test_both_formats_have_the_same_depth(levels: int, value: dict[str, Any], markup: str) -> None:
    extension = {"url": "a", **value}
    for _ in range(levels - 1):
        extension = {"url": "a", "extension": [extension]}
    resource = {"resourceType": "Patient", "extension": [extension]}
    written = patient('<extension url="a">' * levels + markup + "</extension>" * levels)
    expected = accepts(json.parse, json.serialize(resource))
    assert accepts(xml.serialize, resource) is expected
    assert accepts(xml.parse, written) is expected
    assert expected or levels >= 49
    assert not expected or levels <= 49


UNWRITABLE: dict[str, tuple[dict[str, Any], str]] = {
    "no type": ({}, "resourceType"),
    "unknown type": ({"resourceType": "Animal"}, "resourceType"),
    "unknown element": ({"resourceType": "Patient", "nick": "x"}, "Patient: Patient has no element 'nick'"),
    "no element of that name": ({"resourceType": "Patient", "": "x"}, "no element"),
    "underscore of a complex element": ({"resourceType": "Patient", "_name": [{}]}, "no element '_name'"),
    "resourceType in a datatype": ({"resourceType": "Patient", "name": [{"resourceType": "HumanName"}]}, "no element"),
    "null": ({"resourceType": "Patient", "active": None}, "Patient.active: null"),
    "null extension": ({"resourceType": "Patient", "active": True, "_active": None}, "Patient.active: null"),
    "null object": ({"resourceType": "Patient", "maritalStatus": None}, "object is expected"),
    "empty array": ({"resourceType": "Patient", "name": []}, "array of at least one"),
    "no array": ({"resourceType": "Patient", "name": {}}, "array of at least one"),
    "array": ({"resourceType": "Patient", "active": [True]}, "boolean is expected"),
    "only nulls": ({"resourceType": "Patient", "name": [{"given": [None]}]}, "neither a value nor an extension"),
    "arrays of different length": (
        {"resourceType": "Patient", "name": [{"given": ["a"], "_given": [None, {}]}]},
        "differ",
    ),
    "boolean as text": ({"resourceType": "Patient", "active": "true"}, "boolean is expected"),
    "number as text": ({"resourceType": "Patient", "multipleBirthInteger": "2"}, "number is expected"),
    "number for a string": ({"resourceType": "Patient", "language": 5}, "string is expected"),
    "boolean for a number": ({"resourceType": "Patient", "multipleBirthInteger": True}, "number is expected"),
    "infinite": ({"resourceType": "Observation", "valueQuantity": {"value": float("inf")}}, "not finite"),
    "NaN": ({"resourceType": "Observation", "valueQuantity": {"value": Decimal("NaN")}}, "not finite"),
    "too many digits": ({"resourceType": "Patient", "multipleBirthInteger": 10**5000}, "too many digits"),
    "control character": (
        {"resourceType": "Patient", "name": [{}, {"family": "a\x00"}]},
        r"Patient.name\[1\].family: .*control",
    ),
    "lone surrogate": ({"resourceType": "Patient", "language": "\ud800"}, "cannot carry"),
    "id of a datatype as number": ({"resourceType": "Patient", "name": [{"id": 1}]}, "string is expected"),
    "url with an extension": (
        {"resourceType": "Patient", "extension": [{"url": "a", "_url": {}}]},
        "no element '_url'",
    ),
    "not a resource inside": ({"resourceType": "Patient", "contained": ["x"]}, r"Patient.contained\[0\]: a resource"),
    "narrative not well-formed": ({"resourceType": "Patient", "text": {"div": f"<div {XHTML}><p></div>"}}, "end tag"),
    "narrative with an HTML entity": (
        {"resourceType": "Patient", "text": {"div": f"<div {XHTML}>&nbsp;</div>"}},
        "entity",
    ),
    "narrative without namespace": ({"resourceType": "Patient", "text": {"div": "<div>a</div>"}}, "namespace"),
    "narrative of something else": ({"resourceType": "Patient", "text": {"div": f"<p {XHTML}/>"}}, "begins with <div"),
    "narrative with a DTD": (
        {"resourceType": "Patient", "text": {"div": f"<!DOCTYPE div><div {XHTML}/>"}},
        "begins with <div",
    ),
    "narrative that closes its parent": (
        {"resourceType": "Patient", "text": {"div": f"<div {XHTML}/></text><active value='true'/><text>"}},
        "after the end",
    ),
    "narrative of no string": ({"resourceType": "Patient", "text": {"div": {}}}, "string of XHTML"),
}


@pytest.mark.parametrize("name", UNWRITABLE)
def test_unwritable(name: str) -> None:
    resource, words = UNWRITABLE[name]
    with pytest.raises(ParseError, match=words):
        xml.serialize(resource)


def test_depth_of_what_is_written_is_bounded() -> None:
    extension: dict[str, Any] = {"url": "a"}
    for _ in range(60):
        extension = {"url": "a", "extension": [extension]}
    with pytest.raises(ParseError, match="nested deeper"):
        xml.serialize({"resourceType": "Patient", "extension": [extension]})


def test_authored_numbers_are_written() -> None:
    written = xml.serialize({"resourceType": "Observation", "valueQuantity": {"value": Decimal("1.50")}})
    assert b'<value value="1.50"/>' in written


MISFITS = {
    '<active value="true" note="x"/>': ("Patient", {"active": True}),
    '<unknown value="x"/><active value="true"/>': ("Patient", {"active": True}),
    "words": ("Patient", {}),
    '<contact><gender value="male"/><gender value="female"/></contact>': (
        "Patient.contact[0]",
        {"contact": [{"gender": "male"}]},
    ),
    "<contact/><contact><name><unknown/></name></contact>": (
        "Patient.contact[1].name",
        {"contact": [{}, {"name": {}}]},
    ),
    '<gender value="male"/><active value="true"/>': ("Patient", {"gender": "male", "active": True}),
    '<extension url="http://acme.com/e"><valuePeriod><unknown/></valuePeriod></extension>': (
        "Patient.extension[0].value.ofType(Period)",
        {"extension": [{"url": "http://acme.com/e", "valuePeriod": {}}]},
    ),
    '<contained><Organization><name value="A" note="x"/></Organization></contained>': (
        "Patient.contained[0]",
        {"contained": [{"resourceType": "Organization", "name": "A"}]},
    ),
    "<contained><Unknown/></contained>": ("Patient.contained[0]", {}),
    '<contained/><active value="true"/>': ("Patient", {"active": True}),
    '<active xmlns="http://acme.com" value="true"/>': ("Patient", {}),
}


@pytest.mark.parametrize("inner", MISFITS)
def test_what_does_not_fit_is_passed_over_where_that_is_asked_for(inner: str) -> None:
    misfits: list[xml.Misfit] = []
    place, content = MISFITS[inner]
    assert xml.parse(patient(inner), misfits=misfits) == {"resourceType": "Patient", **content}
    assert [misfit.place for misfit in misfits] == [place]


def test_a_narrative_after_one_that_is_passed_over_keeps_its_source() -> None:
    one, other = (f"<div {XHTML}><p>{word}</p></div>" for word in ("one", "other"))
    text = f'<text><status value="generated"/>{other}</text>'
    misfits: list[xml.Misfit] = []
    parsed = xml.parse(patient(f"<unknown>{one}{one}</unknown>{text}"), misfits=misfits)
    assert parsed["text"]["div"] == other
    assert len(misfits) == 1


def test_only_so_many_misfits_are_passed_over() -> None:
    misfits: list[xml.Misfit] = []
    with pytest.raises(ParseError):
        xml.parse(patient("<unknown/>" * 101), misfits=misfits)
    assert len(misfits) == 100
