"""Tokens to a tree, by operator precedence."""

from decimal import Decimal

from adapter.fhirpath import lexer, temporal
from adapter.fhirpath.errors import FhirPathSyntaxError, Position
from adapter.fhirpath.lexer import Token
from adapter.fhirpath.numeric import Long
from adapter.fhirpath.quantity import CALENDAR, Quantity
from adapter.fhirpath.tree import (
    Binary,
    Call,
    Chain,
    Empty,
    Index,
    Literal,
    Member,
    Sign,
    SortKey,
    Special,
    Tree,
    TypeTest,
    Variable,
    children,
)

MAX_NESTING = 80
"""Levels of brackets, arguments and signs inside each other. The deepest of R4's own has 7."""
MAX_DEPTH = 150
"""Height of the tree, which counts the steps of a path too."""
_MAX_DIGITS = 400

_INTEGER, _LONG = 2**31, 2**63
_STEP, _SIGN = 13, 12
_OPERATORS = {
    **dict.fromkeys(("*", "/", "div", "mod"), 11),
    **dict.fromkeys(("+", "-", "&"), 10),
    **dict.fromkeys(("is", "as"), 9),
    "|": 8,
    **dict.fromkeys(("<=", "<", ">", ">="), 7),
    **dict.fromkeys(("=", "~", "!=", "!~"), 6),
    **dict.fromkeys(("in", "contains"), 5),
    "and": 4,
    **dict.fromkeys(("or", "xor"), 3),
    "implies": 2,
}
_NOT_NAMES = frozenset(("div", "mod", "and", "or", "xor", "implies", "true", "false"))
_CHAINED = frozenset(("|", "and", "or"))


