"""The quick test of a primitive takes nothing of which a check has not been asked."""

from typing import Any

import pytest

from adapter.fhir.elements import table
from adapter.validation import members
from adapter.validation.primitives import Recurring


class Known(Recurring):
    """Has nothing to say of what it remembers."""

    def __call__(self, value: Any, run: Any, path: Any, /) -> None:
        """Not asked here."""


@pytest.fixture
def known() -> Known:
    found = Known()
    found.remember("a")
    return found


def other(value: Any, run: Any, path: Any) -> None:
    """Another check, which may have something to say of anything."""


def test_what_its_only_check_remembers_is_right(known: Known) -> None:
    test = members.right(table().primitives["code"], (known,))
    assert test is not None
    assert test("a")
    assert not test("b")


def test_what_a_further_check_may_speak_of_is_not_known_to_be_right(known: Known) -> None:
    code = table().primitives["code"]
    assert members.right(code, (known, other)) is None
    assert members.right(code, (other, known)) is None
    assert members.right(code, (other,)) is None


def test_without_checks_the_form_decides() -> None:
    test = members.right(table().primitives["code"], ())
    assert test is not None
    assert test("a b")
    assert not test("a  b")
    assert members.right(table().primitives["boolean"], ()) is None
