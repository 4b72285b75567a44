"""Which codec reads a body: told by its media type, never by a guess at the content."""

from typing import Any

from adapter.fhir import json, xml


def parse(content: bytes, media_type: str) -> dict[str, Any]:
    """The resource in bytes of that media type: XML for …/xml and …+xml, else JSON. Raises ParseError.

    Only the type itself counts: it is written in any case (RFC 9110 8.3.1), and a parameter may hold any word.
    """
    essence = media_type.partition(";")[0].strip().lower()
    return xml.parse(content) if essence.endswith(("/xml", "+xml")) else json.parse(content)
