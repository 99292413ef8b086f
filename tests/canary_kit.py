"""A canary without pytest around it: the real market, tuner, guards and journal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pytest_soak.config.profiles import load_profile
from pytest_soak.domain.records import IterationRecord
from pytest_soak.domain.settings import GateMode
from pytest_soak.engine.canary import Canary
from pytest_soak.engine.inputs import CanarySpec
from pytest_soak.engine.standalone import BuiltInHooks
from pytest_soak.market import MockMarket, ReferenceMaker, Strategy, load_scenario


class PlainHooks(BuiltInHooks):
    """The built-in guards and tuner; the parameters that listeners are told are those of the record."""

    def finished(self, record: IterationRecord, parameters: Mapping[str, float]) -> None:
        assert dict(parameters) == record.parameters_after


def spec(
    folder: Path,
    *,
    profile: str = "steady_safe",
    scenario: str = "calm",
    seed: int = 1,
    iterations: int = 6,
    minutes: float = 1.0,
    strategy: Strategy | None = None,
    parameters: Mapping[str, float] | None = None,
) -> CanarySpec:
    """A canary of a shipped profile and scenario."""
    loaded = load_profile(profile).profile
    return CanarySpec(
        name=f"{profile}-{scenario}-s{seed}",
        run_id="20260101T000000000Z-000000",
        folder=folder,
        profile=loaded,
        market=MockMarket(load_scenario(scenario), seed=seed),
        scenario=scenario,
        seed=seed,
        strategy=strategy or ReferenceMaker(loaded.maker, loaded.fees),
        parameters={**loaded.parameters, **(parameters or {})},
        safe_parameters=load_profile("steady_safe").profile.parameters,
        iterations=iterations,
        minutes=minutes,
        gate_mode=GateMode.HARD,
        tune=True,
    )


def run(made: CanarySpec, upto: int | None = None) -> tuple[IterationRecord, ...]:
    """Advance a canary, to its end unless said otherwise, and close it."""
    canary = Canary(made, PlainHooks())
    try:
        for _ in canary.advance_to(upto or made.iterations):
            pass
        return canary.records
    finally:
        canary.close()
