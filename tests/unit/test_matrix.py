"""Names of canaries: what a recording is called becomes part of an id and a folder's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_soak.config.names import check_name
from pytest_soak.engine.settings import Settings
from pytest_soak.plugin.matrix import markets_of


def name_of(recording: str) -> str:
    settings = Settings(replay=(Path(recording),))
    (market,) = markets_of(settings, Path())
    return check_name(market.name, "recording")


@pytest.mark.parametrize(
    ("recording", "name"),
    [
        ("data/rec-1.npz", "rec_1"),
        ("data/*.npz", "recording"),
        ("data/*_trades.csv.gz", "trades_csv"),
        ("data/_old.npz", "old"),
        ("data/\u00e9t\u00e9.npz", "t_"),
        ("data/" + "n" * 200 + ".npz", "n" * 64),
    ],
)
def test_any_recording_has_a_usable_name(recording: str, name: str) -> None:
    assert name_of(recording) == name


def test_a_name_that_windows_reserves_is_one_of_a_recording() -> None:
    with pytest.raises(pytest.UsageError, match="recording 'con': Windows reserves"):
        name_of("data/con.npz")
