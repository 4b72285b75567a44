"""Feeds follow a reload: senders that stay connected notice nothing, and what was missing is told."""

import socket

from adapter.store import alarms
from adapter.web.feeding import Feeding
from adapter.web.reloading import REFUSED, Reloading

from .conftest import ADT, adt
from .test_ways_in import MLLP, Sender, until


def write(world, name, text):
    (world.folder / "feeds" / f"{name}.yaml").write_text(text, encoding="utf-8")


def test_an_open_connection_goes_on_and_a_gap_is_told_once_it_is_mended(world):
    world.configure(vas=MLLP)
    feeding = Feeding(world.adapter)
    feeding.start()
    try:
        sender = Sender(feeding.listeners["vas"].port)
        assert b"MSA|AA|C1\r" in sender.send(adt("A01", 1, unit="GERI"))
        assert world.gaps() == {"unit"}
        write(world, "vas", MLLP.replace("  ORT3:", "  GERI: SE2329990001-1001\n  ORT3:"))
        other = MLLP.replace("id: vas", "id: other")
        write(world, "other", other)
        assert Reloading(world.adapter, [feeding]).reload()
        assert b"MSA|AA|C2\r" in sender.send(adt("A08", 2, unit="GERI"))
        assert [event for event, _ in world.told()] == ["admission-notice"]
        assert world.gaps() == set()
        added = Sender(feeding.listeners["other"].port)
        assert b"MSA|AA|C1\r" in added.send(adt("A01", 1, stay="V8"))
        sender.socket.close()
        added.socket.close()
    finally:
        feeding.stop()


def test_a_feed_that_is_gone_is_listened_for_no_longer_and_a_port_that_is_taken_changes_nothing(world):
    world.configure(vas=MLLP)
    feeding = Feeding(world.adapter)
    feeding.start()
    reloading = Reloading(world.adapter, [feeding])
    try:
        port = feeding.listeners["vas"].port
        with socket.create_server(("127.0.0.1", 0)) as taken:
            write(
                world,
                "other",
                MLLP.replace("id: vas", "id: other").replace("port: 0", f"port: {taken.getsockname()[1]}"),
            )
            assert not reloading.reload()
        with world.adapter.database.read() as connection:
            [alarm] = [each for each in alarms.standing(connection) if each.kind == REFUSED]
        assert "feed other: cannot listen on 127.0.0.1" in alarm.reason
        assert list(feeding.listeners) == ["vas"]
        sender = Sender(port)
        assert b"MSA|AA|C1\r" in sender.send(adt("A01", 1))
        (world.folder / "feeds" / "other.yaml").unlink()
        write(world, "vas", ADT)
        assert reloading.reload()
        assert sender.read() == b""
        sender.socket.close()
        assert feeding.listeners == {}
        until(lambda: not _answers(port))
    finally:
        feeding.stop()


def test_another_address_or_number_of_connections_takes_the_place_without_turning_anybody_away(world):
    world.configure(vas=MLLP)
    feeding = Feeding(world.adapter)
    feeding.start()
    try:
        before = feeding.listeners["vas"]
        write(world, "vas", MLLP.replace("connections: 2", "connections: 3"))
        assert Reloading(world.adapter, [feeding]).reload()
        assert feeding.listeners["vas"] is not before
        assert feeding.listeners["vas"].port == before.port
        sender = Sender(before.port)
        assert b"MSA|AA|C1\r" in sender.send(adt("A01", 1))
        sender.socket.close()
    finally:
        feeding.stop()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=60).close()
    except ConnectionRefusedError:
        return False
    return True
