"""Runs and canaries as their journals hold them, running or not; nothing is locked and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pytest_soak.config.limits import LATEST
from pytest_soak.config.parsing import did_you_mean, validate
from pytest_soak.config.paths import Kind, kind_of, shown
from pytest_soak.domain.errors import SoakConfigError, SoakError, SoakStateError
from pytest_soak.domain.folding import Folding
from pytest_soak.domain.gates import judge_canary, verdict_of
from pytest_soak.domain.hashing import sha256_of
from pytest_soak.domain.kpis import pooled
from pytest_soak.domain.outcome import Outcome
from pytest_soak.domain.records import EdgeReport, GateResult, IterationRecord, Kpis
from pytest_soak.domain.settings import Profile
from pytest_soak.domain.text import show
from pytest_soak.store.exports.models import RunManifest
from pytest_soak.store.journal.entries import Entry
from pytest_soak.store.journal.journal import Journal
from pytest_soak.store.runs.layout import JOURNAL_NAME, MANIFEST_NAME
from pytest_soak.store.runs.progress import canary_folders, is_canary
from pytest_soak.store.runs.runs import find_run, list_runs, read_manifest

LISTED = 10


@dataclass(frozen=True)
class CanaryReading:
    """A canary as its journal held it when it was read.

    ``name`` is that of its folder, ``inputs`` what the canary is a function of, ``planned`` how many
    iterations there are to be, ``profile`` its profile where the run's manifest holds it. ``followed`` holds
    its edge reports after the warm-up, where it is followed while it runs.
    """

    name: str
    folder: Path
    inputs: Mapping[str, Any]
    planned: int
    entries: tuple[Entry, ...]
    profile: Profile | None
    followed: Folding | None = None

    @cached_property
    def records(self) -> tuple[IterationRecord, ...]:
        """Committed iterations, in order."""
        return tuple(entry.record for entry in self.entries)

    @property
    def is_done(self) -> bool:
        """Whether it has all its iterations."""
        return len(self.entries) >= self.planned

    def edges(self, first: int = 1) -> Iterator[EdgeReport]:
        """Edge reports from an iteration on, up to the newest that was read.

        Raises:
            SoakStateError: one is not what was committed.
        """
        with Journal.read(self.folder / JOURNAL_NAME) as journal:
            for number in range(first, len(self.entries) + 1):
                yield journal.edge(number)

    @cached_property
    def judged(self) -> tuple[IterationRecord, ...]:
        """Iterations after the warm-up."""
        return tuple(record for record in self.records if not record.warmup)

    @cached_property
    def kpis(self) -> Kpis | None:
        """KPIs over the iterations after the warm-up, pooled; None where there is none.

        Those of a canary that is followed have no sampling errors, as nothing is judged before its end.
        """
        if not self.judged:
            return None
        if self.followed is not None:
            return pooled(self.followed.reports, with_errors=False)
        return pooled(tuple(self.edges(self.judged[0].iteration)))

    @cached_property
    def headline(self) -> Kpis | None:
        """KPIs of amounts and counts, as net and risk; of a canary that is followed without the rest."""
        return self.kpis if self.followed is None else pooled(self.followed.bare, with_errors=False)

    @property
    def extensions(self) -> int:
        """How often it was extended before its newest iteration."""
        return len(self.records[-1].extended_after) if self.records else 0

    @cached_property
    def gates(self) -> tuple[GateResult, ...] | None:
        """The gates over the iterations after the warm-up.

        None where iterations are to come, or the profile is not known.
        """
        # In this order: to pool all iterations takes the longest.
        if self.profile is None or not self.is_done or self.kpis is None:
            return None
        return judge_canary(
            self.kpis,
            self.profile.gates,
            len(self.judged),
            extensions=self.extensions,
            least_blocked_share=self.profile.tuner.least_blocked_share,
        )

    @cached_property
    def outcome(self) -> Outcome:
        """What its numbers come to."""
        gates = self.gates
        judged = None if gates is None or self.inputs["gate_mode"] == "off" else verdict_of(gates).value
        return Outcome.of(self.planned, self.records, judged)


@dataclass(frozen=True)
class RunReading:
    """A run: its folder, what it was asked to do, and the canaries that have a journal."""

    folder: Path
    manifest: RunManifest

    @property
    def run_id(self) -> str:
        """Its name."""
        return self.manifest.run_id

    @cached_property
    def _profiles(self) -> dict[str, Profile]:
        """Profiles by their hash."""
        texts = self.manifest.profiles.items()
        found = [
            validate(Profile, text, f"{self.folder / MANIFEST_NAME}: profile {name}") for name, text in texts
        ]
        return {sha256_of(profile.model_dump(mode="json")): profile for profile in found}

    def canary_names(self) -> list[str]:
        """Names of the canaries' folders, sorted."""
        return [folder.name for folder in canary_folders(self.folder)]

    def inputs_of(self, name: str) -> Mapping[str, Any]:
        """What a canary is a function of, without its iterations.

        Raises:
            SoakStateError: its journal is damaged.
        """
        with Journal.read(self.folder / name / JOURNAL_NAME) as journal:
            return journal.inputs

    def canary(self, name: str) -> CanaryReading:
        """Read one canary.

        Raises:
            SoakConfigError: there is none of that name; the text lists those that there are.
            SoakStateError: its journal is damaged.
        """
        self._refuse_unknown(name)
        return self._read(name, None)

    def followed(self, name: str, before: CanaryReading | None) -> CanaryReading:
        """Read one canary on from where it was: of iterations that were read before, nothing is read again.

        Raises:
            SoakError: as ``canary`` does.
        """
        if before is None:
            self._refuse_unknown(name)
        read = self._read(name, before)
        if read.is_done or not read.judged:
            return read
        is_continued = before is not None and read.entries[: len(before.entries)] == before.entries
        known = (before.followed if before is not None and is_continued else None) or Folding()
        new = read.judged[len(known.reports) :]
        edges = read.edges(new[0].iteration) if new else ()
        return replace(read, followed=known.and_then(edges))

    def _refuse_unknown(self, name: str) -> None:
        if not is_canary(self.folder, name):
            names = self.canary_names()
            listed = ", ".join(names[:LISTED]) or "none"
            more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
            hint = did_you_mean(name, names)
            raise SoakConfigError(
                f"{shown(self.folder)}: no canary {show(name)}; known are {listed}{more}{hint}"
            )

    def _read(self, name: str, before: CanaryReading | None) -> CanaryReading:
        folder = self.folder / name
        with Journal.read(folder / JOURNAL_NAME) as journal:
            known = () if before is None else _still_there(journal, before.entries)
            entries = (*known, *journal.entries(len(known) + 1))
            inputs, planned = journal.inputs, journal.planned
        return CanaryReading(
            name, folder, inputs, planned, entries, self._profiles.get(inputs["profile_hash"])
        )

    def canaries(self) -> Iterator[CanaryReading]:
        """Read the canaries one by one, by name.

        Raises:
            SoakStateError: a journal is damaged.
        """
        for name in self.canary_names():
            yield self.canary(name)

    def readable(self) -> Iterator[CanaryReading | Unreadable]:
        """The canaries; for one that cannot be read, the error instead."""
        for name in self.canary_names():
            try:
                yield self.canary(name)
            except SoakError as error:
                yield Unreadable(name, str(error))


