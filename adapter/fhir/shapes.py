"""Reading what may not have the shape it should: the wrong shape reads as absent, never as an exception.

The rules that say what is wrong run after; until then a string may stand where an object is expected.
"""

from typing import Any


def obj(value: object) -> dict[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: object) -> list[dict[str, Any]]:
    """The objects of a JSON array, in order; other members are left out, and anything but an array gives none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def texts(value: object) -> list[str]:
    """The strings of a JSON array, in order; anything but an array gives none."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def text(value: object) -> str | None:
    """The value if it is a string with content, else None."""
    return value if isinstance(value, str) and value.strip() else None


def every_object(value: object) -> list[dict[str, Any]]:
    """The value if it is a JSON object, and the objects in it at any depth: each before what is in it, and of what
    stands side by side the last first."""
    waiting, found = [value], list[dict[str, Any]]()
    while waiting:
        each = waiting.pop()
        if isinstance(each, list):
            waiting += each
        elif isinstance(each, dict):
            found.append(each)
            waiting += [inner for inner in each.values() if isinstance(inner, (dict, list))]
    return found
