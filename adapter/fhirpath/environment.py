"""What an expression may ask of its surroundings, and the state of one evaluation."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from adapter.fhirpath import temporal
from adapter.fhirpath.errors import FhirPathError
from adapter.fhirpath.model import Type
from adapter.fhirpath.nodes import Node, plain
from adapter.fhirpath.work import Work
from adapter.support.clock import Clock, SystemClock


class Environment(Protocol):
    """Answers what needs definitions, terminology or other resources. A method that cannot tell raises FhirPathError,
    which makes the expression one that cannot be evaluated."""

    def resolve(self, reference: str) -> dict[str, Any] | None:
        """The resource of a reference or canonical URL that leads out of the resource; None where there is none."""

    def member_of(self, value: Any, type_name: str, value_set: str) -> bool | None:
        """Whether a code, Coding or CodeableConcept (JSON) is in a value set; None where no one can tell."""

    def conforms_to(self, value: Any, type_name: str, profile: str) -> bool:
        """Whether a value (JSON) is valid against a profile."""

    def html_issues(self, narrative: str) -> list[str]:
        """What is wrong with a narrative's XHTML beyond what the engine itself checks."""

    def trace(self, name: str, values: list[Any]) -> None:
        """Takes note of what trace() was given."""


class Bare:
    """No surroundings: only what the resource itself tells."""

    def resolve(self, reference: str) -> dict[str, Any] | None:  # noqa: ARG002 - as any environment
        raise FhirPathError(
            "resolve() meets a reference that leads out of the resource, and nothing is given that follows it"
        )

    def member_of(self, value: Any, type_name: str, value_set: str) -> bool | None:  # noqa: ARG002 - as any environment
        raise FhirPathError("memberOf() needs a terminology, and none is given")

    def conforms_to(self, value: Any, type_name: str, profile: str) -> bool:  # noqa: ARG002 - as any environment
        raise FhirPathError("conformsTo() needs definitions, and none are given")

    def html_issues(self, narrative: str) -> list[str]:  # noqa: ARG002 - as any environment
        return []

    def trace(self, name: str, values: list[Any]) -> None:
        """Lets it pass."""


class Scope:
    """The state of one evaluation: what stays (`resource`, `root`, `input`) and what loops set (`index`, `total`).

    Reusable for any number of expressions on elements of one resource, which must not change meanwhile; `input`, an
    item with its type where it is raw, is set by each. `memory` holds what only depends on the resource, `work` what
    all of them may still do; scopes may share it.
    """

    __slots__ = (
        "_now",
        "clock",
        "environment",
        "index",
        "input",
        "memory",
        "resource",
        "root",
        "total",
        "variables",
        "work",
    )

    def __init__(
        self,
        resource: Node,
        root: Node | None = None,
        environment: Environment | None = None,
        clock: Clock | None = None,
        variables: dict[str, list[Any]] | None = None,
        work: Work | None = None,
    ) -> None:
        self.resource = resource
        self.root = root or resource
        self.input: tuple[Any, Type | None] = (resource, None)
        self.environment: Environment = environment or Bare()
        self.clock: Clock = clock or SystemClock()
        self.variables: dict[str, list[Any]] = variables or {}
        self.index = 0
        self.total: list[Any] | None = None
        self.memory: dict[object, list[Any]] = {}
        self.work = work or Work()
        self._now: datetime | None = None

    def trace(self, name: str, values: Callable[[], list[Any]]) -> None:
        """Tells the environment, if there is one to tell."""
        if self.environment.__class__ is not Bare:
            self.environment.trace(name, [plain(value) for value in values()])

    def now(self) -> temporal.DateTime:
        """The time of the evaluation: the same however often it is asked for."""
        if self._now is None:
            self._now = self.clock.now()
        return temporal.of(self._now)