def parse(expression: str) -> Tree:
    """The tree of a whole expression. Raises FhirPathSyntaxError."""
    return _Parser(lexer.tokens(expression)).whole()


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._nesting = 0
        self._depths: dict[int, tuple[int, Tree]] = {}

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def whole(self) -> Tree:
        tree = self._expression(0)
        if self._token.kind != "end":
            raise self._unexpected("an operator or the end of the expression")
        return tree

    def _unexpected(self, expected: str) -> FhirPathSyntaxError:
        token = self._token
        found = "the expression ends" if token.kind == "end" else f"found {token.text[:40]!a}"
        return FhirPathSyntaxError(f"{found}, expected {expected}", token.at)

    def _symbol(self, text: str) -> bool:
        """Takes the symbol where it comes next."""
        if self._token.kind == "symbol" and self._token.text == text:
            self._next += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._symbol(text):
            raise self._unexpected(text)

    def _grown(self, tree: Tree) -> Tree:
        """The tree, noted with its height; refused where too high for the recursion that follows."""
        depth = 1 + max(
            (self._depths[id(child)][0] for child in children(tree) if id(child) in self._depths), default=1
        )
        if depth > MAX_DEPTH:
            raise FhirPathSyntaxError(f"the expression is more than {MAX_DEPTH} steps deep", tree.at)
        self._depths[id(tree)] = (depth, tree)
        return tree

    def _expression(self, weakest: int) -> Tree:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise FhirPathSyntaxError(f"the expression is nested deeper than {MAX_NESTING} levels", self._token.at)
        left = self._steps(self._operand())
        while True:
            token = self._token
            power = _OPERATORS.get(token.text, 0) if token.kind in ("symbol", "name") else 0
            if power <= weakest:
                self._nesting -= 1
                return left
            self._next += 1
            left = self._grown(self._operation(token, left, power))

    def _operation(self, token: Token, left: Tree, power: int) -> Tree:
        if token.text in ("is", "as"):
            return TypeTest(token.text, left, self._type_name(), token.at)
        right = self._expression(power)
        if token.text not in _CHAINED:
            return Binary(token.text, left, right, token.at)
        operands = [left, right]
        while self._token.kind in ("symbol", "name") and self._token.text == token.text:
            self._next += 1
            operands.append(self._expression(power))
        return Chain(token.text, tuple(operands), token.at)

    def _type_name(self) -> str:
        parts = [self._name()]
        while self._symbol("."):
            parts.append(self._name())
        return ".".join(parts)

    def _name(self) -> str:
        token = self._token
        if token.kind in ("name", "quoted"):
            self._next += 1
            return token.text
        raise self._unexpected("a name")

    def _operand(self) -> Tree:
        token = self._token
        if (token.kind == "name" and token.text not in _NOT_NAMES) or token.kind == "quoted":
            return self._member_or_call(None)
        if token.kind in ("name", "integer", "decimal", "long", "date", "datetime", "time", "string"):
            return self._literal(token)
        if token.kind != "symbol":
            raise self._unexpected("an expression")
        self._next += 1
        match token.text:
            case "(":
                inner = self._expression(0)
                self._expect(")")
                return inner
            case "{":
                self._expect("}")
                return Empty(token.at)
            case "$this" | "$index" | "$total":
                return Special(token.text, token.at)
            case "%":
                return self._variable(token.at)
            case "+" | "-":
                return self._grown(Sign(token.text, self._expression(_SIGN), token.at))
        self._next -= 1
        raise self._unexpected("an expression")

    def _variable(self, at: Position) -> Variable:
        token = self._token
        if token.kind not in ("name", "quoted", "string"):
            raise self._unexpected("the name of a variable after %")
        self._next += 1
        return Variable(token.text, at)

    def _steps(self, tree: Tree) -> Tree:
        while True:
            at = self._token.at
            if self._symbol("."):
                tree = self._grown(self._step(tree))
            elif self._symbol("["):
                index = self._expression(0)
                self._expect("]")
                tree = self._grown(Index(tree, index, at))
            else:
                return tree

    def _step(self, source: Tree) -> Tree:
        token = self._token
        if token.kind == "symbol" and token.text in ("$this", "$index", "$total"):
            self._next += 1
            return Special(token.text, token.at)
        if token.kind not in ("name", "quoted"):
            raise self._unexpected("a name or a function after .")
        return self._member_or_call(source)

    def _member_or_call(self, source: Tree | None) -> Tree:
        at = self._token.at
        name = self._name()
        if not self._symbol("("):
            return Member(source, name, at)
        if name == "sort":
            return self._grown(Call(source, name, (), self._sort_keys(), at))
        arguments: list[Tree] = []
        if not self._symbol(")"):
            arguments.append(self._expression(0))
            while self._symbol(","):
                arguments.append(self._expression(0))
            self._expect(")")
        return self._grown(Call(source, name, tuple(arguments), (), at))

    def _sort_keys(self) -> tuple[SortKey, ...]:
        keys: list[SortKey] = []
        if self._symbol(")"):
            return ()
        while True:
            tree = self._expression(0)
            # Before asc and desc existed, a minus sign stood for descending, with texts too.
            negated = isinstance(tree, Sign) and tree.operator == "-"
            if isinstance(tree, Sign):
                tree = tree.operand
            ordered = self._token.kind == "name" and self._token.text in ("asc", "desc")
            keys.append(SortKey(tree, negated, descending=ordered and self._name() == "desc"))
            if not self._symbol(","):
                self._expect(")")
                return tuple(keys)

    def _literal(self, token: Token) -> Tree:
        self._next += 1
        text, at = token.text, token.at
        match token.kind:
            case "string":
                return Literal(text, at)
            case "name" if text in ("true", "false"):
                return Literal(text == "true", at)
            case "date" | "datetime" | "time":
                moment = temporal.literal(text)
                if moment is None:
                    raise FhirPathSyntaxError("there is no such date or time", at)
                return Literal(moment, at)
            case "integer" | "decimal" | "long":
                return Literal(self._number(token), at)
        self._next -= 1
        raise self._unexpected("an expression")

    def _number(self, token: Token) -> int | Decimal | Quantity:
        if len(token.text) > _MAX_DIGITS:
            raise FhirPathSyntaxError(f"the number has more than {_MAX_DIGITS} digits", token.at)
        if token.kind == "long":
            return Long(self._within(int(token.text[:-1]), _LONG, "a Long", token.at))
        unit = self._token
        if unit.kind == "string" or (unit.kind == "name" and unit.text in CALENDAR):
            self._next += 1
            return Quantity.of(Decimal(token.text), unit.text, calendar=unit.kind == "name")
        if token.kind == "decimal":
            return Decimal(token.text)
        return self._within(int(token.text), _INTEGER, "an Integer", token.at)

    @staticmethod
    def _within(value: int, limit: int, what: str, at: Position) -> int:
        if value > limit:
            raise FhirPathSyntaxError(f"the number is too large for {what}: expected at most {limit - 1}", at)
        return value
