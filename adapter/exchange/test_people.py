"""Messages about people who are not real in a production installation, and about others in a test installation.

A test number has the form of any other: which ones are nobody's is told by files, and never guessed. Reserve numbers of
this project's own fixtures say what they are.
"""

import re
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable
from pathlib import Path

from adapter.fhir import canonical, identifiers
from adapter.fhir.bundles import MessageBundle
from adapter.fhir.outcomes import Issue
from adapter.support.errors import ConfigurationError, Problem
from adapter.support.settings import Settings

RULE = "person-test-number"
OTHER = "person-no-test-number"
Look = Callable[[MessageBundle], list[Issue]]

_NUMBER = re.compile(r"[0-9]{8}-?[0-9]{4}")
_NUMBERS = (canonical.PERSONNUMMER, canonical.SAMORDNINGSNUMMER)
_MADE_UP = "99TEST"
_WORDS = "the message is about a test person, and this is a production installation: send it to a test installation"
_NOT_TEST = (
    "the message is about a person who is not among the test numbers, and this is a test installation: send it to a "
    "production installation"
)


def nobody(_message: MessageBundle) -> list[Issue]:
    """No number is looked at."""
    return []


def look(settings: Settings) -> Look:
    """What is said of a message about a test person in production, and where the test numbers are known, of one about
    another person in a test installation. Raises ConfigurationError where a file's line is no number."""
    known = _read(settings.test_numbers.files)
    if settings.environment != "production":
        return _other(known) if known else nobody
    severity = "error" if settings.test_numbers.in_production == "refuse" else "warning"

    def found(message: MessageBundle) -> list[Issue]:
        is_test = any(_is_test(known, pair) for pair in _pairs(message))
        return [Issue(severity, "business-rule", _WORDS, ("Patient.identifier",), RULE)] if is_test else []

    return found


def _other(known: "array[int]") -> Look:
    def found(message: MessageBundle) -> list[Issue]:
        numbers = [pair for pair in _pairs(message) if pair[0] in _NUMBERS]
        if all(_is_test(known, pair) for pair in numbers):
            return []
        return [Issue("warning", "business-rule", _NOT_TEST, ("Patient.identifier",), OTHER)]

    return found


def _pairs(message: MessageBundle) -> list[tuple[str, str]]:
    """System and value of the identifiers of all persons."""
    return [pair for each in message.of_type("Patient") for pair in identifiers.of_patient(each)]


def told(issues: Iterable[Issue]) -> bool:
    """Whether a message was said to be about a test person."""
    return any(issue.rule == RULE for issue in issues)


def _is_test(known: "array[int]", pair: tuple[str, str]) -> bool:
    system, value = pair
    if system == canonical.RESERVNUMMER:
        return value.upper().startswith(_MADE_UP)
    if system not in _NUMBERS or not (value.isascii() and value.isdigit() and len(value) == 12):
        return False
    number = int(value)
    place = bisect_left(known, number)
    return place < len(known) and known[place] == number


def _read(files: Iterable[Path]) -> "array[int]":
    """The numbers in their order: eight bytes each, however many there are."""
    numbers, problems = set(), []
    for file in files:
        try:
            lines = file.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            problems.append(Problem(file, None, f"cannot be read ({type(error).__name__})"))
            continue
        for line, written in enumerate((each.strip() for each in lines), start=1):
            if _NUMBER.fullmatch(written):
                numbers.add(int(written.replace("-", "")))
            elif written and not written.startswith("#"):
                problems.append(Problem(file, line, "expected a number of 12 digits"))
                break
    if problems:
        raise ConfigurationError(problems)
    return array("Q", sorted(numbers))
