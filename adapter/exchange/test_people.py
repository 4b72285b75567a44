"""Messages about people who are not real, in a production installation.

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
Look = Callable[[MessageBundle], list[Issue]]

_NUMBER = re.compile(r"[0-9]{8}-?[0-9]{4}")
_NUMBERS = (canonical.PERSONNUMMER, canonical.SAMORDNINGSNUMMER)
_MADE_UP = "99TEST"
_WORDS = "the message is about a test person, and this is a production installation: send it to a test installation"


def nobody(_message: MessageBundle) -> list[Issue]:
    """In a test installation no number is looked at."""
    return []


def look(settings: Settings) -> Look:
    """What is said of a message about a test person. Raises ConfigurationError where a file's line is no number."""
    if settings.environment != "production":
        return nobody
    known = _read(settings.test_numbers.files)
    severity = "error" if settings.test_numbers.in_production == "refuse" else "warning"

    def found(message: MessageBundle) -> list[Issue]:
        people = message.of_type("Patient")
        if not any(_is_test(known, pair) for each in people for pair in identifiers.of_patient(each)):
            return []
        return [Issue(severity, "business-rule", _WORDS, ("Patient.identifier",), RULE)]

    return found


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
