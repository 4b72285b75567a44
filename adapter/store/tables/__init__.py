"""The schema. Instants are UTC microseconds (BIGINT); public ids are integers given by the database.

`message` is what came in, accepted or rejected; `content` its bytes at each stage; `delivery` one destination of it;
`attempt` one try. `fact` rows are append-only and outlive expunged content. `stream` orders deliveries: the sequence
is given under the row's lock, because ids are not commit order.

Of a delivery: `blocking` says that later ones of its stream wait for it, `holds_stream` that it does so even as a dead
letter. `next_attempt_at` is set while it waits as the head of its stream, else null. `attempts` counts all tries,
`step` those that used up a step of the schedule. `yields`: as a dead letter it stops holding its stream where a later
one of its event is there. `header_id` is the MessageHeader.id of what the adapter wrote itself. `tried_from` is when it
was first tried, on the clock of its endpoint, which stands still while that is down; `tell_at` when its sender is to be
told how it stands, null once that is done or needless; `reported` what the sender was told last.
"""

from adapter.store.tables.acting import delivery_origin, replay, replay_item
from adapter.store.tables.alerts import alert, alert_item, alert_message, gauge
from adapter.store.tables.base import metadata
from adapter.store.tables.cutovers import cutover_item, cutover_message, cutover_run
from adapter.store.tables.deliveries import (
    attempt,
    delivery,
    endpoint_outcome,
    endpoint_state,
    stream,
    worker_heartbeat,
)
from adapter.store.tables.escalations import escalation
from adapter.store.tables.experiences import experience
from adapter.store.tables.feeds import feed_event, feed_gap, feed_message, feed_stay
from adapter.store.tables.keeping import backup, expunge_run, installation, ledger_day, restoration
from adapter.store.tables.messages import case_state, content, fact, message
from adapter.store.tables.operations import alarm, audit, token
from adapter.store.tables.people import block, patient, patient_key
from adapter.store.tables.plans import plan_question, plan_source, plan_version
from adapter.store.tables.reckonings import frozen_month
from adapter.store.tables.resources import disclosed, resource, resource_version, subscription, subscription_event
from adapter.store.tables.tasks import task, task_version

APPEND_ONLY = ("fact", "audit", "frozen_month")

__all__ = [
    "APPEND_ONLY",
    "alarm",
    "alert",
    "alert_item",
    "alert_message",
    "attempt",
    "audit",
    "backup",
    "block",
    "case_state",
    "content",
    "cutover_item",
    "cutover_message",
    "cutover_run",
    "delivery",
    "delivery_origin",
    "disclosed",
    "endpoint_outcome",
    "endpoint_state",
    "escalation",
    "experience",
    "expunge_run",
    "fact",
    "feed_event",
    "feed_gap",
    "feed_message",
    "feed_stay",
    "frozen_month",
    "gauge",
    "installation",
    "ledger_day",
    "message",
    "metadata",
    "patient",
    "patient_key",
    "plan_question",
    "plan_source",
    "plan_version",
    "replay",
    "replay_item",
    "resource",
    "resource_version",
    "restoration",
    "stream",
    "subscription",
    "subscription_event",
    "task",
    "task_version",
    "token",
    "worker_heartbeat",
]
