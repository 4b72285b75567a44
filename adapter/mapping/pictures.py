"""The picture of a message that was mapped: the message itself, with what became of it at the place of each value.

`"status": "mapped messages/note.yaml:4"`, `"display": "left-out mapping.yaml:143"`, `"note": "not-mapped no rule speaks
of it"`: places and rules, never values. It is a third of the lines that it stands for, for it spells out no paths.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from adapter.mapping.accounts import HOLDERS, NO_RULE, OTHER, Names, Omissions, named
from adapter.mapping.report import Line, Outcome, plain
from adapter.mapping.runs import Run

_Item = dict[str, Any]
_TYPE = "resourceType"


class Picture:
    """What became of every value of a message, whose Bundle and run must not have changed since.

    A resource that no name stands for has its type as one value more, so that it cannot vanish by being empty:
    `"resourceType": ["Basic", "left-out mapping.yaml:9"]`.
    """

    def __init__(self, bundle: _Item, run: Run, omissions: Omissions) -> None:
        self.nodes: _Item = {}
        """the picture of the Bundle"""
        self.reasons: dict[str, str] = {}
        """why values are left out, by the rule (file:line) that says so"""
        self.whole = True
        """whether every value is carried, or left out on purpose"""
        self.supplied = run.trace.supplied
        self._met = list[str]()
        self._trace, self._omissions, self._named = run.trace, omissions, named(run)
        self._carried = {rule: f"{Outcome.MAPPED} {rule}" for rule in run.trace.used}
        if (attached := run.trace.attached_by) is not None:
            self._carried[attached] = f"{Outcome.ATTACHED} {attached}"
        self._empty: list[tuple[Any, Any, Names, _Item]] = []
        self._fill(bundle, self.nodes, omissions.top("Bundle"), bundle)
        while self._empty:
            self._fill(*self._empty.pop())

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: counts, picture, reasons, supplied [{path, outcome, rule, reason}]."""
        counts = {outcome.value: 0 for outcome in Outcome}
        for said, count in Counter(self._met).items():
            counts[said.partition(" ")[0]] += count
        counts[Outcome.SUPPLIED.value] = len(self.supplied)
        supplied = list(plain(self.supplied))
        return {"counts": counts, "picture": self.nodes, "reasons": self.reasons, "supplied": supplied}

    def lines(self) -> Iterator[Line]:
        """What became of each value, in the order of the message, then what the mapping supplied."""
        stack: list[tuple[str, Iterator[tuple[Any, Any]]]] = [("Bundle", iter(self.nodes.items()))]
        while stack:
            path, rest = stack[-1]
            for key, drawn in rest:
                if drawn is None or key == _TYPE:
                    continue
                place = f"{path}[{key}]" if type(key) is int else f"{path}.{key}"
                if type(drawn) is str:
                    yield self._line(place, drawn)
                    continue
                if type(drawn) is dict and (kind := drawn.get(_TYPE)) is not None:
                    place = f"{place}.ofType({kind if type(kind) is str else kind[0]})"
                    if type(kind) is not str:
                        yield self._line(place, kind[1])
                stack.append((place, iter(drawn.items()) if type(drawn) is dict else enumerate(drawn)))
                break
            else:
                stack.pop()
        yield from self.supplied

    def _line(self, path: str, said: str) -> Line:
        word, _, words = said.partition(" ")
        outcome = Outcome(word)
        if outcome is Outcome.NOT_MAPPED:
            return Line(path, outcome, "", words)
        return Line(path, outcome, words, self.reasons[words] if outcome is Outcome.LEFT_OUT else "")

    def _fill(self, holder: Any, drawn: Any, names: Names, resource: _Item) -> None:
        """The picture of an object or a list: of what holds values in its turn only that it is there."""
        marks, carried, met = self._trace.marks, self._carried, self._met
        if type(holder) is list:
            for index, value in enumerate(holder):
                inner = names.item(value) if names.of_extensions else names
                if value and type(value) in HOLDERS:
                    drawn.append(self._holder(value, inner, resource))
                else:
                    drawn.append(None if value is None else self._said(holder, index, value, inner, resource))
            return
        members = names.members
        for key, value in holder.items():
            if key == _TYPE:
                continue
            if value and type(value) in HOLDERS:
                drawn[key] = self._holder(value, members.get(key) or names.member(key), resource)
            elif (rule := marks.get((id(holder), key))) is not None:
                drawn[key] = said = carried[rule]
                met.append(said)
            else:
                drawn[key] = self._said(holder, key, value, members.get(key) or names.member(key), resource)

    def _holder(self, holder: Any, names: Names, resource: _Item) -> Any:
        """The picture of what holds values, which is still empty."""
        drawn: Any = [] if type(holder) is list else {}
        if type(holder) is dict and (kind := holder.get(_TYPE)) is not None:
            drawn[_TYPE], resource = str(kind), holder
            if id(holder) in self._named:
                names = self._omissions.top(str(kind))
            else:
                names = self._omissions.top(f"{OTHER}{kind}")
                drawn[_TYPE] = [str(kind), self._said(holder, _TYPE, kind, names, holder)]
        self._empty.append((holder, drawn, names, resource))
        return drawn

    def _said(self, holder: Any, key: str | int, value: Any, names: Names, resource: _Item) -> str:
        """What became of a value; that of a list or an object is that it is empty."""
        rule = self._trace.marks.get((id(holder), key))
        if rule is not None:
            said = self._carried[rule]
        elif (omission := names.left_out(value, holder, resource)) is not None:
            said = omission.said
            self.reasons[omission.label] = omission.reason
        else:
            said = f"{Outcome.NOT_MAPPED} {self._trace.faults.get((id(holder), key), NO_RULE)}"
            self.whole = False
        self._met.append(said)
        return said
