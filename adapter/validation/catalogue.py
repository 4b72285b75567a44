"""The catalogue of rules as a page: `python -m adapter.validation.catalogue > docs/reference/validation-rules.md`."""

import sys

from adapter.fhir.outcomes import Rule
from adapter.validation.rules import base, bundles, measures, messages, profiles, questionnaires
from adapter.validation.rules.examples import EXAMPLES

_PARTS = (
    ("Base: structure, values, terminology, references, extensions, narrative", base),
    ("Bundles", bundles),
    ("Profiles, and the verdict itself", profiles),
    ("QuestionnaireResponses and Questionnaires", questionnaires),
    ("MeasureReports", measures),
    ("Messages", messages),
)


def markdown() -> str:
    """Every rule by part: id, severity, FHIR's issue type, why it was broken, an example, what mends it."""
    lines = [
        "# Validation rules",
        "",
        "Made by `python -m adapter.validation.catalogue`. An id is lasting: it stands in `issue.details.coding.code`",
        "of an OperationOutcome, in `adapter validate`, and in the fixtures. Where an issue's severity follows from",
        "the definition (invariants) or from a setting, the one that is shown is the usual. Examples are cut to what",
        "matters. Ids of what is no finding of validation, such as `http-401`: [HTTP](http.md).",
    ]
    for title, module in _PARTS:
        found = [rule for rule in vars(module).values() if isinstance(rule, Rule)]
        lines += ["", f"## {title}"]
        for rule in sorted(found, key=lambda rule: rule.id):
            lines += _section(rule)
    return "\n".join(lines) + "\n"


def _section(rule: Rule) -> list[str]:
    example = EXAMPLES[rule.id]
    given = [f"given: {example.given}"] if example.given else []
    return [
        "",
        f"### `{rule.id}`",
        "",
        f"{rule.severity}, issue type {rule.code}. {rule.cause} **Mend:** {rule.mend}",
        "",
        "```text",
        *given,
        f"wrong: {example.wrong}",
        f"right: {example.right}",
        "```",
    ]


if __name__ == "__main__":
    sys.stdout.write(markdown())
