"""docs/reference/configuration.md says what the models say: every key, its default and its meaning."""

import ast
import inspect
import textwrap
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from adapter.directory.endpoint import Drop, Endpoint, Inbox, OAuth, Soap, SoapResult
from adapter.directory.model import Party, RouteEntry, System, Target, Unit
from adapter.support import durations
from adapter.support.alerting import Recipient, Smtp
from adapter.support.plan_sources import PlanSource
from adapter.support.settings import Key, Settings

DOCUMENT = Path(__file__).parents[3] / "docs" / "reference" / "configuration.md"
EXAMPLE = Path(__file__).parents[3] / "example" / "directory"


def default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be given"
    if field.default is PydanticUndefined:
        return "see text"
    return shown(field.default)


def shown(value: Any) -> str:
    if value is None or value in ((), {}):
        return "none"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(shown, value)) + "]"
    if isinstance(value, timedelta):
        return f'"{durations.write(value)}"'
    if isinstance(value, str | Path):
        return f'"{value}"'
    return str(value)


def described(model: type[BaseModel]) -> dict[str, str]:
    """The text below each field in the source. pydantic can read it too, at the cost of every start."""
    found: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if each.__module__.startswith("adapter."):
            (definition,) = ast.parse(textwrap.dedent(inspect.getsource(each))).body
            assert isinstance(definition, ast.ClassDef)
            for field, below in pairwise(definition.body):
                match field, below:
                    case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                        found[name] = " ".join(text.split())
    return found


def rows(model: type[BaseModel]) -> list[str]:
    texts = described(model)
    return [
        f"| `{name}` | {default(field)} | {texts.get(name, '')} |"
        for name, field in model.model_fields.items()
        if not (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)) or model is RouteEntry
    ]


def sections() -> dict[str, type[BaseModel]]:
    tables = {f"[{name}]": field.annotation for name, field in Settings.model_fields.items() if name != "environment"}
    rest = {"pseudonym_keys": Key, "parties": Party, "units": Unit, "systems": System, "endpoints": Endpoint}
    parts = {"oauth": OAuth, "soap": Soap, "result": SoapResult, "folder": Drop, "inboxes": Inbox}
    rest |= {"sources": PlanSource, "smtp": Smtp, "recipients": Recipient}
    return {"Top": Settings} | tables | rest | parts | {"routes": RouteEntry, "to": Target}


@pytest.mark.parametrize("name", sections())
def test_every_key_is_in_the_reference(name: str) -> None:
    model = sections()[name]
    assert not [row for row in rows(model) if row.endswith("|  |")]
    heading = "environment" if name == "Top" else name
    text = DOCUMENT.read_text("utf-8")
    assert f"`{heading}`\n" in text
    part = text.partition(f"`{heading}`\n")[2].partition("\n#")[0]
    assert [line for line in part.splitlines() if line.startswith("| `")] == rows(model)


@pytest.mark.parametrize("name", ["parties", "systems", "endpoints", "routes"])
def test_every_key_is_in_the_example(name: str) -> None:
    text = (EXAMPLE / f"{name}.yaml").read_text("utf-8")
    documented = [
        line[2:].split()[0] for line in text.splitlines() if line.startswith("# ") and not line.startswith("#  ")
    ]
    for key in sections()[name].model_fields:
        assert key in documented, f"{name}.yaml says nothing of {key}"


def test_the_example_units_have_every_column() -> None:
    assert (EXAMPLE / "units.csv").read_text("utf-8").splitlines()[0].split(",") == [
        "hsa", "name", "kind", "party", "parent", "valid_from", "valid_to", "phone", "email", "contact"
    ]  # fmt: skip
