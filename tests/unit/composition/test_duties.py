"""What a process does beside its work: who waits for others holds nobody up who watches."""

from __future__ import annotations

import threading
from datetime import timedelta

from adapter.composition.duties import Duties

LONG = timedelta(hours=1)
WITHIN = 20.0
"""Seconds after which a test that would wait for ever fails; nothing is measured."""


def test_a_receiver_that_hangs_keeps_the_watchdog_from_nothing() -> None:
    hangs, let_go, looked = threading.Event(), threading.Event(), threading.Semaphore(0)

    def tell_somebody_who_does_not_answer() -> None:
        hangs.set()
        assert let_go.wait(WITHIN)

    duties = Duties(
        [("watch", looked.release)],
        beside=[("e-mail", tell_somebody_who_does_not_answer)],
        pause=timedelta(milliseconds=1),
    )
    with duties:
        assert hangs.wait(WITHIN)
        for _ in range(5):
            assert looked.acquire(timeout=WITHIN)
        let_go.set()


def test_one_receiver_that_hangs_keeps_no_other_from_hearing() -> None:
    let_go, heard = threading.Event(), threading.Semaphore(0)
    duties = Duties(
        [("watch", lambda: None)],
        beside=[("e-mail", lambda: let_go.wait(WITHIN)), ("webhook", heard.release)],
        pause=timedelta(milliseconds=1),
    )
    with duties:
        for _ in range(5):
            assert heard.acquire(timeout=WITHIN)
        let_go.set()


def test_who_is_told_is_told_right_after_the_look_and_not_a_pause_later() -> None:
    seen, told = threading.Event(), threading.Event()

    def tell() -> None:
        if seen.is_set():
            told.set()

    with Duties([("watch", seen.set)], beside=[("webhook", tell)], pause=LONG):
        assert told.wait(WITHIN)


def test_a_turn_by_itself_does_each_once_and_a_defect_ends_none() -> None:
    done: list[str] = []

    def fail() -> None:
        raise ZeroDivisionError

    Duties([("a", fail), ("b", lambda: done.append("b"))], beside=[("c", fail), ("d", lambda: done.append("d"))]).turn()
    assert done == ["b", "d"]
