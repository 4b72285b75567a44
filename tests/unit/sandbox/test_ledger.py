from concurrent.futures import ThreadPoolExecutor

from adapter.sandbox.ledger import Effect, Ledger
from adapter.support.clock import SystemClock


def test_a_message_has_one_effect_whatever_is_sent_again() -> None:
    told = []
    ledger = Ledger(SystemClock(), told.append)
    assert ledger.take("m", "unit", b"1") is Effect.STORED
    assert ledger.take("m", "unit", b"1") is Effect.REPEATED
    assert ledger.take("m", "unit", b"2") is Effect.CONFLICT
    assert ledger.take("m", "unit", b"1") is Effect.REPEATED
    ledger.refuse(503)
    assert [entry.status for entry in ledger.entries] == [200, 200, 409, 200, 503]
    assert [entry.message_id for entry in ledger.stored] == ["m"]
    assert tuple(told) == ledger.entries


def test_the_same_id_to_another_receiver_is_another_message() -> None:
    ledger = Ledger(SystemClock())
    assert ledger.take("m", "a", b"1") is Effect.STORED
    assert ledger.take("m", "b", b"2") is Effect.STORED


def test_threads_that_bring_the_same_message_have_one_effect() -> None:
    ledger = Ledger(SystemClock())
    with ThreadPoolExecutor(8) as pool:
        effects = list(pool.map(lambda _: ledger.take("m", "unit", b"1"), range(64)))
    assert effects.count(Effect.STORED) == 1
    assert len(ledger.stored) == 1
