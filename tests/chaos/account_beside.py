"""The account of what came from systems beside a site, of what was expunged, and of the store as a whole."""

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select

from adapter.exchange import expunge
from adapter.exchange.verification import Source, verify
from adapter.store import tables

from .beside import Beside
from .site import Site

_message, _event, _written, _plan = (
    tables.message.c,
    tables.feed_event.c,
    tables.feed_message.c,
    tables.plan_version.c,
)


@dataclass
class Others:
    """What was counted; the lists must be empty. `expunged`: messages whose content is gone."""

    events: int
    feed_messages: int
    plan_messages: int
    expunged: int
    not_kept: list[Any]
    not_told: list[Any]
    disordered: list[Any]
    plans: list[Any]
    wrongly_expunged: list[Any]
    not_whole: list[Any]

    def sound(self) -> "Others":
        wrong = {name: found[:5] for name, found in asdict(self).items() if isinstance(found, list) and found}
        assert not wrong, wrong
        return self

    def line(self) -> str:
        counts = {name: len(value) if isinstance(value, list) else value for name, value in asdict(self).items()}
        return ", ".join(f"{name} {value}" for name, value in counts.items())


def settle_others(site: Site, beside: Beside) -> Others:
    """The account of a site on which nothing moves any more."""
    messages = site.rows(select(tables.message).where(_message.status == "accepted").order_by(_message.id))
    events = site.rows(select(tables.feed_event).order_by(_event.id))
    written = site.rows(select(tables.feed_message).order_by(_written.stay_id, _written.number))
    plans = site.rows(select(tables.plan_version).order_by(_plan.id))
    return Others(
        events=len(events),
        feed_messages=len(written),
        plan_messages=sum(row.status == "sent" for row in plans),
        expunged=sum(row.expunged_at is not None for row in messages),
        not_kept=_not_kept(beside, events),
        not_told=[*_not_handed_in(written, messages, "feed:"), *_gaps(site)],
        disordered=_disordered(written, messages),
        plans=[
            *((row.id, row.status, row.kind, row.reason) for row in plans if row.status != "sent"),
            *_not_handed_in(plans, messages, "plans:"),
        ],
        wrongly_expunged=_expunged(site, messages),
        not_whole=list(verify(Source(site.adapter.database, site.adapter.contents)).findings),
    )


def _not_kept(beside: Beside, events: list[Any]) -> list[Any]:
    """Events that were answered as taken and are not in the store, or twice."""
    kept = Counter(row.control_id for row in events if row.status == "taken")
    return [
        *(each for each in beside.told if kept[each] != 1),
        *(each for each, count in kept.items() if count > 1),
        *((row.control_id, row.status, row.reason) for row in events if row.status != "taken"),
    ]


def _gaps(site: Site) -> list[Any]:
    gap, stay = tables.feed_gap.c, tables.feed_stay.c
    return [
        *site.rows(select(gap.id, gap.kind, gap.reason).where(gap.ended_at.is_(None))),
        *site.rows(select(stay.id).where(stay.pending)),
    ]


def _not_handed_in(written: list[Any], messages: list[Any], source: str) -> list[Any]:
    """What was written and is not one accepted message, and the reverse."""
    taken = Counter(row.header_id for row in messages if row.source.startswith(source))
    ids = Counter(row.header_id for row in written)
    return [
        *((row.id, row.header_id, row.status) for row in written if taken[row.header_id] != 1 or row.status != "sent"),
        *(each for each in taken if ids[each] != 1),
    ]


def _disordered(written: list[Any], messages: list[Any]) -> list[Any]:
    """Stays whose messages were taken in otherwise than they were written."""
    places, order = {row.header_id: row.id for row in messages}, defaultdict(list)
    for row in written:
        order[row.stay_id].append(places.get(row.header_id, 0))
    return [stay for stay, found in order.items() if found != sorted(found)]


def _expunged(site: Site, messages: list[Any]) -> list[Any]:
    """Where rounds of expunging, the messages and their content do not agree: a batch is whole, and counted once."""
    gone = {row.id for row in messages if row.expunged_at is not None}
    content = tables.content.c
    stays = select(content.message_id).where(content.stage != expunge.KEPT_STAGE).distinct()
    kept = {row.message_id for row in site.rows(stays)}
    counted = sum(row.counts.get("accepted", 0) for row in site.rows(select(tables.expunge_run)))
    return [*(gone & kept), *([] if counted == len(gone) else [("counted", counted, "gone", len(gone))])]
