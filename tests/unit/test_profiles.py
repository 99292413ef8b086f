from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_soak.config.profiles import available_profiles, load_profile, profile_hash
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.parameters import PARAMETERS, problem_with
from pytest_soak.domain.settings import GateMode, Threshold
from pytest_soak.market.scenario.loading import load_scenario

SHIPPED = {
    "default": (65, 280, 0.14, 0.09, 0.14, 620),
    "steady_safe": (75, 260, 0.16, 0.08, 0.12, 740),
    "ultra_safe": (80, 260, 0.20, 0.08, 0.10, 780),
    "aggressive": (50, 320, 0.10, 0.12, 0.16, 500),
    "tick_bound": (60, 280, 0.08, 0.08, 0.12, 800),
}
OWN = """
schema_version = 1
name = "own"
[parameters]
tail_age_ms = 700
[gates.thresholds.net_bps]
fail_below = 1.0
"""


def write(folder: Path, text: str, name: str = "own.toml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_profiles_hold_the_documented_values_and_lie_in_bounds(name: str) -> None:
    loaded = load_profile(name)
    assert loaded.profile.name == name
    assert loaded.origin == f"shipped profile {name}"
    assert loaded.profile.parameters == dict(zip(PARAMETERS, SHIPPED[name], strict=True))
    assert all(problem_with(p, v) is None for p, v in loaded.profile.parameters.items())
    gates = loaded.profile.gates
    assert (gates.mode, gates.warmup_iterations) == (GateMode.HARD, 2)
    assert gates.thresholds == {
        "risk_ratio": Threshold(warn_above=0.40, fail_above=0.50),
        "net_bps": Threshold(fail_below=2.0),
        "adverse_bps_p95": Threshold(warn_above=3.0),
    }


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_each_profile_is_at_least_as_safe_as_the_one_before(parameter: str) -> None:
    ranked = ("aggressive", "default", "steady_safe", "ultra_safe")
    values = [load_profile(name).profile.parameters[parameter] for name in ranked]
    safety = [value * PARAMETERS[parameter].safer for value in values]
    assert safety == sorted(safety)
    assert safety[0] < safety[-1]


def test_the_safest_profile_quotes_the_smallest_orders() -> None:
    """Size moves drawdown in every market, and the share of liquidity is at its bound in steady_safe."""
    ranked = ("aggressive", "default", "steady_safe", "ultra_safe")
    makers = [load_profile(name).profile.maker for name in ranked]
    assert [maker.max_order_notional for maker in makers] == [6_000.0, 6_000.0, 6_000.0, 1_200.0]
    assert {maker.model_copy(update={"max_order_notional": 0.0}) for maker in makers} == {
        makers[0].model_copy(update={"max_order_notional": 0.0})
    }


def test_the_shipped_profiles_are_all_of_them() -> None:
    assert available_profiles() == tuple(sorted(SHIPPED))


def test_profiles_differ_in_their_hash_and_equal_content_does_not(tmp_path: Path) -> None:
    assert len({load_profile(name).sha256 for name in SHIPPED}) == len(SHIPPED)
    first = load_profile(str(write(tmp_path, OWN)))
    spaced = OWN.replace("tail_age_ms = 700", "tail_age_ms   =   700.0  # same").replace("\n", "\r\n")
    second = load_profile(str(write(tmp_path, spaced, "b.toml")))
    with_default = OWN + "[fees]\nmaker_bps = -0.5\n"
    third = load_profile(str(write(tmp_path, with_default, "c.toml")))
    other = load_profile(str(write(tmp_path, OWN.replace("700", "701"), "d.toml")))
    assert first.sha256 == second.sha256 == third.sha256 == profile_hash(first.profile)
    assert other.sha256 != first.sha256


def test_a_path_and_a_name_in_a_folder_of_the_user(tmp_path: Path) -> None:
    path = write(tmp_path / "mine", OWN)
    assert load_profile(str(path)).origin == str(path)
    by_name = load_profile("own", (tmp_path / "absent", tmp_path / "mine"))
    assert by_name.profile.parameters == {"tail_age_ms": 700.0}
    assert available_profiles((tmp_path / "mine",)) == tuple(sorted([*SHIPPED, "own"]))


def test_an_unknown_profile_lists_those_that_exist(tmp_path: Path) -> None:
    write(tmp_path, OWN)
    with pytest.raises(SoakConfigError) as caught:
        load_profile("steady_saef", (tmp_path,))
    known = "aggressive, default, own, steady_safe, tick_bound, ultra_safe"
    assert str(caught.value) == (
        f"profile 'steady_saef' does not exist; known are {known}; did you mean 'steady_safe'?"
    )


def test_a_users_profile_never_replaces_a_shipped_one_silently(tmp_path: Path) -> None:
    mine = write(tmp_path, OWN.replace('"own"', '"steady_safe"'), "steady_safe.toml")
    with pytest.raises(SoakConfigError, match=r"both shipped profile steady_safe and .*different content"):
        load_profile("steady_safe", (tmp_path,))
    assert load_profile(str(mine)).profile.name == "steady_safe"


def test_the_shipped_folder_itself_may_be_a_users_folder() -> None:
    folder = Path(__file__).parents[2] / "soak_profiles"
    assert load_profile("steady_safe", (folder,)).origin == "shipped profile steady_safe"


@pytest.mark.parametrize("name", ["", "..", "con", "nul.x", "a b", "~", "a\0b", "-x"])
def test_a_name_that_is_no_file_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(SoakConfigError, match="not a usable name"):
        load_profile(name, (tmp_path,))


@pytest.mark.parametrize("path", ["../none", "none.toml", "a\\none", "/none/x"])
def test_a_path_without_a_file_is_named(path: str) -> None:
    with pytest.raises(SoakConfigError, match="no such file"):
        load_profile(path)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("tail_age_ms = 700", "tail_age = 700", "unknown parameter 'tail_age'; known are min_interval_ms"),
        ("tail_age_ms = 700", "tail_age = 700", "did you mean 'tail_age_ms'?"),
        (
            "tail_age_ms = 700",
            "tail_age_ms = 5",
            "tail_age_ms = 5.0 is out of bounds; accepted is a number from 500",
        ),
        ("tail_age_ms = 700", "tail_age_ms = nan", "parameters.tail_age_ms = nan is refused"),
        ("tail_age_ms = 700", "tail_age_ms = inf", "parameters.tail_age_ms = inf is refused"),
        ("tail_age_ms = 700", "tail_age_ms = true", "parameters.tail_age_ms = True is refused"),
        ("tail_age_ms = 700", "tail_age_ms = '700'", "parameters.tail_age_ms = '700' is refused"),
        ("schema_version = 1", "schema_version = 2", "schema_version = 2 is refused; accepted is 1"),
        ('name = "own"', 'name = "con"', "Windows reserves"),
        ('name = "own"', 'name = "a-b"', "name = 'a-b' is refused"),
        ("fail_below = 1.0", "fail_belw = 1.0", "unknown key gates.thresholds.net_bps.fail_belw"),
        ("net_bps", "net_bsp", "gate on unknown KPI 'net_bsp'"),
        ("fail_below = 1.0", "", "no bound"),
        ("[parameters]", "[guards.velocity.limits]\ntail_age = 3\n[parameters]", "guards.velocity.limits"),
        ("[parameters]", '[guards.freeze]\nparameters = ["x"]\n[parameters]', "guards.freeze.parameters"),
        ("[parameters]", "[guard]\n[parameters]", "unknown key guard; accepted are"),
        ("[parameters]", "[parameters", "invalid TOML"),
    ],
)
def test_bad_content_is_one_sentence_with_the_file(old: str, new: str, said: str, tmp_path: Path) -> None:
    assert old in OWN
    path = write(tmp_path, OWN.replace(old, new))
    with pytest.raises(SoakConfigError) as caught:
        load_profile(str(path))
    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_found_by_name_must_bear_it(tmp_path: Path) -> None:
    write(tmp_path, OWN, "other.toml")
    with pytest.raises(SoakConfigError, match=r"other\.toml: name = 'own' is refused; accepted is 'other'"):
        load_profile("other", (tmp_path,))


