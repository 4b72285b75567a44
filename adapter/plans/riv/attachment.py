"""A document as the bytes of an attachment: PDF, or plain text where PDF cannot carry it whole."""

import io
import textwrap
from collections.abc import Iterator
from typing import Literal

import pydyf

from adapter.plans.riv.contract import LARGEST_ATTACHMENT, Attachment
from adapter.plans.riv.document import Document

Form = Literal["pdf", "text"]

_WIDTH, _HEIGHT, _MARGIN = 595, 842, 51  # A4 in points
_BODY, _LARGE, _LEADING = 10, 13, 14
_COLUMNS = 82  # of Courier, whose characters are 0.6 of their size wide
_LARGE_COLUMNS = 63
_LINES = 51
_MOST_TEXT = 500_000
"""Bytes of text beyond which no PDF is tried: it would not fit either."""

Line = tuple[str, str]
"""(font: N normal, B bold or L large, the text)"""


def attach(document: Document, form: Form) -> Attachment | None:
    """The attachment, which never holds a part of the document: PDF where that is asked for, fits and has a character
    for each of the document's; else text; None where neither fits. The same document gives the same bytes."""
    written = _plain(document).encode()
    pdf = _pdf(document) if form == "pdf" and len(written) <= _MOST_TEXT else None
    if pdf is not None and len(pdf) <= LARGEST_ATTACHMENT:
        return Attachment("application/pdf", pdf)
    return Attachment("text/plain", written) if len(written) <= LARGEST_ATTACHMENT else None


def _plain(document: Document) -> str:
    parts = [document.title, document.subject, *filter(None, [document.warning])]
    blocks = ["\n".join(parts)]
    blocks += ["\n".join((section.heading.upper(), *section.lines)) for section in document.sections]
    return "\n\n".join(blocks) + "\n"


def _pdf(document: Document) -> bytes | None:
    """None where the fonts that every reader has (WinAnsi) lack a character of it."""
    lines = list(_lines(document))
    pages = [lines[start : start + _LINES] for start in range(0, len(lines), _LINES)]
    pdf = pydyf.PDF()
    fonts = pydyf.Dictionary()
    for name, face in (("N", "Courier"), ("B", "Courier-Bold"), ("L", "Courier-Bold")):
        font = {"Type": "/Font", "Subtype": "/Type1", "BaseFont": f"/{face}", "Encoding": "/WinAnsiEncoding"}
        fonts[name] = pydyf.Dictionary(font)
    try:
        for number, page in enumerate(pages, start=1):
            footer = f"{document.subject[:60]}   sida {number} av {len(pages)}"
            _add_page(pdf, fonts, page, footer)
    except UnicodeEncodeError:
        return None
    pdf.info["Title"] = pydyf.String(document.title)
    pdf.catalog["Lang"] = pydyf.String("sv-SE")
    output = io.BytesIO()
    pdf.write(output)
    return output.getvalue()


def _add_page(pdf: pydyf.PDF, fonts: pydyf.Dictionary, lines: list[Line], footer: str) -> None:
    stream = pydyf.Stream(compress=True)
    stream.begin_text()
    stream.set_text_matrix(1, 0, 0, 1, _MARGIN, _HEIGHT - _MARGIN)
    for font, text in [*lines, *[("N", "")] * (_LINES - len(lines) + 1), ("N", footer)]:
        stream.set_font_size(font, _LARGE if font == "L" else _BODY)
        stream.show_text_string(text.encode("cp1252"))
        stream.move_text_to(0, -_LEADING)
    stream.end_text()
    pdf.add_object(stream)
    page = {
        "Type": "/Page",
        "Parent": pdf.pages.reference,
        "MediaBox": pydyf.Array([0, 0, _WIDTH, _HEIGHT]),
        "Resources": pydyf.Dictionary({"Font": fonts}),
        "Contents": stream.reference,
    }
    pdf.add_page(pydyf.Dictionary(page))


def _lines(document: Document) -> Iterator[Line]:
    yield from _wrapped("L", document.title, _LARGE_COLUMNS)
    yield from _wrapped("N", document.subject)
    if document.warning:
        yield from _wrapped("B", document.warning)
    for section in document.sections:
        yield "N", ""
        yield from _wrapped("B", section.heading)
        for line in section.lines:
            yield from _wrapped("N", line)


def _wrapped(font: str, text: str, columns: int = _COLUMNS) -> Iterator[Line]:
    for paragraph in text.expandtabs(4).splitlines() or [""]:
        indent = " " * (len(paragraph) - len(paragraph.lstrip()) + 3)
        for line in textwrap.wrap(paragraph, columns, subsequent_indent=indent[:30]) or [""]:
            yield font, line
