"""The account at the end: what senders were told, what the store says, and what the receivers' log says, agree."""

import json
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select

from adapter.discharge import case
from adapter.exchange import facts
from adapter.store import tables

from .site import Site


@dataclass
class Account:
    """What was counted. `lost`, `disordered`, `doubled` and `unaccounted` must be empty."""

    messages: int
    deliveries: int
    reports: int
    attempts: dict[str, int]
    requests: int
    effects: int
    lost: list[Any]
    disordered: list[Any]
    doubled: list[Any]
    unaccounted: list[Any]

    def sound(self) -> "Account":
        wrong = {name: found[:5] for name, found in asdict(self).items() if isinstance(found, list) and found}
        assert not wrong, wrong
        return self

    def line(self) -> str:
        counts = {name: len(value) if isinstance(value, list) else value for name, value in asdict(self).items()}
        return ", ".join(f"{name} {value}" for name, value in counts.items())


def settle(site: Site) -> Account:
    """The account of a site on which nothing moves any more."""
    requests = site.requests()
    deliveries = site.rows(select(tables.delivery).order_by(tables.delivery.c.id))
    attempts = site.rows(select(tables.attempt).order_by(tables.attempt.c.id))
    messages = site.rows(select(tables.message).where(tables.message.c.status == "accepted"))
    own_ids = {row.id: row.header_id for row in messages}
    ids = {row.id: row.header_id or own_ids[row.message_id] for row in deliveries}
    return Account(
        messages=len(messages),
        deliveries=len(deliveries),
        reports=sum(row.event == "delivery-report" for row in deliveries),
        attempts=dict(Counter(str(row.outcome) for row in attempts)),
        requests=len(requests),
        effects=sum(line["effect"] for line in requests),
        lost=[*_not_taken_in(site, messages), *_not_delivered(deliveries, ids, requests)],
        disordered=[*_late(site, messages), *_out_of_order(deliveries, ids, requests)],
        doubled=[*_twice(messages), *_second_effects(deliveries, ids, requests)],
        unaccounted=[*_attempts(deliveries, attempts, requests), *_projections(site)],
    )


def _not_taken_in(site: Site, messages: list[Any]) -> list[str]:
    """Messages that were answered with success, or taken from a folder, and are not in the store."""
    return sorted({each for sent in site.accepted.values() for each in sent} - {row.header_id for row in messages})


def _not_delivered(deliveries: list[Any], ids: dict[int, str], requests: list[dict[str, Any]]) -> list[Any]:
    effects = {(line["endpoint"], line["id"]) for line in requests if line["effect"]}
    planned = {row.message_id for row in deliveries}
    return [
        *(
            (row.id, row.status, row.event, row.reason)
            for row in deliveries
            if (row.endpoint, ids[row.id]) not in effects
        ),
        *((row.id, row.status) for row in deliveries if row.status not in ("done", "cancelled")),
        *(() if planned else ("no delivery at all",)),
    ]


def _late(site: Site, messages: list[Any]) -> list[Any]:
    """Persons whose messages were taken in otherwise than in the order in which they were sent."""
    places = {row.header_id: row.id for row in messages}
    taken = ((person, [places[each] for each in sent if each in places]) for person, sent in site.accepted.items())
    return [person for person, order in taken if order != sorted(order)]


def _out_of_order(deliveries: list[Any], ids: dict[int, str], requests: list[dict[str, Any]]) -> list[Any]:
    """Streams whose effects at the receiver came otherwise than in their order."""
    effects = {(line["endpoint"], line["id"]): number for number, line in enumerate(requests) if line["effect"]}
    streams: dict[int, dict[int, int]] = defaultdict(dict)
    known: set[tuple[int, str]] = set()
    for row in deliveries:
        place = effects.get((row.endpoint, ids[row.id]))
        if place is not None and (row.stream_id, ids[row.id]) not in known:  # a replay has had its effect before
            streams[row.stream_id][row.sequence] = place
            known.add((row.stream_id, ids[row.id]))
    found = ((stream, [places[sequence] for sequence in sorted(places)]) for stream, places in streams.items())
    return [stream for stream, order in found if order != sorted(order)]


def _twice(messages: list[Any]) -> list[Any]:
    return [header for header, count in Counter(row.header_id for row in messages).items() if count > 1]


def _second_effects(deliveries: list[Any], ids: dict[int, str], requests: list[dict[str, Any]]) -> list[Any]:
    """What a receiver that honours the id would do twice, or not know again: an id with two contents, an id that no
    delivery has, two effects."""
    contents, effects = defaultdict(set), Counter[tuple[str, str]]()
    for line in requests:
        contents[line["endpoint"], line["id"]].add(line["sha256"])
        effects[line["endpoint"], line["id"]] += line["effect"]
    known = {(row.endpoint, ids[row.id]) for row in deliveries}
    return [
        *(each for each, hashes in contents.items() if len(hashes) > 1),
        *(each for each in contents if each not in known),
        *(each for each, count in effects.items() if count > 1),
    ]


def _attempts(deliveries: list[Any], attempts: list[Any], requests: list[dict[str, Any]]) -> list[Any]:
    """Deliveries of which attempts and requests do not agree: each request is one attempt's, each attempt has ended,
    and exactly one of them is the one by which it arrived."""
    made, arrived = defaultdict(list), Counter[int]()
    for row in attempts:
        made[row.delivery_id].append(row)
        arrived[row.delivery_id] += row.outcome == "done"
    sent = Counter(int(line["key"].rpartition("-")[2]) for line in requests)
    found = []
    for row in deliveries:
        mine = made[row.id]
        numbers = sorted(one.number for one in mine)
        if (
            numbers != list(range(1, row.attempts + 1))
            or any(one.ended_at is None or one.outcome is None for one in mine)
            or arrived[row.id] != 1
            or not sum(_was_sent(one) for one in mine) <= sent[row.id] <= len(mine)
        ):
            found.append((row.id, row.attempts, [one.outcome for one in mine], sent[row.id]))
    return found + [number for number in sent if number not in made]


def _was_sent(attempt: Any) -> bool:
    """Whether the receiver has certainly seen it."""
    return attempt.http_status is not None or attempt.outcome == "done"


def _projections(site: Site) -> list[Any]:
    """Cases whose projection is not what their facts say."""
    found = []
    states = site.rows(select(tables.case_state.c.case_id, tables.case_state.c.state))
    with site.adapter.database.read() as connection:
        for start in range(0, len(states), 200):
            some = states[start : start + 200]
            told = facts.of_cases(connection, [row.case_id for row in some])
            found += [
                row.case_id for row in some if json.loads(json.dumps(case.project(told[row.case_id]))) != row.state
            ]
    return found
