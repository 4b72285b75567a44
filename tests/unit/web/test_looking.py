"""Each folder has a thread of its own."""

import threading

from adapter.support.errors import UnavailableError
from adapter.web.looking import Looking


class Folder:
    every = 0.001

    def __init__(self, held: threading.Event | None = None, error: Exception | None = None) -> None:
        self.looked, self.twice = threading.Event(), threading.Event()
        self._held, self._error = held, error

    def look(self) -> int:
        if self.looked.is_set():
            self.twice.set()
        self.looked.set()
        if self._held is not None:
            assert self._held.wait(10)
        if self._error is not None:
            raise self._error
        return 0


def test_a_folder_that_hangs_keeps_no_other_waiting_and_a_fault_ends_no_thread():
    hangs = threading.Event()
    slow, away = Folder(hangs), Folder(error=UnavailableError("the store is away"))
    faulty, gone = Folder(error=KeyError("ours")), Folder(error=OSError(5, "gone", "a name"))
    threads = [Looking(each) for each in (slow, away, faulty, gone)]
    for each in threads:
        each.start()
    assert slow.looked.wait(10)
    assert all(each.twice.wait(10) for each in (away, faulty, gone))
    hangs.set()
    for each in threads:
        each.stop()
    for each in threads:
        each.join()


def test_who_comes_after_waits_for_who_was_there_before():
    hangs = threading.Event()
    old, new = Folder(hangs), Folder()
    before = Looking(old)
    after = Looking(new, before)
    before.start()
    assert old.looked.wait(10)
    before.stop()
    after.start()
    assert not new.looked.wait(0.1)
    hangs.set()
    assert new.looked.wait(10)
    after.stop()
    after.join()
    assert not old.twice.is_set()
