"""What FHIRPath asks of the validation that it runs in."""

from typing import Any, Protocol

from adapter.fhir.shapes import obj, objects, text
from adapter.validation import narrative
from adapter.validation.items import Item
from adapter.validation.references import target
from adapter.validation.run import Run


class Host(Protocol):
    """What the environment needs of the validator."""

    def fits(self, item: Item, canonical: str, run: Run) -> bool:
        """Whether an item keeps a profile."""

    @property
    def terms(self) -> Any:
        """The terminology."""


class Surroundings:
    """The Bundle around the resource, the terminology, the profiles."""

    def __init__(self, host: Host, run: Run) -> None:
        self._host = host
        self._run = run

    def resolve(self, reference: str) -> dict[str, Any] | None:
        """The resource of a reference, as far as it leads to an entry of the Bundle."""
        return target(reference, self._run.frame).resource

    def member_of(self, value: Any, type_name: str, value_set: str) -> bool | None:  # noqa: ARG002 - as any environment
        """Whether a code, Coding or CodeableConcept is in a value set; None where it cannot be decided."""
        terms = self._host.terms
        if isinstance(value, str):
            found: bool | None = terms.member(value_set, None, value).result
            return found
        codings = objects(value.get("coding")) if "coding" in obj(value) else [obj(value)]
        answers = [
            terms.member(value_set, text(each.get("system")) or "", code).result
            for each in codings
            if (code := text(each.get("code"))) is not None
        ]
        return True if True in answers else None if None in answers else False

    def conforms_to(self, value: Any, type_name: str, profile: str) -> bool:
        """Whether a value keeps a profile."""
        frame = self._run.frames.get(id(value))
        path = frame.path if frame is not None else self._run.frame.path
        return self._host.fits(Item(value, type_name, path), profile, self._run)

    def html_issues(self, narrative_text: str) -> list[str]:
        """What is wrong with a narrative."""
        return narrative.issues(narrative_text)

    def trace(self, name: str, values: list[Any]) -> None:
        """Lets it pass: what it holds may be personal data."""
