"""Kill and fault loops: ``python -m tests.chaos.loop --rounds N``.

Each round soaks in a folder of its own and is hit once: a kill while an iteration or the creation of a
journal is under way, or a call to the system that fails, once or from then on, all calls in turn. Then the
run is resumed, and its records must be those of a run that nothing disturbed, byte by byte. The table at
the end counts what happened, the lines below it say what went wrong; the exit code is 0 if nothing did.
"""

from __future__ import annotations

import argparse
import collections
import itertools
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from pytest_soak.store.journal.journal import Journal
from tests.chaos.soaked import FAULT, LAYER, RUN_ID, TRAIL, read_trail, under_way

ROOT = Path(__file__).resolve().parents[2]
ITERATIONS = 3
SEEDS = 2
JOB = (
    "--soak-profile=aggressive",
    "--soak-scenario=volatile",
    "--soak-minutes=0.05",
    f"--soak-iterations={ITERATIONS}",
    f"--soak-seed=1..{SEEDS}",
    "--soak-gate=off",
)
SECONDS = 90.0
CALLS = (
    *("openat", "write", "pread64", "pwrite64", "ftruncate", "fsync", "fdatasync", "fcntl"),
    *("rename", "mkdir", "symlink", "flock", "unlink"),
    *("newfstatat", "getdents64", "lseek", "read", "readlink", "fchown"),
)
# A path filter sees the first path of a call only; a run makes no other calls of these.
BY_TARGET = {"rename": "replace", "symlink": "symlink"}
ERRORS = ("EIO", "ENOSPC")
KILLS = ("process", "group", "worker", "controller")
FAULTS = ("once", "for ever")
# The same call fails in each worker and in the controller, at the same use of its own.
SPREAD = ("once -n", "for ever -n")
PARALLEL = ("worker", "controller", *SPREAD)

Records = dict[str, tuple[str, ...]]


@dataclass(slots=True)
class Row:
    """What happened in the rounds of one kind; ``resumes`` are those after a hit."""

    rounds: int = 0
    hits: int = 0
    resumes: int = 0
    differing: int = 0
    failures: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Whole:
    """A run that nothing disturbed: its records and exports, and what it took to make them."""

    records: Records
    exports: list[str]
    spans: int
    seconds: float
    uses: Mapping[str, int]

    @property
    def calls(self) -> tuple[str, ...]:
        """Calls that can fail here, of the system and of the disk's layer."""
        return tuple(self.uses)


