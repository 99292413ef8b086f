"""``pytest-soak fills``: a run once more under each fill model, on the same seeds."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_soak.cli.options import add_artifacts
from pytest_soak.config.arguments import path
from pytest_soak.domain.errors import SoakStateError
from pytest_soak.domain.fills import COMPARED, COMPARED_ON_RECORDINGS, FillModel
from pytest_soak.domain.text import printable

if TYPE_CHECKING:
    from pytest_soak.cli.options import Commands
    from pytest_soak.observe.comparison import Comparison, Difference
    from pytest_soak.observe.reading import RunReading

_BASE = FillModel.QUEUE
_SHOWN = ("fills", "net_bps", "profit_quote")
# Where every repetition differs from the run by definition.
_MEANT = ("setting fills ", "setting gate ", ": market_hash ", ": gate_mode ")


def add(commands: Commands) -> None:
    """Add the command to a parser's commands."""
    command = commands.add_parser(
        "fills",
        help="Repeat a run under each fill model",
        description="Repeat a run under each fill model on the same seeds, and print fills, net and profit "
        "of each with paired differences. Start it in the folder in which the run was started.",
    )
    command.add_argument(
        "of", type=path, metavar="RUN", help="Folder or name of a run, or an artifacts folder for its newest"
    )
    add_artifacts(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print one table for each profile and scenario.

    Raises:
        SoakConfigError: there is no such run.
        SoakStateError: its manifest is damaged, or a repetition failed.
    """
    from pytest_soak.observe.comparison import compare
    from pytest_soak.observe.reading import open_run
    from pytest_soak.observe.report import words_of

    asked = open_run(options.of, options.artifacts)
    words = [word for word in words_of(asked) if not word.startswith(("--soak-gate=", "--soak-fills="))]
    is_recorded = asked.manifest.settings.replay is not None
    models = (*COMPARED, *(COMPARED_ON_RECORDINGS if is_recorded else ()))
    with tempfile.TemporaryDirectory(prefix="pytest-soak-fills-") as folder:
        runs = {
            model: _repeated(words, model, Path(folder) / str(number)) for number, model in enumerate(models)
        }
        compared = {model: compare(runs[_BASE], other) for model, other in runs.items()}
        for line in _lines(asked, runs[_BASE], compared):
            sys.stdout.write(f"{printable(line)}\n")
    return 0


def _repeated(words: list[str], model: str, folder: Path) -> RunReading:
    from pytest_soak.observe.reading import open_run

    own = (f"--soak-fills={model}", f"--soak-artifacts={folder}", "--soak-gate=off")
    quiet = ("--soak-report=off", "--soak-series=off", "-q", "-p", "no:cacheprovider")
    command = [sys.executable, "-m", *words, *own, *quiet]
    done = subprocess.run(  # noqa: S603 - this interpreter, with words of the run's checked manifest and no shell
        command, capture_output=True, text=True, encoding="utf-8", check=False
    )
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines() or ["it said nothing"]
        raise SoakStateError(
            f"the run with --soak-fills={model} ended with exit code {done.returncode}: {said[-1]}"
        )
    return open_run(folder, folder)


def _lines(asked: RunReading, base: RunReading, compared: Mapping[FillModel, Comparison]) -> Iterator[str]:
    from pytest_soak.observe.comparison import compare

    yield f"{asked.run_id} under each fill model; differences are paired, with their 95 % interval"
    for change in compare(asked, base).changes:
        if not any(words in change for words in _MEANT):
            yield f"changed since the run: {change}"
    for index, group in enumerate(compared[_BASE].groups):
        yield ""
        yield f"{group.profile} on {group.scenario}, canaries: {group.pairs}"
        yield f"{'model':13} {'fills':>10} {'net bps':>10} {'profit':>10}  net bps against {_BASE}"
        for model, comparison in compared.items():
            found = {one.kpi: one for one in comparison.groups[index].differences if one.kpi in _SHOWN}
            cells = " ".join(f"{_mean(found.get(kpi)):>10}" for kpi in _SHOWN)
            yield f"{model:13} {cells}  {'' if model == _BASE else _against(found.get('net_bps'))}".rstrip()


def _mean(one: Difference | None) -> str:
    return "-" if one is None or one.after is None else f"{one.after:.2f}"


def _against(one: Difference | None) -> str:
    if one is None or one.change is None:
        return "-"
    width = "" if one.half_width is None else f" +- {one.half_width:.2f}"
    return f"{one.change:+.2f}{width}"
