"""Rules of MeasureReports, each held against its Measure."""

from adapter.fhir.outcomes import Rule

_KEEP = "Change the report so that it is as the Measure says, or name the Measure that it is of."

MEASURE_UNKNOWN = Rule(
    "measure-unknown",
    "not-found",
    "The Measure of the report is in none of the packages that are loaded, nor in the report: the report was not held "
    "against it.",
    "Load the package that holds the Measure, or correct its URL.",
    severity="warning",
)
MEASURE_PART = Rule(
    "measure-part",
    "business-rule",
    "A group, population or stratifier of the report is none of the measure's, stands twice, or is missing.",
    _KEEP,
)
MEASURE_SCORE = Rule(
    "measure-score",
    "business-rule",
    "The score of a group is not as the scoring of the measure has it: a cohort has none, all others one, and a "
    "proportion is a number from 0 to 1.",
    _KEEP,
)
MEASURE_SUBJECTS = Rule(
    "measure-subjects",
    "business-rule",
    "Subjects are listed in a report that is no subject-list, or not as many as count says.",
    "List subjects only where type is subject-list, and count them.",
)
