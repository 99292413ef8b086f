"""Which frames of a traceback a report shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_soak.domain import hashing
from pytest_soak.market.strategy import Strategy
from pytest_soak.plugin.frames import show_own_frames


def shown(call: Callable[[], Any], **options: object) -> list[str]:
    """Files of the frames that are left of what a call raises, oldest first."""
    config: Any = SimpleNamespace(getoption=lambda name, default: options.get(name, default))
    with pytest.raises(Exception) as caught:  # noqa: PT011 (any that the call raises)
        call()
    show_own_frames(caught, config)
    return [Path(entry.path).name for entry in caught.traceback]


class Market:
    name = "mine"

    def simulation(self, *_args: object, **_words: object) -> None:
        raise ValueError("no window")


def run() -> object:
    market: Any = Market()
    window: Any = None
    return Strategy().run(market, {}, window)


HERE = Path(__file__).name


def test_frames_of_the_package_between_a_users_own_are_left_out() -> None:
    assert shown(run) == [HERE] * 3
    assert shown(run, tbstyle="short") == [HERE] * 3


@pytest.mark.parametrize("options", [{"fulltrace": True}, {"tbstyle": "native"}])
def test_options_keep_them_all(options: dict[str, object]) -> None:
    assert shown(run, **options) == [HERE, HERE, "strategy.py", HERE]


def test_what_the_package_or_a_library_under_it_raises_keeps_its_frames() -> None:
    value: Any = {"a": object()}
    assert "hashing.py" in shown(lambda: hashing.canonical_json(value))
