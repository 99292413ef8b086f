"""Scenarios that say only in what they differ from another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.market import Scenario, load_scenario

HEAD = 'schema_version = 1\nname = "{name}"\nextends = "{base}"\n'


def stored(folder: Path, name: str, base: str, more: str = "") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(HEAD.format(name=name, base=base) + more, encoding="utf-8")
    return path


def test_tables_are_merged_and_lists_replaced(tmp_path: Path) -> None:
    stored(tmp_path, "mine", "volatile", "[fair]\nvol_bps = 0.5\n[flow.hawkes]\nbranching = 0.8\n")
    mine, base = load_scenario("mine", [tmp_path]), load_scenario("volatile")
    assert mine.fair == base.fair.model_copy(update={"vol_bps": 0.5})
    assert mine.flow.hawkes is not None
    assert base.flow.hawkes is not None
    assert mine.flow.hawkes == base.flow.hawkes.model_copy(update={"branching": 0.8})
    assert mine.windows == base.windows
    assert mine.description == base.description
    stored(
        tmp_path, "other", "mine", '[[windows]]\nlabel = "w"\ngap_s = [5, 9]\nlength_s = [1, 2]\nramp_s = 0\n'
    )
    other = load_scenario("other", [tmp_path])
    assert other.fair == mine.fair
    assert [window.label for window in other.windows] == ["w"]


def test_a_file_may_refine_the_shipped_scenario_of_its_name(tmp_path: Path) -> None:
    stored(tmp_path, "calm", "calm", "[fair]\nvol_bps = 0.5\n")
    assert load_scenario("calm", [tmp_path]).fair.vol_bps == 0.5
    assert load_scenario("calm").fair.vol_bps != 0.5
    stored(tmp_path, "mine", "calm")
    assert load_scenario("mine", [tmp_path]).fair.vol_bps == 0.5


@pytest.mark.parametrize(
    ("base", "message"),
    [
        ("clam", r"mine\.toml: extends = 'clam': unknown scenario 'clam'; known are .*did you mean 'calm'"),
        ("mine", r"mine\.toml: extends = 'mine': unknown scenario 'mine'"),
        ("loop", r"loop\.toml: extends = 'mine' leads back to itself"),
    ],
)
def test_a_base_that_is_not_there_or_leads_back(tmp_path: Path, base: str, message: str) -> None:
    stored(tmp_path, "loop", "mine")
    path = stored(tmp_path, "mine", base)
    with pytest.raises(SoakConfigError, match=message):
        load_scenario(path, [tmp_path])


def test_a_chain_has_an_end(tmp_path: Path) -> None:
    for number in range(12):
        stored(tmp_path, f"s{number}", f"s{number + 1}" if number < 11 else "calm")
    assert load_scenario("s5", [tmp_path]).fair == load_scenario("calm").fair
    with pytest.raises(SoakConfigError, match="over more than 8 files"):
        load_scenario("s0", [tmp_path])


def test_what_is_wrong_names_the_file_that_was_asked_for(tmp_path: Path) -> None:
    path = stored(tmp_path, "mine", "calm", "[fair]\nvol_bps = -1.0\n")
    with pytest.raises(SoakConfigError, match=r"mine\.toml: .*fair\.vol_bps = -1\.0"):
        load_scenario(path)
    path.write_text('schema_version = 1\nname = "mine"\nextends = 3\n', encoding="utf-8")
    with pytest.raises(SoakConfigError, match=r"extends = 3; expected the name of a file"):
        load_scenario(path)


REGIME = '[[regimes]]\nlabel = "{label}"\nmean_s = 60\nweight = {weight}\n'


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            REGIME.format(label="a", weight=1) + REGIME.format(label="b", weight=0),
            r"another of regimes with a weight above 0 that can follow 'a'",
        ),
        ("[flow.hawkes]\nweights = [1.0]\n", r"as many weights as half_lives_s, which are 3"),
        ("[flow.hawkes]\nbranching = 1.0\n", r"flow\.hawkes\.branching = 1\.0 .*less than or equal to 0\.95"),
        ('[book]\nanchor = "mid"\n', r"book\.anchor = 'mid'.*'fair' or 'opposite'"),
        (
            '[[shocks]]\nlabel = "s"\nat_s = 1\nlength_s = 1\noutage = "all"\n',
            r"shocks\.0\.outage = 'all'.*'none', 'feed', 'orders' or 'both'",
        ),
    ],
)
def test_what_belongs_together_is_checked(tmp_path: Path, more: str, message: str) -> None:
    with pytest.raises(SoakConfigError, match=message):
        load_scenario(stored(tmp_path, "mine", "calm", more))


def test_one_regime_and_none_are_fine(tmp_path: Path) -> None:
    one = load_scenario(stored(tmp_path, "mine", "calm", REGIME.format(label="only", weight=0)))
    assert [regime.label for regime in one.regimes] == ["only"]
    assert isinstance(one, Scenario)
