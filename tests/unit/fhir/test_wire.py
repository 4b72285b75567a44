"""A media type decides the codec by its type alone."""

import pytest

from adapter.fhir import wire
from adapter.support.errors import ParseError

JSON = b'{"resourceType":"Patient","active":true}'
XML = b'<Patient xmlns="http://hl7.org/fhir"><active value="true"/></Patient>'


@pytest.mark.parametrize(
    "media_type",
    ["application/fhir+xml", "application/FHIR+XML", " Text/XML ; charset=utf-8", "application/xml;x=json"],
)
def test_xml_is_read_as_xml_however_its_type_is_written(media_type: str):
    assert wire.parse(XML, media_type) == {"resourceType": "Patient", "active": True}
    with pytest.raises(ParseError):
        wire.parse(JSON, media_type)


@pytest.mark.parametrize(
    "media_type", ["application/fhir+json", "Application/JSON", 'application/json; profile="http://x.example/xml"', ""]
)
def test_a_parameter_does_not_make_json_xml(media_type: str):
    assert wire.parse(JSON, media_type) == {"resourceType": "Patient", "active": True}
