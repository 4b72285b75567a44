"""Python source that is written when a type or profile is first met, and the function that it makes."""

from typing import Any

from adapter.validation.run import Clean, Unclean


class Source:
    """The body of one function of `value` and `run`, and the objects that it names. It raises Unclean where something
    may be wrong with the value."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._lines = ["def clean(value, run):"]
        self._objects: dict[str, Any] = {"Unclean": Unclean}

    @property
    def text(self) -> str:
        """What is written so far, for people."""
        return "\n".join(self._lines)

    def write(self, depth: int, *lines: str) -> None:
        """Adds lines of a depth of indentation, 1 being that of the body."""
        self._lines += [f"{'    ' * depth}{line}" for line in lines]

    def unclean(self, depth: int, condition: str) -> None:
        """Adds a condition on which the value may be wrong."""
        self.write(depth, f"if {condition}:", "    raise Unclean")

    def named(self, kind: str, thing: Any) -> str:
        """A name for an object that the source speaks of."""
        name = f"{kind}{len(self._objects)}"
        self._objects[name] = thing
        return name

    def function(self) -> Clean:
        """The function that is written."""
        code = compile(self.text + "\n    return None\n", f"<clean {self._label}>", "exec")
        exec(code, self._objects)  # noqa: S102 - nothing in it but names of R4's elements and what is written here
        found: Clean = self._objects["clean"]
        return found
