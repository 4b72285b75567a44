"""Everything that can be said of a message without asking who its parties are: one verdict for all who need one."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from adapter.fhir import canonical, outcomes
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.outcomes import Issue
from adapter.fhir.shapes import objects, text
from adapter.validation import messages, rules
from adapter.validation.validator import NO_PROFILES, Validator


class MessageValidator:
    """Validates whole messages. Keep one, and use it from any thread."""

    def __init__(self, validator: Validator) -> None:
        self._validator = validator
        self._definitions: dict[str, list[dict[str, Any]]] = {}

    def knows(self, event: str) -> bool:
        """Whether the profile and the definition of an event's messages are loaded."""
        known = self._validator.definitions
        return known.has(f"{canonical.MESSAGE_PROFILE}{event}", "StructureDefinition") and known.has(
            f"{canonical.MESSAGE_DEFINITION}{event}", "MessageDefinition"
        )

    def issues(
        self,
        message: MessageBundle,
        profiles: Sequence[str] = (),
        related: Sequence[dict[str, Any] | bytes] = (),
        entry_profiles: Mapping[tuple[str, int], str] = NO_PROFILES,
    ) -> list[Issue]:
        """The verdict on a message: the message rules; R4's base; and where the message rules are kept, on which the
        rest stands, the profile and the MessageDefinition of its event, where they are loaded. `profiles` are others
        that the Bundle is to keep; `related` and `entry_profiles` as `Validator.validate` has them.

        The profile is that of the event in the version that Bundle.meta.profile claims, if it claims one. Where it is
        checked, it says which codes are meant: that R4 itself would rather have others is no more than information."""
        validate = partial(self._validator.validate, related=related, entry_profiles=entry_profiles)
        broken = messages.broken(message)
        event = message.event
        if outcomes.errors(broken) or event is None or not self.knows(event):
            found = validate(message.bundle, profile=profiles).issues
            return [*found, *broken]
        profile = message.profile or ""
        eased = map(_eased, validate(message.bundle, profile=(profile, *profiles)).issues)
        return [*eased, *broken, *_unmet(message, self._focus(event, profile.partition("|")[2]))]

    def _focus(self, event: str, version: str) -> list[dict[str, Any]]:
        """MessageDefinition.focus of an event, read once."""
        name = f"{canonical.MESSAGE_DEFINITION}{event}" + (f"|{version}" if version else "")
        found = self._definitions.get(name)
        if found is None:
            definition = self._validator.definitions.resource(name, "MessageDefinition") or {}
            found = self._definitions[name] = objects(definition.get("focus"))
        return found


def _eased(issue: Issue) -> Issue:
    if issue.rule != rules.CODE_EXTENSIBLE.id or issue.profile:
        return issue
    return Issue("information", issue.code, issue.message, issue.expression, issue.rule)


def _unmet(message: MessageBundle, wanted: list[dict[str, Any]]) -> list[Issue]:
    """What the focus lacks, or has too much of."""
    types = [resource.get("resourceType") for resource in message.focus]
    faults = (_fault(types.count(focus.get("code")), focus) for focus in wanted)
    return [rules.DEFINITION.issue(fault, "MessageHeader.focus") for fault in faults if fault is not None]


def _fault(count: int, focus: dict[str, Any]) -> str | None:
    least, most = focus.get("min"), text(focus.get("max")) or "*"
    if isinstance(least, int) and count < least:
        return f"{count} focus resources of the type {focus.get('code')}: expected at least {least}"
    if most.isdigit() and count > int(most):
        return f"{count} focus resources of the type {focus.get('code')}: expected at most {most}"
    return None
