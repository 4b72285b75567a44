"""A MeasureReport held against its Measure.

FHIR R4, MeasureReport (https://hl7.org/fhir/R4/measurereport-definitions.html): a group for each group of the measure,
a population for each population of the group, a stratifier for each of its stratifiers, told apart by their codes; a
score as the measure's scoring has it (code system measure-scoring): a proportion is a number from 0 to 1, a cohort has
none; subjects are listed where type is subject-list.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Protocol

from adapter.fhir.shapes import obj, objects, text
from adapter.validation import references, rules
from adapter.validation.run import Path, Run

_SCORED = ("proportion", "ratio", "continuous-variable")
_OBSERVATION = ("http://terminology.hl7.org/CodeSystem/measure-population", "measure-observation")
Codes = frozenset[tuple[Any, Any]]
Pair = tuple[dict[str, Any], dict[str, Any], Path]
"""A part of the measure, the report's part of the same code, and where that is."""


class Definitions(Protocol):
    """Where Measures come from."""

    def resource(self, canonical: str, resource_type: str | None = None) -> dict[str, Any] | None:
        """The resource with that canonical; None where there is none."""


def checking(definitions: Definitions) -> Callable[[dict[str, Any], Run, Path], None]:
    """The check of MeasureReports against the Measures that are loaded, or that stand in the report."""

    def check(report: dict[str, Any], run: Run, path: Path) -> None:
        canonical = text(report.get("measure")) or ""
        if canonical.startswith("#"):
            measure = run.frame.outer.contained.get(canonical[1:])
        else:
            measure = definitions.resource(canonical, "Measure") if canonical else None
        if measure is None or measure.get("resourceType") != "Measure":
            words = "the Measure is not loaded: the report was not held against it"
            run.report(rules.MEASURE_UNKNOWN, words, (path, "measure") if canonical else path)
            return
        for wanted, group, place in _groups(measure, report, run, path):
            _check_score(_scoring(measure), group, run, place)
            for _, population, where in _paired(wanted, group, "population", run, place):
                _check_subjects(population, report.get("type") == "subject-list", run, where)
            for _ in _paired(wanted, group, "stratifier", run, place):
                pass

    return check


def _scoring(measure: dict[str, Any]) -> str:
    codes = (text(each.get("code")) for each in objects(obj(measure.get("scoring")).get("coding")))
    return next((code for code in codes if code is not None), "")


def _groups(measure: dict[str, Any], report: dict[str, Any], run: Run, path: Path) -> Iterator[Pair]:
    """The groups: where there is one on each side, they need no code."""
    wanted, given = objects(measure.get("group")), objects(report.get("group"))
    if len(wanted) == len(given) == 1 and not (_codes(wanted[0]) and _codes(given[0])):
        yield wanted[0], given[0], ((path, "group"), 0)
    elif wanted and report.get("type") != "data-collection":
        yield from _paired(measure, report, "group", run, path)


def _paired(measure: dict[str, Any], report: dict[str, Any], name: str, run: Run, path: Path) -> Iterator[Pair]:
    """The parts of that name with the same code; reports those that the measure has not, has once, or has alone."""
    wanted = objects(measure.get(name))
    found: set[int] = set()
    for index, part in enumerate(objects(report.get(name))):
        place = ((path, name), index)
        codes = _codes(part)
        match = next((at for at, each in enumerate(wanted) if codes & _codes(each)), None)
        if match is None:
            words = f"the measure has no {name} with the code" if codes else "there is no code: expected the measure's"
            run.report(rules.MEASURE_PART, words, place)
        elif match in found:
            run.report(rules.MEASURE_PART, f"another {name} has this code: expected one", place)
        else:
            found.add(match)
            yield wanted[match], part, place
    lacking = [each for at, each in enumerate(wanted) if at not in found and _OBSERVATION not in _codes(each)]
    if lacking:
        words = f"expected a {name} for each of the measure: {len(lacking)} are missing"
        run.report(rules.MEASURE_PART, words, path)


def _codes(part: dict[str, Any]) -> Codes:
    """The codes of a part, or the text of a concept that has none; a stratifier may have several concepts."""
    concept = part.get("code")
    found: set[tuple[Any, Any]] = set()
    for each in objects(concept) if isinstance(concept, list) else [obj(concept)]:
        codings = objects(each.get("coding"))
        found |= {(text(coding.get("system")), code) for coding in codings if (code := text(coding.get("code")))}
        if not codings and text(each.get("text")) is not None:
            found.add(("", each["text"]))
    return frozenset(found)


def _check_score(scoring: str, group: dict[str, Any], run: Run, place: Path) -> None:
    score = group.get("measureScore")
    if scoring == "cohort" and score is not None:
        run.report(rules.MEASURE_SCORE, "a cohort has no score", (place, "measureScore"))
    if scoring not in _SCORED:
        return
    if score is None:
        run.report(rules.MEASURE_SCORE, f"there is no score: expected one, the measure is a {scoring}", place)
        return
    value = obj(score).get("value")
    if not isinstance(value, (int, Decimal)) or isinstance(value, bool):
        run.report(rules.MEASURE_SCORE, "the score has no value", (place, "measureScore"))
    elif scoring == "proportion" and (not 0 <= value <= 1 or obj(score).keys() & {"unit", "system", "code"}):
        words = "the score of a proportion is a number from 0 to 1 without unit"
        run.report(rules.MEASURE_SCORE, words, (place, "measureScore"))


def _check_subjects(population: dict[str, Any], is_listed: bool, run: Run, place: Path) -> None:
    subjects, count = population.get("subjectResults"), population.get("count")
    if not is_listed:
        if subjects is not None:
            words = "subjects are listed: expected none, the type of the report is not subject-list"
            run.report(rules.MEASURE_SUBJECTS, words, place)
        return
    url = text(obj(subjects).get("reference"))
    target = references.target(url, run.frame).resource if url is not None else None
    listed = len(objects(target.get("entry"))) if target is not None and target.get("resourceType") == "List" else None
    if listed is not None and isinstance(count, int) and listed != count:
        run.report(rules.MEASURE_SUBJECTS, f"{listed} subjects are listed: expected as many as count says", place)
