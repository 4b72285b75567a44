"""Pages from templates, in the reader's language; every value is escaped."""

import hashlib
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from adapter.fhir import instants
from adapter.support.clock import STOCKHOLM
from adapter.web.console import texts
from adapter.web.console.gap_texts import gap_words
from adapter.web.console.texts import Language

_HERE = Path(__file__).parent
STATIC = {"console.css": "text/css", "console.js": "text/javascript", "icon.svg": "image/svg+xml"}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    # same-origin, not no-referrer: with the latter a browser hides the origin of our own forms
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "X-Frame-Options": "DENY",
}


@cache
def static(name: str) -> bytes:
    return (_HERE / "static" / name).read_bytes()


@cache
def static_version() -> str:
    """Changes with any static file, so that a browser may keep what it has for as long as it likes."""
    return hashlib.sha256(b"".join(map(static, STATIC))).hexdigest()[:12]


def page(template: str, language: Language, now: datetime, status: int = 200, **values: Any) -> HTMLResponse:
    """A rendered page. `now` is for how long ago things were."""
    html = (
        _environment()
        .get_template(template)
        .render(
            lang=language,
            now=now,
            t=partial(texts.text, language=language),
            event_name=partial(texts.event_name, language=language),
            attention_text=partial(texts.attention_text, language=language),
            gap_words=partial(gap_words, language=language),
            ago=partial(ago, now=now, language=language),
            version=static_version(),
            **values,
        )
    )
    return HTMLResponse(html, status, HEADERS)


def text(template: str, language: Language, **values: Any) -> str:
    """A rendered document that is no page of the console."""
    return _environment().get_template(template).render(lang=language, **values)


def local(instant: datetime | None) -> str:
    """Local Swedish date and time; a dash for None."""
    return "–" if instant is None else instant.astimezone(STOCKHOLM).strftime("%Y-%m-%d %H:%M:%S")


def ago(instant: datetime, *, now: datetime, language: Language) -> str:
    """How long ago, in one unit."""
    seconds = int((now - instant).total_seconds())
    number = abs(seconds)
    unit = "s"
    for size, name in (
        (86_400, {"sv": "d", "en": "d"}),
        (3_600, {"sv": "tim", "en": "h"}),
        (60, {"sv": "min", "en": "min"}),
    ):
        if number >= size:
            number, unit = number // size, name[language]
            break
    if seconds < 0:
        return f"om {number} {unit}" if language == "sv" else f"in {number} {unit}"
    return f"för {number} {unit} sedan" if language == "sv" else f"{number} {unit} ago"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["local"] = local
    environment.filters["iso"] = datetime.isoformat
    environment.filters["instant"] = instants.parse
    return environment
