"""The examples of the catalogue: there is one for each rule, and those that stand by themselves do what they say."""

import json
import re
from typing import Any

import pytest

from adapter.validation import Validator, messages, rules
from adapter.validation.rules.examples import EXAMPLES

_CONTENT = re.compile(r"([A-Z][A-Za-z]+)? ?(\{.*\})")


def content(written: str) -> dict[str, Any] | None:
    """The resource that an example writes; None where it is words, or a part of one."""
    match = _CONTENT.fullmatch(written)
    if match is None or "…" in written:
        return None
    resource: dict[str, Any] = ({"resourceType": match[1]} if match[1] else {}) | json.loads(match[2])
    return resource if "resourceType" in resource else None


ALONE = [
    (rule, wrong, right)
    for rule, example in EXAMPLES.items()
    if rule != "not-readable" and not example.given
    for wrong, right in [(content(example.wrong), content(example.right))]
    if wrong is not None and right is not None
]


@pytest.fixture(scope="module")
def validator() -> Validator:
    return Validator.load(unknown_extensions="error")


def broken(validator: Validator, rule: str, resource: dict[str, Any]) -> bool:
    found = messages.check(resource) if rule.startswith("msg-") else validator.validate(resource).issues
    return rule in {issue.rule for issue in found}


def test_every_rule_has_one_and_many_stand_by_themselves() -> None:
    assert EXAMPLES.keys() == rules.RULES.keys()
    assert all(example.wrong != example.right for example in EXAMPLES.values())
    assert len(ALONE) >= 30


@pytest.mark.parametrize(("rule", "wrong", "right"), ALONE, ids=[rule for rule, *_ in ALONE])
def test_it_breaks_the_rule_and_is_mended(
    validator: Validator, rule: str, wrong: dict[str, Any], right: dict[str, Any]
) -> None:
    assert broken(validator, rule, wrong)
    assert not broken(validator, rule, right)


def test_what_cannot_be_read(validator: Validator) -> None:
    example = EXAMPLES["not-readable"]
    assert [issue.rule for issue in validator.validate(example.wrong.encode()).issues][1:] == ["not-readable"]
    xml = EXAMPLES["base-xml"]
    assert "base-xml" in {issue.rule for issue in validator.validate(xml.wrong.encode(), format="xml").issues}
    assert "base-xml" not in {issue.rule for issue in validator.validate(xml.right.encode(), format="xml").issues}
