"""The limit on an iteration's wall-clock time, by an alarm and by a watching thread."""

from __future__ import annotations

import signal
import threading

import pytest

from pytest_soak.engine.hangs import Hangs
from pytest_soak.engine.limits import IterationTimeoutError, grace, limited


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


def test_the_earliest_deadline_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The timer, of which a process has one, is that of the body which has to end first; none is left."""
    timers: list[float] = []
    monkeypatch.setattr("faulthandler.dump_traceback_later", lambda left, **_: timers.append(left))
    monkeypatch.setattr("faulthandler.cancel_dump_traceback_later", lambda: timers.append(0.0))
    hangs = Hangs()
    with hangs.ended_after(100.0):
        with hangs.ended_after(50.0), hangs.ended_after(200.0):
            pass
        with pytest.raises(KeyError), hangs.ended_after(0.0):
            raise KeyError
    assert [round(left) for left in timers] == [100, 50, 50, 50, 100, 0, 100, 0]
    assert grace(0.1) == 1.0
    assert grace(30.0) == 3.0


def test_standard_error_is_kept_while_it_is_captured(monkeypatch: pytest.MonkeyPatch) -> None:
    files: list[int] = []
    monkeypatch.setattr("faulthandler.dump_traceback_later", lambda _left, file, **_: files.append(file))
    monkeypatch.setattr("faulthandler.cancel_dump_traceback_later", lambda: None)
    hangs = Hangs()
    for act in (hangs.forget_stderr, hangs.keep_stderr, hangs.keep_stderr, hangs.forget_stderr):
        act()
        with hangs.ended_after(100.0):
            pass
    assert files[0] == files[3] == 2
    assert 2 not in files[1:3]
