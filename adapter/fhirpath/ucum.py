"""Units of measure: reading UCUM codes, converting between them, multiplying and dividing them.

Own, small and exact (fractions): the libraries that read UCUM bring pint and a grammar toolkit, which is more code than
this whole room, and start slower than the adapter may.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache

from adapter.fhirpath.ucum_table import ARBITRARY, BASE, DEFINITIONS, METRIC, PREFIXES, SPECIAL

_MAX_LENGTH = 200
_MAX_EXPONENT = 40
_TOKEN = re.compile(
    r"(?P<annotation>\{[^{}]*\})|(?P<power>10[*^](?![0-9]*[*^]))|(?P<number>[0-9]+)"
    r"|(?P<symbol>(?:\[[^\[\]\s]*\]|[^\[\]0-9./(){}+\-\s])+)|(?P<sign>[+-](?=[0-9]))|(?P<punctuation>[./()])"
)


class UnitError(ValueError):
    """The text is not a unit that is known here."""


@dataclass(frozen=True)
class Unit:
    """`terms`: symbols with their exponents, in the order written, times `number`. In base units it is
    `factor` of `dimension`; `shift` is for temperatures: base = factor * (value + shift)."""

    terms: tuple[tuple[str, int], ...]
    number: Fraction
    factor: Fraction
    dimension: tuple[tuple[str, int], ...]
    shift: Fraction = Fraction(0)

    @property
    def is_special(self) -> bool:
        """Not on a ratio scale: it converts, but nothing is calculated with it."""
        return self.shift != 0


@lru_cache(4096)
def unit(code: str) -> Unit:
    """The unit of a UCUM code. Raises UnitError."""
    if len(code) > _MAX_LENGTH:
        raise UnitError("too long for a unit")
    if code in SPECIAL:
        factor, shift = SPECIAL[code]
        return Unit(((code, 1),), Fraction(1), factor, (("K", 1),), shift)
    terms, number = _Reader(code).whole()
    return _unit(terms, number)


def convert(value: Fraction, source: Unit, target: Unit) -> Fraction | None:
    """The value in another unit, None where the two do not measure the same."""
    if source.dimension != target.dimension:
        return None
    return source.factor * (value + source.shift) / target.factor - target.shift


def product(left: Unit, right: Unit, sign: int = 1) -> str:
    """The code of `left` times `right` (`sign` 1) or by `right` (-1). Raises UnitError for temperatures."""
    if left.is_special or right.is_special:
        raise UnitError("not on a ratio scale")
    terms = dict(left.terms)
    for symbol, exponent in right.terms:
        terms[symbol] = terms.get(symbol, 0) + sign * exponent
    number = left.number * right.number**sign
    above = [_power(symbol, exponent) for symbol, exponent in terms.items() if exponent > 0]
    below = [_power(symbol, -exponent) for symbol, exponent in terms.items() if exponent < 0]
    if number.numerator != 1:
        above.insert(0, str(number.numerator))
    if number.denominator != 1:
        below.insert(0, str(number.denominator))
    return (".".join(above) + "".join(f"/{text}" for text in below)) or "1"


def _power(symbol: str, exponent: int) -> str:
    return symbol if exponent == 1 else f"{symbol}{exponent}"


def _unit(terms: Mapping[str, int], number: Fraction) -> Unit:
    factor, dimension = number, dict[str, int]()
    for symbol, exponent in terms.items():
        own_factor, own_dimension = _atom(symbol)
        factor *= own_factor**exponent
        for base, power in own_dimension:
            dimension[base] = dimension.get(base, 0) + power * exponent
    return Unit(tuple(terms.items()), number, factor, tuple(sorted((b, p) for b, p in dimension.items() if p)))


@cache
def _defined(code: str) -> tuple[Fraction, tuple[tuple[str, int], ...]] | None:
    """Factor and dimension of a unit without prefix."""
    if code in BASE or code in ARBITRARY:
        return Fraction(1), ((code, 1),)
    if code not in DEFINITIONS:
        return None
    value, expression = DEFINITIONS[code]
    defined = unit(expression)
    return value * defined.factor, defined.dimension


@lru_cache(4096)
def _atom(symbol: str) -> tuple[Fraction, tuple[tuple[str, int], ...]]:
    """Factor and dimension of a unit that may have a prefix."""
    whole = _defined(symbol)
    if whole is not None:
        return whole
    for length in (2, 1):
        prefix, rest = PREFIXES.get(symbol[:length]), symbol[length:]
        if prefix is not None and rest in METRIC:
            found = _defined(rest)
            if found is not None:
                return prefix * found[0], found[1]
    raise UnitError("not a unit of UCUM")


class _Reader:
    """UCUM's grammar: terms joined by `.` and `/`, from left to right, brackets, exponents and annotations."""

    def __init__(self, code: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        self._next = 0
        offset = 0
        while offset < len(code):
            match = _TOKEN.match(code, offset)
            if match is None:
                raise UnitError("not a unit of UCUM")
            self._tokens.append((match.lastgroup or "", match[0]))
            offset = match.end()
        self._tokens.append(("end", ""))

    def whole(self) -> tuple[dict[str, int], Fraction]:
        terms, number = self._term()
        if self._tokens[self._next][0] != "end":
            raise UnitError("not a unit of UCUM")
        return terms, number

    def _take(self, text: str) -> bool:
        found = self._tokens[self._next] == ("punctuation", text)
        self._next += found
        return found

    def _term(self) -> tuple[dict[str, int], Fraction]:
        terms: dict[str, int] = {}
        number = Fraction(1)
        sign = -1 if self._take("/") else 1
        while True:
            inner, own = self._component()
            number *= own**sign
            for symbol, exponent in inner.items():
                terms[symbol] = terms.get(symbol, 0) + sign * exponent
            if self._take("."):
                sign = 1
            elif self._take("/"):
                sign = -1
            else:
                return {symbol: exponent for symbol, exponent in terms.items() if exponent}, number

    def _component(self) -> tuple[dict[str, int], Fraction]:
        kind, text = self._tokens[self._next]
        if self._take("("):
            inner = self._term()
            if not self._take(")"):
                raise UnitError("a bracket is not closed")
            self._annotation()
            return inner
        self._next += 1
        if kind == "annotation":
            return {}, Fraction(1)
        if kind == "number" and int(text) > 0:
            self._annotation()
            return {}, Fraction(int(text))
        if kind in ("symbol", "power"):
            exponent = self._exponent()
            self._annotation()
            return {text: exponent}, Fraction(1)
        raise UnitError("not a unit of UCUM")

    def _exponent(self) -> int:
        kind, sign = self._tokens[self._next]
        if kind == "sign":
            self._next += 1
        kind, text = self._tokens[self._next]
        if kind != "number":
            return 1
        self._next += 1
        if len(text) > 2 or not 0 < int(text) <= _MAX_EXPONENT:
            raise UnitError("the exponent is out of bounds")
        return -int(text) if sign == "-" else int(text)

    def _annotation(self) -> None:
        if self._tokens[self._next][0] == "annotation":
            self._next += 1
