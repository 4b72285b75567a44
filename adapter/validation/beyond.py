"""What R4 does not forbid and some want forbidden: checked where it is asked for."""

import re
from collections.abc import Callable, Collection, Iterator
from typing import Any, Literal

from adapter.fhir.elements import table
from adapter.fhir.outcomes import Rule
from adapter.validation import references, rules
from adapter.validation.primitives import TEXTS, is_absolute
from adapter.validation.run import Frame, Path, Run

Beyond = Literal["markup", "example-urls", "missing-targets"]
"""`markup`: a string or markdown holds what looks like an HTML tag, which a reader may run. `example-urls`: a URL leads
to a domain that is reserved for examples (RFC 2606, section 3). `missing-targets`: a relative reference leads to
nothing that is here."""

_URLS = frozenset({"uri", "url", "canonical"})
_TAG = re.compile(r"(?<!\\)<[/!?]?[A-Za-z][^<>]*>")
_EXAMPLE = re.compile(r"(?i:[a-z][a-z0-9+.-]*://([^/?#@]*@)?([^/?#:]*\.)?example\.(com|net|org)([/?#:]|$))")

_Value = tuple[Any, str, Path]
"""A value of an element, its type and its place."""


def check(frames: Collection[Frame], wanted: Collection[Beyond], run: Run) -> None:
    """Looks at all values of the resources that were walked."""
    asked = [_CHECKS[name] for name in _CHECKS if name in wanted]
    for frame in frames:
        run.frame = frame
        for value, type_, path in _values(frame.resource, frame.type, frame.path):
            for finds, rule in asked:
                words = finds(value, type_, frame)
                if words:
                    run.report(rule, words, path)


def _values(value: dict[str, Any], type_: str, path: Path) -> Iterator[_Value]:
    """All values below an object, the extensions of a primitive too; of resources within only what all resources have,
    for they are walked by themselves."""
    known = table().get(type_)
    for key, member in value.items():
        beside = key[:1] == "_"
        element = known.by_name.get(key[beside:]) if known is not None else None
        if element is None:
            continue
        inner = "Element" if beside else element.type
        for each, place in _each(member, (path, element.step)):
            yield each, inner, place
            if each.__class__ is dict:
                yield from _values(each, inner, place)


def _each(member: Any, path: Path) -> Iterator[tuple[Any, Path]]:
    if member.__class__ is list:
        for index, each in enumerate(member):
            yield each, (path, index)
    else:
        yield member, path


def _markup(value: Any, type_: str, _frame: Frame) -> str:
    found = type_ in TEXTS and value.__class__ is str and _TAG.search(value)
    return "the text holds what looks like an HTML tag: expected none" if found else ""


def _example_url(value: Any, type_: str, _frame: Frame) -> str:
    found = type_ in _URLS and value.__class__ is str and _EXAMPLE.match(value)
    return "the URL leads to a domain for examples: expected a real one" if found else ""


def _missing_target(value: Any, type_: str, frame: Frame) -> str:
    url = value.get("reference") if type_ == "Reference" and value.__class__ is dict else None
    if url.__class__ is not str or is_absolute(url) or not references.is_rest(url):
        return ""
    found = references.target(url, frame).resource
    return "" if found is not None else "the reference leads to no resource that is here: expected it to be given"


_CHECKS: dict[Beyond, tuple[Callable[[Any, str, Frame], str], Rule]] = {
    "markup": (_markup, rules.TEXT_MARKUP),
    "example-urls": (_example_url, rules.URL_EXAMPLE),
    "missing-targets": (_missing_target, rules.REFERENCE_MISSING),
}