def test_a_profile_that_extends_another_says_only_what_differs(tmp_path: Path) -> None:
    write(tmp_path, 'extends = "steady_safe"\n[fees]\nmaker_bps = 0.0\n', "mine.toml")
    write(tmp_path, 'extends = "mine"\n[parameters]\ntail_age_ms = 600\n', "other.toml")
    base, other = load_profile("steady_safe").profile, load_profile("other", (tmp_path,)).profile
    assert other.name == "other"
    assert other.fees.maker_bps == 0.0
    assert other.parameters == {**base.parameters, "tail_age_ms": 600.0}
    assert other.gates == base.gates
    write(tmp_path, 'extends = "./other.toml"\n', "third.toml")
    assert load_profile(str(tmp_path / "third.toml"), (tmp_path,)).profile.parameters == other.parameters


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('extends = "steady_saef"', "extends: profile 'steady_saef' does not exist; known are"),
        ('extends = "mine"', "extends: profile 'mine' does not exist"),
        ('extends = "./mine.toml"', "leads back to itself"),
        ("extends = 3", "expected the name of a file"),
        ('extends = "./gone.toml"', "gone.toml: there is no such file"),
    ],
)
def test_a_base_that_is_no_use_is_named(text: str, said: str, tmp_path: Path) -> None:
    path = write(tmp_path, text, "mine.toml")
    with pytest.raises(SoakConfigError, match=r"mine\.toml|gone\.toml") as caught:
        load_profile(str(path), (tmp_path,))
    assert said in str(caught.value)


def test_version_and_name_have_defaults_and_all_missing_keys_are_named(tmp_path: Path) -> None:
    text = OWN.replace("schema_version = 1", "").replace('name = "own"', "")
    assert load_profile(str(write(tmp_path, text, "my own-one.toml"))).profile.name == "my_own_one"
    with pytest.raises(SoakConfigError, match=r"empty\.toml: keys parameters, gates are missing"):
        load_profile(str(write(tmp_path, "", "empty.toml")))


@pytest.mark.parametrize("name", ["mine.json", "mine.yaml", "mine.YML"])
def test_a_file_of_another_format_is_named(name: str, tmp_path: Path) -> None:
    """By its path and by the name that it would have; scenarios the same."""
    file = tmp_path / name
    file.write_text("{}", encoding="utf-8")
    for load in (load_profile, load_scenario):
        with pytest.raises(SoakConfigError, match=r"accepted is a TOML file, whose name ends in \.toml"):
            load(str(file))
        for asked in ("mine", name) if file.suffix.islower() else ():
            said = rf"; {re.escape(str(file))} is not read, accepted is a TOML file, mine\.toml$"
            with pytest.raises(SoakConfigError, match=said):
                load(asked, (tmp_path,))
        with pytest.raises(SoakConfigError) as caught:
            load("other", (tmp_path,))
        assert "is not read" not in str(caught.value)
