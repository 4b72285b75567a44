"""What is wrong with a resource, and the OperationOutcome that says so. Plain dicts: this is on the wire's way."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from adapter.fhir.canonical import CANONICAL

RULE = f"{CANONICAL}/CodeSystem/rule"
SUPPRESSED = "validation-suppressed"
"""Stands beside the rule's id in an issue that was suppressed."""
MAX_PLACES = 100
"""How many places one issue names: what counts them says so in its words."""
_SEVERITIES = ("fatal", "error", "warning", "information")


@dataclass(frozen=True)
class Issue:
    """One finding. `severity` and `code` are FHIR's IssueSeverity and IssueType; `message` says what was found and
    what was expected, and holds no personal data; `expression` are FHIRPath locations from the resource's type on;
    `rule` is the lasting id of the rule; `profile` the canonical of the profile that it comes from. `suppressed`: it
    would be graver, and a reviewed suppression, which the message names, made it information."""

    severity: str
    code: str
    message: str
    expression: tuple[str, ...] = ()
    rule: str = ""
    profile: str = ""
    suppressed: bool = False


@dataclass(frozen=True)
class Rule:
    """A rule in the catalogue: its lasting id, the IssueType it gives, why it was broken and what mends it."""

    id: str
    code: str
    cause: str
    mend: str
    severity: str = "error"

    def issue(self, message: str, *expression: str) -> Issue:
        """The finding that this rule is broken at `expression`, of which the first MAX_PLACES are told."""
        return Issue(self.severity, self.code, message, expression[:MAX_PLACES], self.id)


def to_fhir(issues: Iterable[Issue]) -> dict[str, Any]:
    """The OperationOutcome of the issues, in their order. No issues give one informational issue: FHIR demands one."""
    found = list(issues) or [Issue("information", "informational", "No issues were found")]
    return {"resourceType": "OperationOutcome", "issue": [_issue(issue) for issue in found]}


def worst(issues: Iterable[Issue]) -> str | None:
    """The gravest severity among the issues; None where there are none."""
    found = {issue.severity for issue in issues}
    return next((severity for severity in _SEVERITIES if severity in found), None)


def errors(issues: Iterable[Issue]) -> list[Issue]:
    """The issues that make a resource invalid: fatal and error."""
    return [issue for issue in issues if issue.severity in ("fatal", "error")]


def _issue(issue: Issue) -> dict[str, Any]:
    details: dict[str, Any] = {"text": issue.message}
    if issue.rule:
        ids = (issue.rule, SUPPRESSED) if issue.suppressed else (issue.rule,)
        details = {"coding": [{"system": RULE, "code": each} for each in ids], **details}
    message = f"{issue.message} [{issue.profile}]" if issue.profile else issue.message
    written: dict[str, Any] = {
        "severity": issue.severity,
        "code": issue.code,
        "details": details,
        "diagnostics": message,
    }
    if issue.expression:
        written["expression"] = list(issue.expression)
    return written
