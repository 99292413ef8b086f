"""Kill and fault loops: ``python -m tests.chaos.loop --rounds N``.

Each round soaks in a folder of its own and is hit once: a kill at a moment drawn at random, or a system call
that fails, once or from then on. Then the run is resumed until it is whole, and its records must be those of
a run that nothing disturbed, byte by byte. The table at the end counts what happened; the exit code is 0 if
no record differs and nothing else went wrong.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pytest_soak.store.journal.journal import Journal

ITERATIONS = 4
SEEDS = 2
JOB = (
    "--soak-profile=aggressive",
    "--soak-scenario=volatile",
    "--soak-minutes=0.05",
    f"--soak-iterations={ITERATIONS}",
    f"--soak-seed=1..{SEEDS}",
    "--soak-gate=off",
)
RESUMES = 4
SECONDS = 120.0
CALLS = (
    "openat",
    "write",
    "pwrite64",
    "ftruncate",
    "fsync",
    "fdatasync",
    "rename",
    "mkdir",
    "symlink",
    "flock",
)
ERRORS = ("EIO", "ENOSPC")
KILLS = ("process", "group", "worker", "controller")
FAULTS = ("once", "for ever")

Records = dict[str, tuple[str, ...]]


@dataclass(slots=True)
class Row:
    """What happened in the rounds of one kind."""

    rounds: int = 0
    hits: int = 0
    resumes: int = 0
    differing: int = 0
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Round:
    """One run that is disturbed: its folder, and the chance that says when and where."""

    folder: Path
    kind: str
    dice: random.Random
    seconds: float

    def disturb(self) -> bool:
        """Run and hit; whether the hit met a run at work."""
        return self._fault() if self.kind in FAULTS else self._kill()

    def _kill(self) -> bool:
        workers = ("-n", "2") if self.kind in ("worker", "controller") else ()
        process = _started(self.folder, (*JOB, *workers))
        try:
            time.sleep(self.dice.uniform(0.3, 1.0) * self.seconds)
            met = process.poll() is None
            self._strike(process)
            process.wait(SECONDS)
        finally:
            _end_group(process)
        return met

    def _strike(self, process: subprocess.Popen[bytes]) -> None:
        if self.kind == "group":
            _end_group(process)
        elif self.kind == "worker":
            listed = subprocess.run(
                ("/usr/bin/env", "pgrep", "-P", str(process.pid)),
                capture_output=True,
                encoding="ascii",
                check=False,
            )
            if listed.stdout:
                os.kill(int(self.dice.choice(listed.stdout.split())), signal.SIGKILL)
        else:
            process.kill()

    def _fault(self) -> bool:
        call, error = self.dice.choice(CALLS), self.dice.choice(ERRORS)
        # The first calls are the interpreter's own; a path filter leaves those of the artifacts alone.
        when = f"{self.dice.randint(1, 60)}{'+' if self.kind == 'for ever' else ''}"
        log = self.folder / "strace.log"
        command = ("strace", "-f", "-qq", "-o", str(log), f"--trace={call}", *_paths(self.folder))
        inject = ("-e", f"inject={call}:error={error}:when={when}")
        process = _started(self.folder, JOB, (*command, *inject))
        try:
            process.wait(SECONDS)
        finally:
            _end_group(process)
        return "(INJECTED)" in log.read_text(encoding="utf-8", errors="replace")


def _paths(folder: Path) -> Iterator[str]:
    """Options that restrict strace to the files of a run, whose folder has a fixed name for that."""
    artifacts = folder / "artifacts/soak"
    run = artifacts / "runs" / RUN_ID
    places = [artifacts, artifacts / "runs", run, run / "RUN.json"]
    names = ("", "soak.db", "soak.db-wal", "soak.db-shm", "soak.db.lock", "soak.db-journal", "audit.jsonl")
    canaries = (f"aggressive-volatile-s{seed}" for seed in range(1, SEEDS + 1))
    places += [run / canary / name for canary, name in itertools.product(canaries, names)]
    return itertools.chain.from_iterable(("-P", str(place)) for place in places)


RUN_ID = "20260101T000000000Z-abcdef"

# Every run of a round has the same name, so that strace can be told its paths before they are there.
_STARTER = (
    "import pytest_soak.plugin as p; p.fresh_run_id = lambda: {run!r}; import pytest, sys; "
    "sys.exit(pytest.main(sys.argv[1:]))"
)


def _started(folder: Path, arguments: Sequence[str], before: Sequence[str] = ()) -> subprocess.Popen[bytes]:
    command = [*before, sys.executable, "-c", _STARTER.format(run=RUN_ID), "-q"]
    with (folder / "output.txt").open("ab") as output:
        return subprocess.Popen(
            [*command, "-p", "no:randomly", "-p", "no:cacheprovider", *arguments],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End what is left of a round's processes; its session holds no other."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _whole(folder: Path, *, fresh: bool) -> int:
    """Run or resume to the end; the exit code, 124 where it hangs."""
    process = _started(folder, JOB if fresh else ("--soak-resume",))
    try:
        return process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        return 124
    finally:
        _end_group(process)


def records(folder: Path) -> Records:
    """The records of every canary of the only run, as the journals have them."""
    found: Records = {}
    for path in sorted(folder.glob("artifacts/soak/runs/*/*/soak.db")):
        with Journal.open(path, create=False) as journal:
            found[path.parent.name] = tuple(entry.text for entry in journal.entries())
    return found


def _resumed(folder: Path, row: Row) -> bool:
    """Resume until a run is whole; whether it came to be."""
    for _ in range(RESUMES):
        begun = any(folder.glob("artifacts/soak/runs/*/RUN.json"))
        row.resumes += begun
        if _whole(folder, fresh=not begun) == 0:
            return True
    return False


def _disturbed(disturbance: Round, row: Row, expected: Records) -> None:
    row.rounds += 1
    try:
        row.hits += disturbance.disturb()
    except subprocess.TimeoutExpired:
        # A hang is a failure of its own, and the run must resume from it all the same.
        row.failures += 1
    if not _resumed(disturbance.folder, row):
        row.failures += 1
    elif records(disturbance.folder) != expected:
        row.differing += 1


def kinds(wanted: Sequence[str] | None) -> tuple[str, ...]:
    """The kinds of disturbance that this system has, or those of them that are wanted."""
    if sys.platform == "win32":
        there: tuple[str, ...] = ("process",)
    else:
        there = KILLS if shutil.which("strace") is None else (*KILLS, *FAULTS)
    return there if wanted is None else tuple(kind for kind in there if kind in wanted)


@contextmanager
def _place(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory() as name:
            yield Path(name).resolve()
    else:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve()


def run(rounds: int, names: Sequence[str], seed: int, keep: Path | None = None) -> dict[str, Row]:
    """Disturb as many runs, the kinds in turn; folders of rounds that went wrong stay where ``keep`` is."""
    rows = {name: Row() for name in names}
    with _place(keep) as place:
        undisturbed = place / "undisturbed"
        undisturbed.mkdir()
        began = time.monotonic()
        if _whole(undisturbed, fresh=True) != 0:
            raise SystemExit((undisturbed / "output.txt").read_text(encoding="utf-8"))
        seconds, expected = time.monotonic() - began, records(undisturbed)
        for number in range(rounds):
            kind = names[number % len(names)]
            folder = place / f"{number}-{kind.replace(' ', '-')}"
            folder.mkdir()
            row = rows[kind]
            before = row.differing + row.failures
            dice = random.Random(f"{seed}-{number}")
            _disturbed(Round(folder, kind, dice, seconds), row, expected)
            if row.differing + row.failures == before:
                shutil.rmtree(folder)
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the loop and print its table; 0 where nothing went wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.loop", description=__doc__)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", action="append", choices=(*KILLS, *FAULTS))
    parser.add_argument("--keep", type=Path, help="A new folder where rounds that went wrong are kept")
    options = parser.parse_args(arguments)
    rows = run(options.rounds, kinds(options.kind), options.seed, options.keep)
    columns = ("rounds", "hits", "resumes", "differing", "failures")
    lines = [f"{'kind':<12}" + "".join(f"{name:>11}" for name in columns)]
    for kind, row in rows.items():
        lines.append(f"{kind:<12}" + "".join(f"{getattr(row, name):>11}" for name in columns))
    sys.stdout.write("\n".join(lines) + "\n")
    return int(any(row.differing or row.failures for row in rows.values()))


if __name__ == "__main__":
    raise SystemExit(main())
