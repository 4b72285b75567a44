import copy
import pickle
from decimal import Decimal

import pytest

from adapter.fhir.numbers import Number, NumberError, read


@pytest.mark.parametrize("text", ["1.50", "1.50e3", "-0", "0.0", "1E-7", "1234567890123456789012345678901234567890.10"])
def test_keeps_its_text(text: str) -> None:
    number = Number(text)
    assert number.text == str(number) == text
    assert number == Decimal(text)


@pytest.mark.parametrize("text", ["1.50e3", "-0"])
def test_copies_keep_the_text(text: str) -> None:
    number = Number(text)
    assert copy.deepcopy(number).text == copy.copy(number).text == text
    assert pickle.loads(pickle.dumps(number)).text == text
    assert repr(number) == f"Number({text!r})"


@pytest.mark.parametrize(
    "text", ["", "NaN", "Infinity", "+1", "01", "1.", ".5", "1_000", " 1", "١", "1e99999", "1" * 1001]
)
def test_refuses_what_is_no_number(text: str) -> None:
    with pytest.raises(NumberError) as raised:
        Number(text)
    assert not text or text not in str(raised.value)


def test_an_exponent_of_a_thousand_digits_is_refused_not_computed() -> None:
    with pytest.raises(NumberError):
        Number("1e" + "9" * 900)


@pytest.mark.parametrize("text", ["0", "-1", "9" * 100])
def test_plain_integers_are_int(text: str) -> None:
    assert type(read(text)) is int
    assert str(read(text)) == text


@pytest.mark.parametrize("text", ["-0", "1.0", "1e2", "9" * 101, "9" * 1000])
def test_others_are_number(text: str) -> None:
    assert type(read(text)) is Number
    assert str(read(text)) == text
