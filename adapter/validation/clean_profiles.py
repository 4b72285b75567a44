"""Functions that tell in one pass that an object keeps a profile, or that it may not: `clean` for profiles.

What a profile adds to R4 is a tree of checks of the elements that it says more of. Here it becomes one function, in
which those elements are looked at by name, one within another; checks that are no such element (slices, invariants,
bindings) are called as they are, and what they report makes the object Unclean.
"""

from adapter.validation.primitives import Recurring
from adapter.validation.run import Check, Needing
from adapter.validation.shortcuts import Watched
from adapter.validation.source import Source

_DEEPEST = 12
"""Levels of elements in one function; Python allows for 20 loops in each other."""


def source(label: str, checks: tuple[Check, ...]) -> Source:
    """The source of the function of objects that the checks are of."""
    written = Source(label)
    _write(written, checks, "value", 1, 0)
    return written


def _write(source: Source, checks: tuple[Check, ...], variable: str, depth: int, level: int) -> None:
    for check in checks:
        if isinstance(check, Watched) and level < _DEEPEST and check.occurrence.key.isidentifier():
            _element(source, check, variable, depth, level)
        elif isinstance(check, Needing):
            there = " and ".join(f"({name!r} in {variable} or {extra!r} in {variable})" for name, extra in check.pairs)
            source.write(depth, f"if {variable}.__class__ is not dict or {there}:")
            source.write(depth + 1, f"{source.named('check', check.check)}({variable}, run, None)")
        elif isinstance(check, Recurring):
            good = source.named("good", check.good)
            source.write(depth, f"if {variable}.__class__ is not str or {variable} not in {good}:")
            source.write(depth + 1, f"{source.named('check', check)}({variable}, run, None)")
        else:
            source.write(depth, f"{source.named('check', check)}({variable}, run, None)")


def _element(source: Source, check: Watched, owner: str, depth: int, level: int) -> None:
    """An element by its member: absent, an array of as many values as may be, or one value; else it is unusual."""
    found = check.occurrence
    value = f"{found.key}_{level}"
    slow = f"{source.named('slow', check.slow)}({owner}, run, None)"
    source.write(depth, f"{value} = {owner}.get({found.key!r})")
    unusual = f"{found.extra!r} in {owner}" if found.extra else ""
    if found.is_list and not found.is_primitive:
        few = f"{found.least} <= len({value}) <= {found.greatest}"
        usual = f"{value}.__class__ is list and {few}"
    else:
        usual = f"{value}.__class__ is not list" + ("" if found.least <= 1 <= found.greatest else " and False")
        usual += f" and not {unusual}" if unusual else ""
    absent = f"{value} is None" + (f" and not {unusual}" if unusual else "")
    if found.least:
        source.write(depth, f"if {value} is None:", f"    {slow}")
    else:
        source.write(depth, f"if {absent}:", "    pass")
    source.write(depth, f"elif not ({usual}):", f"    {slow}")
    if not check.checks:
        return
    source.write(depth, "else:")
    if found.is_primitive:
        _write(source, check.checks, value, depth + 1, level + 1)
    elif found.is_list:
        item = f"{value}_item"
        source.write(depth + 1, f"for {item} in {value}:")
        _object(source, check.checks, item, depth + 2, level)
    else:
        _object(source, check.checks, value, depth + 1, level)


def _object(source: Source, checks: tuple[Check, ...], variable: str, depth: int, level: int) -> None:
    source.unclean(depth, f"{variable}.__class__ is not dict or 'resourceType' in {variable}")
    _write(source, checks, variable, depth, level + 1)
