"""Drive the loop of a soak from a script, without pytest: ``python examples/without_pytest.py FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path

from pytest_soak.config.profiles import load_profile
from pytest_soak.domain.settings import GateMode
from pytest_soak.engine.canary import Canary
from pytest_soak.engine.inputs import CanarySpec
from pytest_soak.engine.standalone import BuiltInHooks
from pytest_soak.market import MockMarket, ReferenceMaker, load_scenario

SAFE = "steady_safe"


def spec_in(folder: Path, *, iterations: int = 3, minutes: float = 1.0) -> CanarySpec:
    """The reference maker with a shipped profile on a shipped scenario."""
    profile = load_profile(SAFE).profile
    scenario = load_scenario("calm")
    return CanarySpec(
        name=f"{SAFE}-{scenario.name}-s1",
        run_id=folder.name,
        folder=folder,
        profile=profile,
        market=MockMarket(scenario, seed=1),
        scenario=scenario.name,
        seed=1,
        strategy=ReferenceMaker(profile.maker, profile.fees),
        parameters=profile.parameters,
        safe_parameters=profile.parameters,
        iterations=iterations,
        minutes=minutes,
        gate_mode=GateMode.SOFT,
        tune=True,
    )


def main(folder: Path) -> None:
    """Run a canary to its end; started again, it serves what its journal holds."""
    spec = spec_in(folder)
    canary = Canary(spec, BuiltInHooks())
    try:
        for _ in canary.advance_to(spec.iterations):
            pass
        for record in canary.records:
            net = record.kpis.net_bps
            shown = "not measured" if net is None else f"{net:+.2f} bps"
            sys.stdout.write(
                f"{spec.name} {record.iteration}/{spec.iterations}  net {shown}  {record.verdict}\n"
            )
    finally:
        canary.close()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "artifacts/without_pytest"))