@dataclass(frozen=True, slots=True)
class Round:
    """One run that is disturbed: its folder, its number among its kind, and chance for when it is hit."""

    folder: Path
    kind: str
    number: int
    dice: random.Random
    whole: Whole

    @property
    def workers(self) -> tuple[str, ...]:
        """Options for the workers of this kind."""
        return ("-n", "2") if self.kind in PARALLEL else ()

    @property
    def fault(self) -> tuple[str, str, str]:
        """The call that fails, its error, and when: all calls in turn, the other error in the next turn."""
        calls = self.whole.calls
        call = calls[self.number % len(calls)]
        error = ERRORS[self.number // len(calls) % len(ERRORS)]
        # A worker has one of the canaries.
        most = self.whole.uses[call] // (SEEDS if self.kind in SPREAD else 1)
        uses = random.Random(f"{self.number} {self.kind}").randint(1, max(1, most))
        return call, error, f"{uses}{'+' if self.kind.startswith('for ever') else ''}"

    @property
    def name(self) -> str:
        """What is done, for the reader of a failure."""
        return f"{self.kind} {self.number}" + (f" ({' '.join(self.fault)})" if self.is_fault else "")

    @property
    def is_fault(self) -> bool:
        """Whether a call fails; otherwise a process is killed."""
        return self.kind in (*FAULTS, *SPREAD)

    def disturb(self) -> tuple[int, bool]:
        """Run and hit; the exit code, and whether the hit met a run at work.

        Raises:
            subprocess.TimeoutExpired: the run hangs.
        """
        return self._fault() if self.is_fault else self._kill()

    def _kill(self) -> tuple[int, bool]:
        trail = self.folder / "trail"
        process = started(self.folder, (*JOB, *self.workers), {TRAIL: str(trail)})
        try:
            self._wait(process, trail)
            met = self._strike(process, trail)
            return process.wait(SECONDS), met
        finally:
            # Workers without a controller end by themselves; the resume must get on beside them.
            if self.kind != "controller":
                end_group(process)

    def _wait(self, process: subprocess.Popen[bytes], trail: Path) -> None:
        begins, limit = self.dice.randint(1, self.whole.spans), time.monotonic() + SECONDS
        while process.poll() is None and time.monotonic() < limit:
            if sum(word == "begin" for _, word, _ in read_trail(trail)) >= begins:
                time.sleep(self.dice.uniform(0.0, self.whole.seconds))
                return
            time.sleep(0.0005)

    def _strike(self, process: subprocess.Popen[bytes], trail: Path) -> bool:
        """Kill; whether what was killed, or for a controller one of its workers, was at work."""
        if self.kind == "worker":
            return self._kill_worker(trail)
        if self.kind == "group":
            end_group(process)
        else:
            process.kill()
        at_work = under_way(read_trail(trail))
        return bool(at_work) if self.kind == "controller" else process.pid in at_work

    def _kill_worker(self, trail: Path) -> bool:
        at_work = under_way(read_trail(trail))
        if not at_work:
            return False
        victim = self.dice.choice(at_work)
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return victim in under_way(read_trail(trail))

    def _fault(self) -> tuple[int, bool]:
        call, error, when = self.fault
        trail, log = self.folder / "trail", self.folder / "strace.log"
        if call.startswith("disk."):
            variables = {TRAIL: str(trail), FAULT: f"{call.removeprefix('disk.')} {error} {when}"}
            process = started(self.folder, (*JOB, *self.workers), variables)
        else:
            inject = ("-e", f"inject={call}:error={error}:when={when}")
            command = (*strace(self.folder, log, call), *inject)
            process = started(self.folder, (*JOB, *self.workers), {}, command)
        try:
            code = process.wait(SECONDS)
        finally:
            end_group(process)
        if call.startswith("disk."):
            return code, any(word.startswith("fault-") for _, word, _ in read_trail(trail))
        return code, "(INJECTED)" in log.read_text(encoding="utf-8", errors="replace")


def strace(folder: Path, log: Path, calls: str) -> tuple[str, ...]:
    """Command that traces calls which touch the files of a run, whose names are fixed for that."""
    artifacts = folder / "artifacts/soak"
    run = artifacts / "runs" / RUN_ID
    places = [artifacts, artifacts / "runs", artifacts / "latest", run, run / "RUN.json"]
    names = (
        *("", "soak.db", "soak.db-wal", "soak.db-shm", "soak.db.lock", "soak.db.pid", "soak.db-journal"),
        *("audit.jsonl", "runtime_overrides.json"),
    )
    canaries = (f"aggressive-volatile-s{seed}" for seed in range(1, SEEDS + 1))
    places += [run / canary / name for canary, name in itertools.product(canaries, names)]
    filters = itertools.chain.from_iterable(("-P", str(place)) for place in places)
    command = ("strace", "-f", "-qq", "-o", str(log), f"--trace={calls}")
    return command if calls in BY_TARGET else (*command, *filters)


def started(
    folder: Path, arguments: Sequence[str], variables: Mapping[str, str], before: Sequence[str] = ()
) -> subprocess.Popen[bytes]:
    """Start pytest in a folder, in a session of its own."""
    paths = (str(ROOT), *filter(None, (os.environ.get("PYTHONPATH"),)))
    with (folder / "output.txt").open("ab") as output:
        return subprocess.Popen(
            [
                *(*before, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
                *("-p", "soak", "-p", "xdist", "-p", "tests.chaos.soaked"),
                *arguments,
            ],
            cwd=folder,
            # Plugins of other packages take most of a short run's time.
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(paths),
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                **variables,
            },
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End what is left of a round's processes; its session holds no other."""
    if sys.platform == "win32":
        process.kill()
    else:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def to_the_end(folder: Path, arguments: Sequence[str]) -> int:
    """Run to the end; the exit code, 124 where it hangs."""
    process = started(folder, arguments, {})
    try:
        return process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        return 124
    finally:
        end_group(process)


def records(folder: Path) -> Records:
    """The records of every canary of the only run, as the journals have them."""
    found: Records = {}
    for path in sorted(folder.glob("artifacts/soak/runs/*/*/soak.db")):
        with Journal.open(path, create=False) as journal:
            found[path.parent.name] = tuple(entry.text for entry in journal.entries())
    return found


def exports(folder: Path) -> list[str]:
    """Names of the files that a run exported."""
    names = (path.relative_to(folder).as_posix() for path in folder.glob("artifacts/soak/runs/*/*/*.json*"))
    return sorted(names)


def _problems_of_the_run(disturbance: Round, code: int, *, hit: bool) -> Iterator[str]:
    """What is wrong with how a run that was hit ended."""
    folder, whole = disturbance.folder, disturbance.whole
    if code == 0 and records(folder) != whole.records:
        yield "exit 0 without all of its records"
    if disturbance.kind == "worker" and hit and code != 0:
        yield f"exit {code} although a worker took over"
    if b"INTERNALERROR" in (folder / "output.txt").read_bytes():
        yield "INTERNALERROR"


def _resume(disturbance: Round, row: Row, *, hit: bool) -> Iterator[str]:
    """Resume, or start again where no run came to be; what is wrong with the end."""
    folder, whole = disturbance.folder, disturbance.whole
    begun = any(folder.glob("artifacts/soak/runs/*/RUN.json"))
    row.resumes += begun and hit
    code = to_the_end(folder, (*(("--soak-resume",) if begun else JOB), *disturbance.workers))
    if code != 0:
        yield f"exit {code} of the run that follows"
    elif records(folder) != whole.records:
        row.differing += 1
        yield "its records differ"
    elif exports(folder) != whole.exports:
        yield f"its exports differ: {sorted(set(exports(folder)) ^ set(whole.exports))}"


def _disturbed(disturbance: Round, row: Row) -> None:
    row.rounds += 1
    problems: list[str] = []
    try:
        code, hit = disturbance.disturb()
        problems += _problems_of_the_run(disturbance, code, hit=hit)
    except subprocess.TimeoutExpired:
        # The run must resume from it all the same.
        code, hit = 124, True
        problems.append("it hangs")
    row.hits += hit
    if hit or code != 0:
        problems += _resume(disturbance, row, hit=hit)
    row.failures += any(problem != "its records differ" for problem in problems)
    row.problems += [f"{disturbance.name}: {problem}" for problem in problems]
    if not problems:
        shutil.rmtree(disturbance.folder, ignore_errors=True)


def kinds(wanted: Sequence[str] | None = None) -> tuple[str, ...]:
    """The kinds of disturbance that this system has, or those of them that are wanted."""
    there = ("process", *FAULTS) if sys.platform == "win32" else (*KILLS, *FAULTS, *SPREAD)
    return there if wanted is None else tuple(kind for kind in there if kind in wanted)


@contextmanager
def _place(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
            yield Path(name).resolve()
    else:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve()


def undisturbed(folder: Path) -> Whole:
    """Run without a disturbance; what came of it, and how often it used each call.

    Raises:
        SystemExit: it failed.
    """
    folder.mkdir()
    trail, log = folder / "trail", folder / "strace.log"
    there = shutil.which("strace") is not None
    before = strace(folder, log, ",".join(CALLS)) if there else ()
    process = started(folder, JOB, {TRAIL: str(trail), FAULT: "none EIO 1"}, before)
    if process.wait(SECONDS) != 0:
        raise SystemExit((folder / "output.txt").read_text(encoding="utf-8"))
    lines = read_trail(trail)
    begins = [at for _, word, at in lines if word == "begin"]
    ends = [at for _, word, at in lines if word == "end"]
    uses = collections.Counter(word.replace("call-", "disk.") for _, word, _ in lines if "-" in word)
    if there:
        text = log.read_text(encoding="utf-8", errors="replace")
        uses += collections.Counter(re.findall(r"^\d+ +(\w+)\(", text, flags=re.MULTILINE))
        uses |= {call: uses[f"disk.{name}"] for call, name in BY_TARGET.items()}
    # Tracing takes most of the time by far.
    seconds = (sum(ends) - sum(begins)) / len(begins) / 1e9 / (4 if there else 1)
    order = (*CALLS, *(f"disk.{name}" for name in LAYER))
    return Whole(
        records(folder), exports(folder), len(begins), seconds, {n: uses[n] for n in order if uses[n]}
    )


def run(rounds: int, names: Sequence[str], seed: int, keep: Path | None = None) -> dict[str, Row]:
    """Disturb as many runs, the kinds in turn; folders of rounds that went wrong stay where ``keep`` is."""
    rows = {name: Row() for name in names}
    with _place(keep) as place:
        whole = undisturbed(place / "undisturbed")
        for number in range(rounds):
            kind = names[number % len(names)]
            folder = place / f"{number}-{kind.replace(' ', '-')}"
            folder.mkdir()
            turn = (seed - 1) * rounds // len(names) + number // len(names)
            _disturbed(Round(folder, kind, turn, random.Random(f"{seed}-{number}"), whole), rows[kind])
    return rows


def table(rows: Mapping[str, Row]) -> str:
    """The counts of every kind, and what went wrong."""
    columns = ("rounds", "hits", "resumes", "differing", "failures")
    lines = [f"{'kind':<12}" + "".join(f"{name:>11}" for name in columns)]
    for kind, row in rows.items():
        lines.append(f"{kind:<12}" + "".join(f"{getattr(row, name):>11}" for name in columns))
    lines += [problem for row in rows.values() for problem in row.problems]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the loop and print its table; 0 where nothing went wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.loop", description=__doc__)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", action="append", choices=(*KILLS, *FAULTS, *SPREAD))
    parser.add_argument("--keep", type=Path, help="A new folder where rounds that went wrong are kept")
    options = parser.parse_args(arguments)
    rows = run(options.rounds, kinds(options.kind), options.seed, options.keep)
    sys.stdout.write(table(rows))
    return int(any(row.differing or row.failures for row in rows.values()))


if __name__ == "__main__":
    raise SystemExit(main())
