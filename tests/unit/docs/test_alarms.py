"""Every kind of alarm that the code raises has a class, a page that says what to do, and a place in the lists."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapter.exchange.alerts.trying import TEST
from adapter.support.alarm_kinds import ALWAYS_STATUTORY, KINDS, SHOWN

ROOT = Path(__file__).parents[3]
_KIND = re.compile(r"[a-z]+(-[a-z]+)*")
_RAISES = r"\braise_alarm\(|from adapter\.store\.alarms import .*\bsettle\b"


def raising() -> list[Path]:
    """The modules that raise alarms."""
    sources = ((path, path.read_text("utf-8")) for path in (ROOT / "adapter").rglob("*.py"))
    own = ROOT / "adapter" / "store" / "alarms.py"
    return [path for path, text in sources if path != own and re.search(_RAISES, text)]


def described(path: Path) -> Iterator[str]:
    """The constants of a module that are said to be kinds of alarm."""
    pending: list[str] = []
    for statement in ast.parse(path.read_text("utf-8")).body:
        match statement:
            case ast.Assign(value=ast.Constant(value=str(value))) if _KIND.fullmatch(value):
                pending.append(value)
            case ast.Assign(value=ast.Tuple(elts=values)):
                pending += [each.value for each in values if isinstance(each, ast.Constant)]
            case ast.Expr(value=ast.Constant(value=str(text))):
                said = re.match(r"Kind(s?) of (the )?alarm", text)
                yield from [] if said is None else pending if said[1] else pending[-1:]
                pending = []
            case _:
                pending = []


DESCRIBED = {kind for path in (ROOT / "adapter").rglob("*.py") for kind in described(path)}


def kinds(path: Path) -> Iterator[str]:
    """The kinds that a module may raise: what its calls name, and what it knows of those that are said to be kinds."""
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    yield from (value for value in vars(module).values() if isinstance(value, str) and value in DESCRIBED)
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "raise_alarm":
            for word in node.keywords:
                if word.arg == "kind":
                    yield from _named(word.value, module)


def _named(value: ast.expr, module: object) -> Iterator[str]:
    match value:
        case ast.Constant(value=str(kind)):
            yield kind
        case ast.Name(id=name) if isinstance(found := getattr(module, name, None), str):
            yield found
        case ast.Attribute(value=ast.Name(id=of), attr=name) if hasattr(module, of):
            found = getattr(getattr(module, of), name, None)
            if isinstance(found, str):
                yield found


MODULES = raising()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_kind_that_is_raised_is_known(path):
    found = set(kinds(path))
    assert found, "what it raises cannot be seen: say `Kind of the alarm …` below the constant"
    assert found <= set(KINDS)


def test_every_known_kind_is_raised():
    assert {kind for path in MODULES for kind in kinds(path)} == set(KINDS)
    assert set(KINDS) >= DESCRIBED


@pytest.mark.parametrize("kind", [*KINDS, *SHOWN])
def test_every_kind_has_a_page_of_four_parts_that_is_listed(kind):
    page = (ROOT / "docs" / "runbooks" / f"{kind}.md").read_text("utf-8")
    assert page.startswith(f"# {kind}: ")
    for part in ("**What it means.**", "**What to do.**", "**When it is over.**"):
        assert part in page
    assert f"[{kind}](runbooks/{kind}.md)" in (ROOT / "docs" / "README.md").read_text("utf-8")


def test_the_classes_are_documented():
    text = (ROOT / "docs" / "how-to" / "be-told.md").read_text("utf-8")
    rows = [f"| [{name}](../runbooks/{name}.md) | {kind.default} | {kind.title} |" for name, kind in KINDS.items()]
    assert [line for line in text.splitlines() if line.startswith("| [")] == rows
    assert set(KINDS) >= ALWAYS_STATUTORY
    assert all(KINDS[kind].default == "wake" for kind in ALWAYS_STATUTORY)
    assert TEST not in KINDS


def test_every_metric_is_documented():
    text = (ROOT / "docs" / "reference" / "metrics.md").read_text("utf-8")
    from adapter.web.observed import _gauges

    for family in _gauges().values():
        name = family.name
        assert f"`{name}`" in text or f"`_{name.rpartition('_')[2]}`" in text, name
