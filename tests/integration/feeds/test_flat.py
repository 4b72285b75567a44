"""From events of the flat format to messages at the door."""

from adapter.store import tables

ADMITTED = "<inskriven>2026-03-09T08:00:00+01:00</inskriven>"
ESTIMATED = "<beraknadUtskrivning>2026-03-16T13:00:00+01:00</beraknadUtskrivning>"
LATER = "<beraknadUtskrivning>2026-03-18</beraknadUtskrivning>"
NEED = "<behov><finns>true</finns><bedomt>2026-03-09T09:00:00+01:00</bedomt></behov>"
READY = "<utskrivningsklar><bedomd>2026-03-15T09:00:00+01:00</bedomd><avVem>Dr Alm</avVem></utskrivningsklar>"
LEFT = "<utskriven>2026-03-16T14:00:00+01:00</utskriven><utskrivenTill>hemmet</utskrivenTill>"
UNIT = "SE2329990002-1001"


def test_a_stay_from_admission_to_discharge(world, flat):
    assert world.take("plan", flat("inskrivning", 1, ADMITTED + ESTIMATED + NEED)) == "accepted"
    world.take("plan", flat("andring", 2, LATER))
    world.take("plan", flat("utskrivningsklar", 3, READY))
    world.take("plan", flat("ejUtskrivningsklar", 4))
    world.take("plan", flat("utskrivningsklar", 5, READY))
    world.take("plan", flat("utskrivning", 6, LEFT))
    gaps = [(row.kind, row.reason) for row in world.rows(tables.feed_gap)]
    refused = [row.issues for row in world.rows(tables.message) if row.status == "rejected"]
    assert (gaps, refused) == ([], [])
    events = ["admission-notice", "admission-notice-update", "ready-for-discharge", "ready-for-discharge-withdrawn"]
    assert world.told() == [(event, UNIT) for event in [*events, "ready-for-discharge", "discharge-notice"]]
    assert [row.status for row in world.rows(tables.delivery)] == ["waiting"] * 6
