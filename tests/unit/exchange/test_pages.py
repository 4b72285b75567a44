"""How a page is filled from candidates, of which some may not be shown."""

import pytest

from adapter.exchange import pages


def filled(count, after=0, last=10_000, shown=lambda number: True, fits=lambda row: True):
    def candidates(after):
        return list(range(after + 1, last + 1))[: pages.LOOKED_AT]

    def standing(numbers):
        return {number: [number, -number] for number in numbers if shown(number)}

    return pages.fill(count, after, candidates, standing, fits)


@pytest.mark.parametrize(
    ("given", "found", "following"),
    [
        ({"count": 3, "last": 0}, [], None),
        ({"count": 3, "last": 2}, [1, 2], None),
        ({"count": 3, "last": 3}, [1, 2, 3], None),
        ({"count": 3, "last": 4}, [1, 2, 3], 3),
        ({"count": 3, "after": 3, "last": 4}, [4], None),
        ({"count": 2, "last": 300, "shown": lambda number: number > 250}, [251, 252], 252),
        ({"count": 2, "last": 9, "fits": lambda row: row == 4}, [4], None),
        ({"count": 1, "shown": lambda _: False}, [], pages.LOOKED_AT * pages.ROUNDS),
        ({"count": pages.LOOKED_AT, "last": 9_000, "fits": lambda row: row == 200}, [200], 2_000),
    ],
)
def test_a_page_and_where_the_next_begins(given, found, following):
    assert filled(**given) == (found, following)


def test_a_page_that_ends_with_its_candidates_may_have_a_next_one():
    assert filled(1, last=pages.LOOKED_AT, fits=lambda row: row == pages.LOOKED_AT) == ([200], 200)


def test_no_page_holds_more_than_the_most():
    assert len(filled(5_000)[0]) == pages.MOST
