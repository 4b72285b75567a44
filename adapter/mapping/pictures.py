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
_MAPPED, _ATTACHED, _LEFT_OUT, _NOT_MAPPED = (
    f"{outcome} " for outcome in (Outcome.MAPPED, Outcome.ATTACHED, Outcome.LEFT_OUT, Outcome.NOT_MAPPED)
)


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
        self._carried = {rule: _MAPPED + rule for rule in run.trace.used}
        if (attached := run.trace.attached_by) is not None:
            self._carried[attached] = _ATTACHED + attached
        self._empty: list[tuple[_Item, _Item, Names, _Item]] = [(bundle, self.nodes, omissions.top("Bundle"), bundle)]
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

    def _fill(self, holder: _Item, drawn: _Item, names: Names, resource: _Item) -> None:
        """The picture of an object: of an object in it only that it is there."""
        marks, carried, met, members, own = self._trace.marks, self._carried, self._met, names.members, id(holder)
        for key, value in holder.items():
            if key == _TYPE:
                continue
            if type(value) in HOLDERS and value:
                inner = members.get(key) or names.member(key)
                drawn[key] = (self._list if type(value) is list else self._object)(value, inner, resource)
            elif (own, key) in marks:
                drawn[key] = said = carried[marks[own, key]]
                met.append(said)
            else:
                drawn[key] = self._said(holder, key, value, members.get(key) or names.member(key), resource)

    def _list(self, holder: list[Any], names: Names, resource: _Item) -> list[Any]:
        drawn = list[Any]()
        for index, value in enumerate(holder):
            inner = names.item(value) if names.of_extensions else names
            if type(value) in HOLDERS and value:
                drawn.append((self._list if type(value) is list else self._object)(value, inner, resource))
            else:
                drawn.append(None if value is None else self._said(holder, index, value, inner, resource))
        return drawn

    def _object(self, holder: _Item, names: Names, resource: _Item) -> _Item:
        """An empty picture, which will be filled."""
        drawn: _Item = {}
        if _TYPE in holder and (kind := holder[_TYPE]) is not None:
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
            said = _LEFT_OUT + omission.label
            self.reasons[omission.label] = omission.reason
        else:
            said = _NOT_MAPPED + self._trace.faults.get((id(holder), key), NO_RULE)
            self.whole = False
        self._met.append(said)
        return said
