"""Numbers: the arithmetic context, the Long type, and rounding."""

from decimal import ROUND_HALF_UP, Context, Decimal, DivisionByZero, InvalidOperation, Overflow, Underflow
from fractions import Fraction

ARITHMETIC = Context(
    prec=34,
    rounding=ROUND_HALF_UP,
    Emax=9999,
    Emin=-9999,
    traps=[InvalidOperation, DivisionByZero, Overflow, Underflow],
)
"""FHIRPath asks for 28 digits. What cannot be represented is an ArithmeticError here, and empty in an expression."""

_EXACT = Context(prec=2000, Emax=99_999, Emin=-99_999, rounding=ROUND_HALF_UP, traps=[InvalidOperation, Overflow])


class Long(int):
    """A whole number of 64 bits, written `5L`: a type of its own, so that `5L is Long` and `5 is Integer`."""

    __slots__ = ()


def is_integer(value: int | Decimal) -> bool:
    """Whether a whole number is within Integer's bounds."""
    return -(2**31) <= value < 2**31


def is_long(value: int | Decimal) -> bool:
    """Whether a whole number is within Long's bounds."""
    return -(2**63) <= value < 2**63


def places(value: Decimal) -> int:
    """Digits after the point, trailing zeros included."""
    return max(0, -int(value.as_tuple().exponent))


def significant_places(value: Decimal) -> int:
    """Digits after the point without trailing zeros."""
    digits, exponent = value.as_tuple()[1:]
    count = -int(exponent)
    for digit in reversed(digits):
        if digit or count <= 0:
            break
        count -= 1
    return max(0, count)


def rounded(value: Decimal, decimals: int, rounding: str = ROUND_HALF_UP) -> Decimal:
    """With that many digits after the point."""
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=rounding, context=_EXACT)


def equivalent(left: Decimal, right: Decimal) -> bool:
    """Whether equal when both are rounded to the precision of the less precise one."""
    decimals = min(significant_places(left), significant_places(right))
    return rounded(left, decimals) == rounded(right, decimals)


def of_fraction(value: Fraction) -> Decimal:
    """The nearest Decimal of the arithmetic's precision."""
    return ARITHMETIC.divide(Decimal(value.numerator), Decimal(value.denominator)).normalize(ARITHMETIC)
