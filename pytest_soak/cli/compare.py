"""``pytest-soak compare``: two runs side by side, with limits on what may get worse."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from pytest_soak.cli.options import add_artifacts
from pytest_soak.cli.outputs import output_file, write_output
from pytest_soak.config.arguments import path
from pytest_soak.domain.text import printable

if TYPE_CHECKING:
    from pytest_soak.cli.options import Commands

LIMITS_HELP = "How much a KPI may get worse, as net_bps:-5%%,risk_ratio:+0.02; beyond that the exit code is 1"


def add(commands: Commands) -> None:
    """Add the command to a parser's commands."""
    command = commands.add_parser(
        "compare",
        help="Compare two runs, pair by pair of profile, scenario and seed",
        description="Name what was changed between two runs, then how their KPIs differ, with intervals.",
    )
    for name in ("before", "after"):
        command.add_argument(
            name,
            type=path,
            metavar=name.upper(),
            help="Folder or name of a run, or an artifacts folder for its newest",
        )
    command.add_argument("--fail", metavar="LIMITS", help=LIMITS_HELP)
    command.add_argument(
        "--markdown", type=output_file, metavar="FILE", help="Write the comparison as Markdown too"
    )
    command.add_argument(
        "--page", type=output_file, metavar="FILE", help="Write it as a page with charts too, to open or mail"
    )
    add_artifacts(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the comparison; 1 where a limit is failed or what it limits was not measured.

    Raises:
        SoakConfigError: there is no such run, or a limit is not valid.
        SoakStateError: a journal is damaged.
        SoakStoreError: a file could not be written.
    """
    from pytest_soak.observe.compared import lines, markdown, values
    from pytest_soak.observe.comparison import compare
    from pytest_soak.observe.html import COMPARISON, write_page
    from pytest_soak.observe.limits import is_failed, judge, parse_limits
    from pytest_soak.observe.reading import open_run
    from pytest_soak.store.disk import files

    limits = parse_limits(options.fail) if options.fail is not None else ()
    before, after = (open_run(place, options.artifacts) for place in (options.before, options.after))
    comparison = compare(before, after)
    judged = list(judge(comparison, limits))
    for line in lines(comparison, judged):
        sys.stdout.write(f"{printable(line)}\n")
    if options.markdown is not None:
        write_output(options.markdown, markdown(comparison, judged).encode("utf-8"))
    if options.page is not None:
        files.make_folder(options.page.parent)
        write_page(values(comparison, judged), options.page, COMPARISON, single=True)
    return int(is_failed(comparison, limits, judged))
