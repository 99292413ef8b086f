"""The limit on an iteration's wall-clock time, by an alarm and by a watching thread."""

from __future__ import annotations

import signal
import threading

import pytest

from pytest_soak.engine.limits import IterationTimeoutError, limited


def hang() -> None:
    while True:
        pass


def in_thread() -> list[BaseException | None]:
    ended: list[BaseException | None] = []

    def body() -> None:
        try:
            with limited(0.05, "iteration 3"):
                hang()
        except IterationTimeoutError as error:
            ended.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join(timeout=30.0)
    return ended


def test_a_hang_ends_where_it_was() -> None:
    said = r"iteration 3 was ended after 0\.05 s"
    with pytest.raises(IterationTimeoutError, match=said) as caught, limited(0.05, "iteration 3"):
        hang()
    assert any(entry.name == "hang" for entry in caught.traceback)


def test_it_ends_in_another_thread_too() -> None:
    (error,) = in_thread()
    assert "iteration 3 was ended after 0.05 s" in str(error)


def test_what_ends_in_time_is_left_alone() -> None:
    for seconds in (None, 60.0):
        with limited(seconds, "iteration 1"):
            pass


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="POSIX alone has alarms")
def test_the_alarm_of_another_goes_on() -> None:
    def handler(*_: object) -> None:
        raise AssertionError

    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 600.0)
        with limited(60.0, "iteration 1"):
            pass
        assert signal.getsignal(signal.SIGALRM) is handler
        assert 500.0 < signal.setitimer(signal.ITIMER_REAL, 0.0)[0] <= 600.0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
