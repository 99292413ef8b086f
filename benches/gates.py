"""How often healthy and sick makers turn a session red: ``python -m benches.gates [SEEDS]``.

Each canary is the default profile without tuning on a shipped scenario, 24 iterations of 5 minutes, one a
seed. ``as measured`` counts canaries of which any iteration after the warm-up missed a gate; ``in hard mode``
those of which an item fails: a miss beyond the sampling error of its iteration, or the pooled KPIs.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

from pytest_soak.config.profiles import load_profile
from pytest_soak.domain.gates import judge_canary, verdict_of
from pytest_soak.domain.kpis import pooled
from pytest_soak.domain.records import GateResult, Verdict
from pytest_soak.domain.settings import GateMode
from pytest_soak.engine.canary import Canary
from pytest_soak.engine.inputs import CanarySpec
from pytest_soak.engine.standalone import BuiltInHooks
from pytest_soak.market import MockMarket, ReferenceMaker, load_scenario

ITERATIONS = 24
SCENARIOS = ("calm", "mixed", "volatile", "flash_crash")
_MISSED = (Verdict.FAIL, Verdict.NO_DATA)


def spec_in(folder: Path, scenario: str, seed: int) -> CanarySpec:
    """The default profile without tuning."""
    profile = load_profile("default").profile
    return CanarySpec(
        name=f"default-{scenario}-s{seed}",
        run_id=folder.name,
        folder=folder,
        profile=profile,
        market=MockMarket(load_scenario(scenario), seed=seed),
        scenario=scenario,
        seed=seed,
        strategy=ReferenceMaker(profile.maker, profile.fees),
        parameters=profile.parameters,
        safe_parameters=load_profile("steady_safe").profile.parameters,
        iterations=ITERATIONS,
        minutes=5.0,
        gate_mode=GateMode.HARD,
        tune=False,
    )


def _fails(gate: GateResult) -> bool:
    return gate.verdict in _MISSED and gate.is_beyond_chance


def judged(scenario: str, seed: int) -> tuple[bool, bool, Verdict]:
    """Whether a canary is red as measured, whether it is in hard mode, and its pooled verdict."""
    with tempfile.TemporaryDirectory() as folder:
        spec = spec_in(Path(folder), scenario, seed)
        canary = Canary(spec, BuiltInHooks())
        try:
            records = [r for r in canary.advance_to(ITERATIONS) if not r.warmup]
            first = spec.profile.gates.warmup_iterations + 1
            whole = judge_canary(pooled(canary.edges(first)), spec.profile.gates, len(records))
        finally:
            canary.close()
    verdict = verdict_of(whole)
    as_measured = verdict in _MISSED or any(record.verdict in _MISSED for record in records)
    hard = verdict in _MISSED or any(_fails(gate) for record in records for gate in record.gates)
    return as_measured, hard, verdict


def main(seeds: int) -> None:
    """Print a row per scenario."""
    sys.stdout.write(
        f"{'scenario':<12} {'seeds':>5} {'as measured':>12} {'in hard mode':>13}  pooled verdicts\n"
    )
    for scenario in SCENARIOS:
        results = [judged(scenario, seed) for seed in range(1, seeds + 1)]
        verdicts = Counter(verdict.value for _, _, verdict in results)
        said = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
        red, hard = sum(r[0] for r in results), sum(r[1] for r in results)
        sys.stdout.write(f"{scenario:<12} {seeds:>5} {red:>12} {hard:>13}  {said}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 32)
