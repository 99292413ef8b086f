"""Whether the makers of the documentation hold their gates: ``python -m benches.documented [SEEDS]``.

Each is taken from docs/how-to/python.md or a docstring as it stands there, soaked on ``calm`` with the
profile ``default``, 6 iterations of 5 minutes, one canary a seed from 1001 on: seeds that nothing was
chosen by. ``red`` counts
canaries of which an item fails in hard mode; KPIs are means of the pooled ones, net with the
half-width of its 95 % interval over seeds.
"""

from __future__ import annotations

import inspect
import math
import statistics
import sys
import tempfile
import textwrap
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from benches.gates import judged, spec_in
from pytest_soak.market import Strategy, stepping

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "python.md"
FIRST_SEED = 1001
ITERATIONS = 6

Make = Callable[..., Strategy]


def conftest_of_page() -> str:
    """The maker that is asked at every decision."""
    return _section().partition("```python\n")[2].partition("```")[0]


def loop_of_page() -> str:
    """The explicit loop, in the class that the page leaves out."""
    loop = "def run" + _section().partition("```python\ndef run")[2].partition("```")[0]
    return (
        "class Loop:\n"
        "    name = 'loop'\n"
        "    def __init__(self, fees):\n"
        "        self.fees = fees\n"
        "    def describe(self):\n"
        "        return {}\n"
        f"{textwrap.indent(loop, '    ')}\n"
        "def pytest_soak_make_strategy(profile):\n"
        "    return Loop(profile.fees)\n"
    )


def conftest_of_stepping() -> str:
    """The whole maker of the module's documentation."""
    text = (inspect.getdoc(stepping) or "").partition("::\n")[2].partition("\nA KPI that")[0]
    return textwrap.dedent(text)


DOCUMENTED: Mapping[str, Callable[[], str]] = {
    "docs, on_step": conftest_of_page,
    "docs, loop": loop_of_page,
    "market/stepping.py": conftest_of_stepping,
}


def maker(text: str) -> Make:
    """The hook that a conftest defines."""
    names: dict[str, Any] = {}
    exec(text, names)  # noqa: S102 - a block of this repository's documentation, run as its reader would
    made: Make = names["pytest_soak_make_strategy"]
    return made


def _section() -> str:
    return PAGE.read_text(encoding="utf-8")


def main(seeds: int) -> None:
    """Print a row per maker."""
    row = "{:<20} {:>5} {:>4} {:>15} {:>6} {:>6}  {}\n"
    sys.stdout.write(row.format("maker", "seeds", "red", "net bps", "adv95", "risk", "pooled"))
    for name, text in DOCUMENTED.items():
        make = maker(text())
        results = []
        for seed in range(FIRST_SEED, FIRST_SEED + seeds):
            with tempfile.TemporaryDirectory() as folder:
                spec = spec_in(Path(folder), "calm", seed)
                strategy = make(profile=spec.profile)
                results.append(judged(replace(spec, strategy=strategy, iterations=ITERATIONS, tune=True)))
        nets = [result.kpis.net_bps or 0.0 for result in results]
        wide = 2.04 * statistics.stdev(nets) / math.sqrt(len(nets))
        adverse = statistics.fmean(result.kpis.adverse_bps_p95 or 0.0 for result in results)
        risk = statistics.fmean(result.kpis.risk_ratio or 0.0 for result in results)
        verdicts = Counter(result.verdict.value for result in results)
        said = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
        red = sum(result.is_red for result in results)
        net = f"{statistics.fmean(nets):+.2f} +- {wide:.2f}"
        sys.stdout.write(row.format(name, seeds, red, net, f"{adverse:.2f}", f"{risk:.1%}", said))
        sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 32)