def _still_there(journal: Journal, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Entries that were read before, where the newest of them is still what the journal holds."""
    if not entries or journal.sha256(len(entries)) != entries[-1].sha256:
        return ()
    return entries


@dataclass(frozen=True)
class Unreadable:
    """A canary that cannot be read, and why."""

    name: str
    problem: str


def open_run(place: str | Path, artifacts: Path) -> RunReading:
    """The run that a user names: by its folder, by its name, or by an artifacts folder for its newest run.

    Raises:
        SoakConfigError: there is no such run; the text says what there is.
        SoakStateError: its manifest is damaged.
    """
    # The word, as the link of that name leads to the canary where a run has one alone.
    if str(place) == LATEST and list_runs(artifacts):
        return open_run(list_runs(artifacts)[-1], artifacts)
    path = Path(place)
    if kind_of(path / MANIFEST_NAME) is Kind.FILE:
        folder = path.resolve()
    elif kind_of(path) is Kind.FOLDER and list_runs(path):
        folder = list_runs(path)[-1]
    elif len(path.parts) != 1 or not list_runs(artifacts):
        raise SoakConfigError(
            f"{shown(path)}: not a run: a run's folder holds {MANIFEST_NAME}, an artifacts folder holds runs/"
        )
    else:
        folder = find_run(artifacts, str(place))
    return RunReading(folder, read_manifest(folder))


def entry_of(canary: CanaryReading, iteration: int) -> Entry:
    """An iteration of a canary.

    Raises:
        SoakStateError: it is not in the journal.
    """
    if not 1 <= iteration <= len(canary.entries):
        have = f"1 to {len(canary.entries)}" if canary.entries else "none"
        raise SoakStateError(
            f"{canary.name}: iteration {iteration} is not in the journal, which holds {have}"
        )
    return canary.entries[iteration - 1]
