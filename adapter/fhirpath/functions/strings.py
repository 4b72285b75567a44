"""Functions of texts."""

from collections.abc import Callable
from typing import Any

from adapter.fhirpath import patterns
from adapter.fhirpath.arithmetic import MAX_TEXT, limited
from adapter.fhirpath.compiler import Site
from adapter.fhirpath.conditions import holds_text
from adapter.fhirpath.environment import Scope
from adapter.fhirpath.errors import FhirPathError
from adapter.fhirpath.functions.singles import integer, text
from adapter.fhirpath.nodes import Node, boxed
from adapter.fhirpath.plans import Plan, boolean, truth_of
from adapter.fhirpath.registry import built, plain
from adapter.fhirpath.work import LONG_TEXT, MATCHED

_SPACE = " \t\r\n"


def _texts(name: str, arguments: int, apply: Callable[..., Any]) -> None:
    """A function of a text, with texts as arguments, that is empty where any of them is."""

    @plain(name, arguments)
    def function(_scope: Scope, items: list[Any], *others: list[Any]) -> list[Any]:
        value = text(items, f"{name}()")
        found = [text(other, f"{name}()") for other in others]
        return [] if value is None or None in found else [apply(value, *found)]


_texts("startsWith", 1, str.startswith)
_texts("endsWith", 1, str.endswith)
_texts("contains", 1, str.__contains__)
_texts("indexOf", 1, str.find)
_texts("lastIndexOf", 1, str.rfind)
_texts("upper", 0, str.upper)
_texts("lower", 0, str.lower)
_texts("length", 0, len)
_texts("trim", 0, lambda value: value.strip(_SPACE))


def _replace(value: str, pattern: str, substitution: str) -> str:
    growth = value.count(pattern) * max(0, len(substitution) - len(pattern))
    if len(value) + growth > MAX_TEXT:
        raise FhirPathError(f"a text grows beyond {MAX_TEXT} characters")
    return value.replace(pattern, substitution)


_texts("replace", 2, _replace)


@plain("toChars")
def to_chars(_scope: Scope, items: list[Any]) -> list[Any]:
    return list(text(items, "toChars()") or "")


@plain("substring", 1, 2)
def substring(_scope: Scope, items: list[Any], start: list[Any], length: list[Any] | None = None) -> list[Any]:
    value, begin = text(items, "substring()"), integer(start, "substring()")
    count = None if length is None else integer(length, "substring()")
    if value is None or begin is None or not 0 <= begin < len(value):
        return []
    return [value[begin:] if count is None else value[begin : begin + max(count, 0)]]


@plain("split", 1)
def split(_scope: Scope, items: list[Any], separator: list[Any]) -> list[Any]:
    value, mark = text(items, "split()"), text(separator, "split()")
    if value is None or mark is None:
        return []
    return value.split(mark) if mark else list(value)


@plain("join", 0, 1)
def join(_scope: Scope, items: list[Any], separator: list[Any] | None = None) -> list[Any]:
    mark = "" if separator is None else text(separator, "join()") or ""
    found = [value for value in (text([item], "join()") for item in items) if value is not None]
    if sum(map(len, found)) + len(mark) * len(found) > MAX_TEXT:
        raise FhirPathError(f"a text grows beyond {MAX_TEXT} characters")
    return [mark.join(found)] if items else []


def _pattern(regex: list[Any], flags: list[Any] | None, what: str) -> patterns.Pattern | None:
    found = text(regex, what)
    return None if found is None else patterns.compiled(found, "" if flags is None else text(flags, what) or "")


def _matches(_scope: Scope, items: list[Any], regex: list[Any], flags: list[Any] | None = None) -> list[Any]:
    value, pattern = text(items, "matches()"), _pattern(regex, flags, "matches()")
    return [] if value is None or pattern is None else [pattern.search(value)]


@built("matches", 1, 2)
def matches(site: Site, source: Plan) -> Plan:
    arguments = [site.argument(i) for i in range(site.count)]
    run, type_, boxes = source.run, source.raw, [argument.boxed() for argument in arguments]
    form = arguments[0].constant[0] if arguments[0].constant and site.count == 1 else None
    is_quick = form.__class__ is str and (type_ is None or holds_text(type_))

    def truth(this: Any, scope: Scope) -> bool | None:
        items = run(this, scope)
        if is_quick and len(items) == 1 and items[0].__class__ is str and len(items[0]) <= LONG_TEXT:
            return patterns.compiled(str(form)).search(items[0])
        for item in items:
            value = item.value if item.__class__ is Node else item
            scope.work.spend(1 + len(value) // MATCHED if value.__class__ is str else 1)
        return truth_of(_matches(scope, boxed(items, type_), *[each(this, scope) for each in boxes]))

    return boolean(truth)


@plain("matchesFull", 1, 2)
def matches_full(_scope: Scope, items: list[Any], regex: list[Any], flags: list[Any] | None = None) -> list[Any]:
    value, pattern = text(items, "matchesFull()"), _pattern(regex, flags, "matchesFull()")
    return [] if value is None or pattern is None else [pattern.fullmatch(value)]


@plain("replaceMatches", 2, 3)
def replace_matches(
    _scope: Scope, items: list[Any], regex: list[Any], by: list[Any], flags: list[Any] | None = None
) -> list[Any]:
    value, substitution = text(items, "replaceMatches()"), text(by, "replaceMatches()")
    pattern = _pattern(regex, flags, "replaceMatches()")
    if value is None or substitution is None or pattern is None:
        return []
    if not text(regex, "replaceMatches()"):
        return [value]
    return [limited(pattern.replace(value, substitution))]
