"""Texts as other formats write them."""

import base64
import binascii
import html
import json
from typing import Any

from adapter.fhirpath.environment import Scope
from adapter.fhirpath.errors import FhirPathError
from adapter.fhirpath.functions.singles import text
from adapter.fhirpath.registry import plain


@plain("encode", 1)
def encode(_scope: Scope, items: list[Any], form: list[Any]) -> list[Any]:
    value, name = text(items, "encode()"), text(form, "encode()")
    if value is None or name is None:
        return []
    content = value.encode("utf-8", "replace")
    match name:
        case "hex":
            return [content.hex()]
        case "base64":
            return [base64.b64encode(content).decode()]
        case "urlbase64":
            return [base64.urlsafe_b64encode(content).decode()]
        case "ascii":
            return [value.encode("ascii", "replace").decode()]
    raise FhirPathError("encode() knows hex, base64, urlbase64 and ascii")


@plain("decode", 1)
def decode(_scope: Scope, items: list[Any], form: list[Any]) -> list[Any]:
    value, name = text(items, "decode()"), text(form, "decode()")
    if value is None or name is None:
        return []
    if name not in ("hex", "base64", "urlbase64"):
        raise FhirPathError("decode() knows hex, base64 and urlbase64")
    try:
        if name == "hex":
            return [bytes.fromhex(value).decode()]
        return [base64.b64decode(value, b"-_" if name == "urlbase64" else None, validate=True).decode()]
    except (binascii.Error, ValueError):
        return []


@plain("escape", 1)
def escape(_scope: Scope, items: list[Any], target: list[Any]) -> list[Any]:
    value, name = text(items, "escape()"), text(target, "escape()")
    if value is None or name is None:
        return []
    if name == "html":
        return [html.escape(value)]
    if name == "json":
        return [json.dumps(value, ensure_ascii=False)[1:-1]]
    raise FhirPathError("escape() knows html and json")


@plain("unescape", 1)
def unescape(_scope: Scope, items: list[Any], target: list[Any]) -> list[Any]:
    value, name = text(items, "unescape()"), text(target, "unescape()")
    if value is None or name is None:
        return []
    if name == "html":
        return [html.unescape(value)]
    if name == "json":
        try:
            return [json.loads(f'"{value}"', strict=False)]
        except ValueError:
            return []
    raise FhirPathError("unescape() knows html and json")
