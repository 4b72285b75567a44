"""Facts to order and state: every order of arrival gives the same."""

import random
from itertools import permutations

import pytest

from adapter.discharge.case import project
from adapter.discharge.facts import Fact, in_order, missing, standing, stays

HOUR = 3_600_000_000


def fact(name: str, event: str, hour: int, **more: object) -> Fact:
    return Fact(name, event, hour * HOUR, str(more.pop("sender", "ward")), **more)  # type: ignore[arg-type]


STAY = [
    fact("a", "admission-notice", 1, instants={"admission": "2026-03-09T08:40:00+01:00"}),
    fact("b", "planning-information", 2, previous="a"),
    fact("c", "ready-for-discharge", 3, previous="b", instants={"ready_assessed": "2026-03-12T09:05:00+01:00"}),
    fact("d", "ready-for-discharge-withdrawn", 4, previous="c"),
    fact("e", "admission-notice", 5, revises="a", instants={"admission": "2026-03-09T08:30:00+01:00"}),
    fact("f", "ready-for-discharge", 6, previous="d", instants={"ready_assessed": "2026-03-13T09:05:00+01:00"}),
    fact("g", "discharge-notice", 7, previous="f", instants={"discharge": "2026-03-14T13:00:00+01:00"}),
]


def test_every_order_of_arrival_of_seven_messages_gives_the_same_state() -> None:
    expected = project(STAY)
    assert expected["phase"] == "discharged"
    assert expected["instants"]["admission"] == "2026-03-09T08:30:00+01:00"
    assert all(project(order) == expected for order in permutations(STAY))


@pytest.mark.parametrize("seed", range(4))
def test_two_thousand_orders_of_a_longer_case_give_the_same_state(seed: int) -> None:
    longer = STAY + [fact(f"m{number}", "general-message", 8 + number // 3, previous="g") for number in range(20)]
    longer.append(fact("x", "retraction", 40, revises="g"))
    expected, shuffler = project(longer), random.Random(seed)
    assert expected["phase"] == "ready"
    for _ in range(500):
        shuffler.shuffle(longer)
        assert project(longer) == expected


def test_at_the_same_time_the_depth_in_the_chain_decides_then_the_id() -> None:
    facts = [fact("a", "sip", 1, previous="z"), fact("z", "sip", 1), fact("b", "sip", 1)]
    assert [each.header_id for each in in_order(facts)] == ["b", "z", "a"]


def test_a_chain_that_bites_its_tail_is_still_ordered() -> None:
    facts = [fact("a", "sip", 1, previous="b"), fact("b", "sip", 1, previous="a"), fact("c", "sip", 1, previous="c")]
    assert len(in_order(facts)) == len(facts)


def test_a_correction_stands_where_the_first_message_stood() -> None:
    facts = [*STAY[:3], fact("e", "admission-notice", 9, revises="a")]
    assert [each.header_id for each in standing(facts)] == ["e", "b", "c"]
    assert project(facts)["phase"] == "ready"


def test_a_correction_of_a_correction_remembers_the_first_message() -> None:
    facts = [STAY[0], fact("b", "admission-notice", 2, revises="a"), fact("c", "admission-notice", 3, revises="b")]
    last = standing(facts)[0]
    assert last.header_id == "c"
    assert last.corrects is not None
    assert last.corrects.corrects is not None
    assert last.corrects.corrects.header_id == "a"


def test_what_was_retracted_is_gone_with_its_corrections() -> None:
    facts = [*STAY[:3], fact("d", "ready-for-discharge", 4, revises="c"), fact("r", "retraction", 5, revises="d")]
    assert [each.header_id for each in standing(facts)] == ["a", "b"]


@pytest.mark.parametrize("event", ["retraction", "admission-notice"])
def test_nobody_else_corrects_or_retracts_a_message(event: str) -> None:
    facts = [STAY[0], fact("x", event, 2, revises="a", sender="another")]
    assert STAY[0] in standing(facts)


def test_a_message_that_corrects_itself_is_taken_as_it_is() -> None:
    assert [each.header_id for each in standing([fact("a", "sip", 1, revises="a")])] == ["a"]


def test_a_readmission_begins_a_new_stay_and_a_late_notice_does_not() -> None:
    late = fact("late", "admission-notice", 8, instants={"admission": "2026-03-09T08:40:00+01:00"})
    again = fact("again", "admission-notice", 9, instants={"admission": "2026-03-17T20:00:00+01:00"})
    assert len(stays([*STAY, late])) == 1
    assert [len(stay) for stay in stays([*STAY, late, again])] == [len(STAY), 1]
    state = project([*STAY, late, again])
    assert (state["phase"], len(state["earlier_stays"])) == ("admitted", 1)
    assert project([*STAY, late])["phase"] == "discharged"


@pytest.mark.parametrize(("outcome", "phase"), [("died", "dead"), ("transferred", "transferred")])
def test_death_and_transfer_end_the_stay_in_their_own_way(outcome: str, phase: str) -> None:
    ended = fact("end", "discharge-notice", 7, statements={"outcome": outcome})
    assert project([*STAY[:2], ended])["phase"] == phase


def test_what_others_name_and_never_came_is_told() -> None:
    assert missing([STAY[0], STAY[2]]) == ["b"]
    assert project([STAY[0], STAY[2]])["missing"] == ["b"]


def test_no_facts_are_an_open_case() -> None:
    assert project([])["phase"] == "open"


def asked(name: str, event: str, hour: int, status: str) -> Fact:
    return fact(name, event, hour, tasks=({"identifier": "t", "status": status},))


def test_a_message_that_has_been_overtaken_does_not_take_a_task_back() -> None:
    facts = [
        asked("a", "admission-notice", 1, "requested"),
        asked("b", "acceptance-answer", 2, "accepted"),
        asked("c", "planning-information", 3, "requested"),
    ]
    assert all(project(order)["tasks"] == {"t": "accepted"} for order in permutations(facts))


def test_an_answer_may_take_a_task_where_others_may_not() -> None:
    paused = [asked("a", "acceptance-answer", 1, "on-hold"), asked("b", "acceptance-answer", 2, "in-progress")]
    assert project(paused)["tasks"] == {"t": "in-progress"}
