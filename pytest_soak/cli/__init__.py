"""The command ``pytest-soak``: tasks outside of a pytest run."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import datetime

from pytest_soak.cli import (
    calibrate,
    compare,
    dashboard,
    data,
    explain,
    exporter,
    fills,
    listing,
    market,
    record,
    report,
    rotate,
    series,
    status,
)
from pytest_soak.config.paths import reason_of, shown
from pytest_soak.domain.errors import SoakError
from pytest_soak.domain.text import printable
from pytest_soak.version import package_version


def main(arguments: Sequence[str] | None = None, now: datetime | None = None) -> int:
    """Run the command, as of ``now``.

    Returns 0 where it did its work, 1 where a comparison failed a limit, 2 where it could not work, 130 where
    Ctrl-C ended it before.
    """
    parser = argparse.ArgumentParser(prog="pytest-soak", description="Tasks outside of a pytest run.")
    parser.add_argument("--version", action="version", version=f"pytest-soak {package_version()}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    rotate.add(commands, now)
    status.add(commands, now)
    explain.add(commands)
    series.add(commands)
    compare.add(commands)
    fills.add(commands)
    report.add(commands)
    dashboard.add(commands)
    exporter.add(commands)
    market.add(commands)
    record.add(commands)
    data.add(commands)
    calibrate.add(commands)
    listing.add(commands)
    options = parser.parse_args(arguments)
    try:
        code: int | None = options.run(options)
        sys.stdout.flush()
    except SoakError as error:
        return _failed(str(error))
    except KeyboardInterrupt:
        sys.stderr.write("pytest-soak: interrupted\n")
        return 130
    except BrokenPipeError:
        # The reader closed the pipe, as ``head`` does; what is buffered has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        # A disk that is read-only or full, a folder that is another user's.
        return _failed(f"{shown(str(error.filename or 'a file'))}: {reason_of(error)}")
    return code or 0


def _failed(problem: str) -> int:
    sys.stderr.write(f"pytest-soak: {printable(problem)}\n")
    return 2
