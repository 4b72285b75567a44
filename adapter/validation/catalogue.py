"""The catalogue of rules as a page: `python -m adapter.validation.catalogue > docs/reference/validation-rules.md`."""

import sys

from adapter.fhir.outcomes import Rule
from adapter.validation.rules import base, bundles, messages, profiles

_PARTS = (
    ("Base: structure, values, terminology, references, extensions, narrative", base),
    ("Bundles", bundles),
    ("Profiles, and the verdict itself", profiles),
    ("Messages", messages),
)


def markdown() -> str:
    """Every rule by part: id, severity, FHIR's issue type, why it was broken, what mends it."""
    lines = [
        "# Validation rules",
        "",
        "Made by `python -m adapter.validation.catalogue`. An id is lasting: it stands in `issue.details.coding.code`",
        "of an OperationOutcome, in `adapter validate`, and in the fixtures. Where an issue's severity follows from",
        "the definition (invariants) or from a setting, the one that is shown is the usual.",
    ]
    for title, module in _PARTS:
        found = [rule for rule in vars(module).values() if isinstance(rule, Rule)]
        lines += ["", f"## {title}", "", "| id | severity | issue type | cause | mend |", "|---|---|---|---|---|"]
        lines += [_row(rule) for rule in sorted(found, key=lambda rule: rule.id)]
    return "\n".join(lines) + "\n"


def _row(rule: Rule) -> str:
    cells = (f"`{rule.id}`", rule.severity, rule.code, rule.cause, rule.mend)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    sys.stdout.write(markdown())
