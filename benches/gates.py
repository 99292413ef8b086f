"""How often healthy and sick makers turn a session red: ``python -m benches.gates [SEEDS]``.

Each canary is the default profile without tuning on a shipped scenario, 24 iterations of 5 minutes, one a
seed. ``as measured`` counts canaries of which any iteration after the warm-up missed a gate; ``in hard mode``
those of which an item fails: a miss beyond the sampling error of its iteration, or the pooled KPIs.

``python -m benches.gates chance``: how many of 400 synthetic canaries are red in hard mode whose maker lies
one standard error of a run above its gates.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from pytest_soak.config.profiles import load_profile
from pytest_soak.domain.gates import judge_canary, verdict_of
from pytest_soak.domain.kpis import pooled
from pytest_soak.domain.outcome import MISSED
from pytest_soak.domain.records import GateResult, Kpis, Verdict
from pytest_soak.domain.settings import GateMode
from pytest_soak.engine.canary import Canary
from pytest_soak.engine.inputs import CanarySpec
from pytest_soak.engine.standalone import BuiltInHooks
from pytest_soak.market import MockMarket, ReferenceMaker, load_scenario
from tests.unit.test_sampling import share_red

ITERATIONS = 24
SCENARIOS = ("calm", "mixed", "volatile", "flash_crash")


def spec_in(
    folder: Path,
    scenario: str,
    seed: int,
    *,
    profile: str = "default",
    iterations: int = ITERATIONS,
    tune: bool = False,
) -> CanarySpec:
    """A canary of a shipped profile, without tuning where nothing else is said."""
    chosen = load_profile(profile).profile
    return CanarySpec(
        name=f"{profile}-{scenario}-s{seed}",
        run_id=folder.name,
        folder=folder,
        profile=chosen,
        market=MockMarket(load_scenario(scenario), seed=seed),
        scenario=scenario,
        seed=seed,
        strategy=ReferenceMaker(chosen.maker, chosen.fees),
        parameters=chosen.parameters,
        safe_parameters=load_profile("steady_safe").profile.parameters,
        iterations=iterations,
        minutes=5.0,
        gate_mode=GateMode.HARD,
        tune=tune,
    )


def _fails(gate: GateResult) -> bool:
    return gate.verdict in MISSED and gate.is_beyond_chance


class Judged(NamedTuple):
    """A canary: whether it is red as measured, whether it is in hard mode, its pooled verdict and KPIs."""

    is_red_as_measured: bool
    is_red: bool
    verdict: Verdict
    kpis: Kpis


def judged(spec: CanarySpec) -> Judged:
    """Soak a canary and judge it."""
    canary = Canary(spec, BuiltInHooks())
    try:
        records = [r for r in canary.advance_to(spec.iterations) if not r.warmup]
        kpis = pooled(canary.edges(spec.profile.gates.warmup_iterations + 1))
    finally:
        canary.close()
    verdict = verdict_of(judge_canary(kpis, spec.profile.gates, len(records)))
    as_measured = verdict in MISSED or any(record.verdict in MISSED for record in records)
    hard = verdict in MISSED or any(_fails(gate) for record in records for gate in record.gates)
    return Judged(as_measured, hard, verdict, kpis)


def main(seeds: int) -> None:
    """Print a row per scenario."""
    sys.stdout.write(
        f"{'scenario':<12} {'seeds':>5} {'as measured':>12} {'in hard mode':>13}  pooled verdicts\n"
    )
    for scenario in SCENARIOS:
        results = []
        for seed in range(1, seeds + 1):
            with tempfile.TemporaryDirectory() as folder:
                results.append(judged(spec_in(Path(folder), scenario, seed)))
        verdicts = Counter(result.verdict.value for result in results)
        said = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
        red, hard = sum(r.is_red_as_measured for r in results), sum(r.is_red for r in results)
        sys.stdout.write(f"{scenario:<12} {seeds:>5} {red:>12} {hard:>13}  {said}\n")


def main_of_chance(runs: int = 400) -> None:
    """Print a row per length of a canary."""
    for iterations in (6, 24, 96):
        red = round(share_red(iterations, 1.0, runs) * runs)
        sys.stdout.write(f"{iterations:>3} iterations: {red} of {runs} red\n")


if __name__ == "__main__":
    if sys.argv[1:] == ["chance"]:
        main_of_chance()
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 32)
