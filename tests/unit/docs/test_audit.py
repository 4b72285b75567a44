"""Every action that the code writes into the audit can be asked for, and is documented."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from adapter.security.audit import ACTIONS

ROOT = Path(__file__).parents[3]
_PLACE = {"record": 2, "_on_delivery": 1, "_on_endpoint": 1, "_move": 2}
"""Which argument of a call is the action."""


def written() -> Iterator[str]:
    """The actions that calls name; of one that is put together, how it begins."""
    for path in (ROOT / "adapter").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _PLACE:
                place = _PLACE[node.func.attr]
                action = node.args[place] if len(node.args) > place else None
                match action:
                    case ast.Constant(value=str(value)):
                        yield value
                    case ast.JoinedStr(values=[ast.Constant(value=str(begin)), *_]):
                        yield begin


def test_every_action_is_known():
    found = set(written())
    assert {"delivery-cancel", "replay-pause", "content-expunge", "cutover-"} <= found
    assert not [each for each in found if not any(known.startswith(each) for known in ACTIONS)]
    assert not [each for each in found if not each.endswith("-") and each not in ACTIONS]


def test_every_action_is_documented():
    text = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")
    [named] = re.findall(r"Actions: ([^|]*?) \|", text)
    assert tuple(named.split(", ")) == ACTIONS
