"""Python source that is written line by line, and the function that it makes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class Unusual(Exception):  # noqa: N818 - not an error: what is not usual is left to the closures
    """The content is not what it is as a rule: the closures decide."""


class Unwritable(Exception):  # noqa: N818 - not an error: the closures do it
    """An expression for which no code is written."""


class Lines:
    """The body of one function of `this` and `scope`, and the objects that it names."""

    def __init__(self) -> None:
        self._first = ["def written(this, scope):"]
        self._lines: list[str] = []
        self._names = 0
        self.objects: dict[str, Any] = {"Unusual": Unusual}

    @property
    def text(self) -> str:
        """What is written so far."""
        return "\n".join(self._first + self._lines)

    @property
    def mark(self) -> int:
        """Where the next line will stand."""
        return len(self._lines)

    def back_to(self, mark: int) -> None:
        """Takes back what was written since."""
        del self._lines[mark:]

    def write(self, depth: int, *lines: str) -> None:
        """Adds lines of a depth of indentation, 1 being that of the body."""
        self._lines += [f"{'    ' * depth}{line}" for line in lines]

    def unusual(self, depth: int, condition: str) -> None:
        """Adds a condition on which the closures decide."""
        self.write(depth, f"if {condition}:", "    raise Unusual")

    @contextmanager
    def ahead(self) -> Iterator[None]:
        """What is written within stands before all that is not."""
        kept, self._lines = self._lines, self._first
        try:
            yield
        finally:
            self._lines = kept

    def variable(self) -> str:
        """A name of its own."""
        self._names += 1
        return f"v{self._names}"

    def named(self, thing: Any) -> str:
        """A name for an object that the source speaks of."""
        self._names += 1
        self.objects[f"o{self._names}"] = thing
        return f"o{self._names}"

    def function(self) -> Callable[[Any, Any], Any]:
        """The function that is written."""
        code = compile(self.text, "<condition>", "exec")
        exec(code, self.objects)  # noqa: S102 - names of R4's elements, string literals, and what the writer writes
        found: Callable[[Any, Any], Any] = self.objects["written"]
        return found
