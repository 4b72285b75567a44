"""The targets take their seeds, and seeds cut short or changed in one byte: so that they are ready when one fuzzes."""

import random

import pytest
import targets


@pytest.mark.parametrize("name", targets.TARGETS)
def test_seeds_and_their_neighbours(name: str) -> None:
    target, dice = targets.TARGETS[name], random.Random(1)
    seeds = [content for content in target.seeds() if len(content) < 20_000]
    assert seeds
    slow = name == "definition"
    for content in dice.sample(seeds, min(len(seeds), 2 if slow else 15)):
        target.run(content)
        for _ in range(1 if slow else 3):
            place = dice.randrange(len(content))
            target.run(content[:place])
            target.run(content[:place] + bytes([dice.randrange(256)]) + content[place + 1 :])
