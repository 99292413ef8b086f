"""One run: its settings, its folder, and the canaries that it has open."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pytest_soak.config.limits import LATEST, PROFILES, SCENARIOS
from pytest_soak.config.overrides import Resolved, read_current, resolve
from pytest_soak.config.profiles import LoadedProfile, check_parameters, load_profile
from pytest_soak.domain.differences import differences
from pytest_soak.domain.errors import SoakConfigError, SoakStateError, SoakStoreError, SoakStoreWarning
from pytest_soak.domain.fills import FillModel
from pytest_soak.domain.hashing import canonical_json, sha256_of
from pytest_soak.domain.parameters import ParameterTable, problem_with
from pytest_soak.domain.position import PositionRule
from pytest_soak.domain.settings import GateMode, Profile
from pytest_soak.domain.text import printable, show
from pytest_soak.engine.canary import Canary
from pytest_soak.engine.case import Case
from pytest_soak.engine.declared import declared
from pytest_soak.engine.inputs import CanarySpec
from pytest_soak.engine.moving import moves
from pytest_soak.engine.ports import Hooks
from pytest_soak.engine.profiling import Profiling
from pytest_soak.engine.settings import MOCK_MINUTES, Settings
from pytest_soak.kernel import kernel_version
from pytest_soak.market import Market, MarketRequest, Strategy, market_under
from pytest_soak.store.disk.files import make_folder, write_atomic
from pytest_soak.store.exports.artifacts import render
from pytest_soak.store.exports.models import RunManifest, RunSettings
from pytest_soak.store.runs.layout import MANIFEST_NAME, began_at, run_folder
from pytest_soak.store.runs.runs import (
    extend_manifest,
    find_run,
    link_latest,
    prepare_artifacts,
    read_manifest,
    write_manifest,
)

BASE_NAME = "runtime_overrides.json"
# Each open canary keeps descriptors of its journal; canaries run one after the other.
MAX_OPEN = 4


@dataclass(slots=True)
class SoakRun:
    """The run of this session; its folder appears with its first canary.

    ``base`` is the file of parameters that a user keeps, or for a resumed run what it was back then.
    """

    settings: Settings
    root: Path
    run_id: str
    base: Path
    canaries: dict[Path, Canary] = field(default_factory=dict)
    profiles: dict[str, LoadedProfile] = field(default_factory=dict)
    markets: dict[tuple[object, ...], Market] = field(default_factory=dict)
    recordings: dict[str, str] = field(default_factory=dict)
    scenarios: dict[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    folder: Path = field(init=False)
    _named: set[str] = field(default_factory=set, init=False)
    _versions: dict[str, str] | None = field(default=None, init=False)
    _linked: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.folder = run_folder(self.settings.artifacts, self.run_id)

    def profile(self, name: str | None) -> LoadedProfile:
        """A profile by name or path, read once per session; None is the profile ``default``.

        What it says of parameters is checked with the strategy that it is for: see :meth:`table`.
        """
        wanted = name or "default"
        if wanted not in self.profiles:
            self.profiles[wanted] = load_profile(
                self.settings.place(wanted), (self.root / PROFILES,), table=None
            )
        return self.profiles[wanted]

    def table(self, case: Case, profile: Profile, strategy: object = None) -> ParameterTable:
        """All parameters of a strategy (None: of one without own), with what the profile says of them.

        Raises:
            SoakConfigError: the declaration, the profile or the one of a panic revert is not acceptable.
        """
        origin = self.profile(case.profile).origin
        table = check_parameters(profile, declared(strategy), origin)
        safe = self.profile(profile.guards.panic.profile)
        for name, value in safe.profile.parameters.items():
            problem = problem_with(name, value, table)
            if problem is not None:
                raise SoakConfigError(f"{origin}: guards.panic.profile {safe.profile.name}: {problem}")
        return table

    def resolve(self, case: Case, profile: Profile, table: ParameterTable) -> Resolved:
        """Parameters of iteration 1, each with the source that it came from."""
        loaded = None if case.profile is None else replace(self.profile(case.profile), profile=profile)
        settings = case.settings
        return resolve(settings.overrides, loaded, settings.environment, self.base, table)

    def market(self, case: Case, hook: Any) -> Market:
        """The market of a case, shared by all items with the same hooks while it is in use.

        Of many, only the newest are kept: a compiled market holds its world.
        """
        request = self._market_request(case)
        makers = hook.pytest_soak_make_market
        key = (request, *(id(maker.plugin) for maker in makers.get_hookimpls()))
        if key not in self.markets:
            while len(self.markets) >= MAX_OPEN:
                del self.markets[next(iter(self.markets))]
            self.markets[key] = made = _as_asked(makers(request=request), request)
            self._note_content(case, made)
        return self.markets[key]

    def _note_content(self, case: Case, market: Market) -> None:
        """Note the hash of a recording or a scenario, by which it is known again elsewhere."""
        about = market.describe()
        if case.replay is None:
            if "scenario" in about:
                text = self.settings.started_with_text(case.source)
                self.scenarios[text] = sha256_of(about["scenario"])
        elif isinstance(about.get("sha256"), str):
            self.recordings[self.settings.started_with(case.replay).as_posix()] = str(about["sha256"])

    def fills(self, case: Case) -> FillModel:
        """What it takes to fill a resting order of a case, unless a hook makes a market of another kind."""
        return FillModel(case.settings.fills or self.profile(case.profile).profile.fills)

    def _market_request(self, case: Case) -> MarketRequest:
        return MarketRequest(
            scenario=case.source,
            seed=case.seed,
            replay=case.replay,
            tick_size=case.settings.tick_size,
            lot_size=case.settings.lot_size,
            iterations=case.settings.iterations,
            minutes=case.settings.minutes,
            fills=self.fills(case),
            contract=case.settings.contract_asked,
            funding=case.settings.funding_asked,
            scenario_dirs=(self.root / SCENARIOS,),
        )

    def open(self, spec: CanarySpec, hooks: Hooks) -> Canary:
        """The canary of a folder, the same inputs demanded every time; the oldest of many is closed.

        Raises:
            SoakStateError: where its fixtures gave something else before, or the journal is another's.
        """
        known = self.canaries.get(spec.folder)
        # Where all of the run is gone, its journal says so.
        if known is None or self.folder.exists():
            self._begin(spec)
        if known is None:
            while len(self.canaries) >= MAX_OPEN:
                self.canaries.pop(next(iter(self.canaries))).close()
            known = self.canaries[spec.folder] = Canary(spec, hooks)
            self._link()
        elif not spec.has_inputs_of(known.spec):
            raise SoakStateError(f"{spec.name}: its fixtures changed between two items of one canary")
        return known

    def close(self) -> None:
        """Close every journal."""
        for canary in self.canaries.values():
            canary.close()
        self.canaries.clear()

    def _begin(self, spec: CanarySpec) -> None:
        """Make the run's folder and have its manifest name the canary, and those still to come.

        A manifest that somebody removed while the run went on is written again, with a warning.
        """
        manifest = self.folder / MANIFEST_NAME
        is_there = manifest.exists()
        if is_there and spec.folder.name in self._named:
            return
        if not is_there:
            prepare_artifacts(self.settings.artifacts)
            self._keep_base()
        if self._versions is None:
            self._versions = {"pytest_soak": spec.inputs()["version"], "kernel": kernel_version()}
            if self.settings.resume is not None:
                self._versions = read_manifest(self.folder).versions
        names = tuple(dict.fromkeys((*self.names, *self._named, spec.folder.name)))
        write_manifest(
            self.folder,
            RunManifest(
                run_id=self.run_id,
                created_at=began_at(self.run_id).isoformat(timespec="milliseconds"),
                settings=RunSettings.model_validate(self.settings.of_run()),
                extensions=self.settings.extensions,
                versions=self._versions,
                canaries=names,
                recordings=self.recordings,
                scenarios=self.scenarios,
                profiles={
                    name: loaded.profile.model_dump(mode="json") for name, loaded in self.profiles.items()
                },
            ),
        )
        if not is_there and self._named:
            text = f"{manifest} was removed while the run went on; it is written again"
            warnings.warn(SoakStoreWarning(printable(text)), stacklevel=2)
        self._named.update(names)

    def extend(self) -> None:
        """Add the iterations that this session asks for to those of the run, permanently.

        Raises:
            SoakError: the manifest cannot be read or written, or what was added before is still to come.
        """
        if self.settings.extend is not None:
            extend_manifest(self.folder, self.settings.extend)

    def refuse_changed_files(self) -> None:
        """Refuse to resume with a profile or a scenario that has changed since the run began.

        Raises:
            SoakConfigError: names the file, where it lay if it moved, what differs and what to do.
        """
        if self.settings.resume is None:
            return
        manifest = read_manifest(self.folder)
        for name, before in manifest.profiles.items():
            loaded = self.profile(name)
            changes = differences(before, loaded.profile.model_dump(mode="json"))
            if changes:
                raise self._changed("profile", name, loaded.origin, f": {'; '.join(changes)}")
        for name, sha256 in manifest.scenarios.items():
            if self.scenarios.get(name, sha256) != sha256:
                raise self._changed("scenario", name, self.settings.place(name))

    def _changed(self, kind: str, name: str, place: str, changes: str = "") -> SoakConfigError:
        is_moved = self.settings.place(name) != name
        what = f"has other content than {name}, which the run" if is_moved else "has changed since the run"
        return SoakConfigError(
            f"--soak-resume: {kind} {place} {what} began{' with' if is_moved else ''}{changes}. "
            f"{'Name the same file' if is_moved else 'Undo that'} to resume, or start a new run"
        )

    def _keep_base(self) -> None:
        kept = self.folder / BASE_NAME
        values = read_current(self.base)
        if values is not None and not kept.exists():
            make_folder(self.folder)
            write_atomic(kept, render(values))

    def _link(self) -> None:
        """Point ``latest`` here, once; a failure is a warning, and the run continues."""
        if self._linked:
            return
        self._linked = True
        try:
            link_latest(self.settings.artifacts, self.folder)
        except SoakStoreError as error:
            warnings.warn(SoakStoreWarning(printable(str(error))), stacklevel=2)


def start(settings: Settings, root: Path, run_id: str) -> SoakRun:
    """The run that a session asks for: a new one, or the one to resume with the settings that it had.

    Raises:
        SoakError: where there is no such run, or an option contradicts it.
    """
    if settings.resume is None:
        return SoakRun(settings=settings, root=root, run_id=run_id, base=settings.artifacts / BASE_NAME)
    name = None if settings.resume == LATEST else settings.resume
    folder = find_run(settings.artifacts, name, extends=settings.extend is not None)
    manifest = read_manifest(folder)
    moved = moves(manifest, settings, root)
    resumed = Settings.resumed(settings, manifest.settings.model_dump(), moved)
    added = () if settings.extend is None else (settings.extend,)
    return SoakRun(
        settings=replace(resumed, extensions=(*manifest.extensions, *added)),
        root=root,
        run_id=manifest.run_id,
        base=folder / BASE_NAME,
    )


def spec_of(
    run: SoakRun,
    case: Case,
    *,
    profile: Profile,
    market: Market,
    overrides: Mapping[str, float],
    folder: Path,
    strategy: Strategy,
    guards_off: tuple[str, ...],
) -> CanarySpec:
    """Build a canary from the values of the fixtures.

    Raises:
        SoakConfigError: where an overridden parameter is unknown or out of bounds.
    """
    settings = case.settings
    check_strategy(strategy)
    for fills in profile.gates.models:
        market_under(market, fills)
    table = run.table(case, profile, strategy)
    # Fixtures that leave nothing out need no second look at the sources.
    resolved = {} if overrides.keys() >= table.keys() else run.resolve(case, profile, table).values
    for name, value in overrides.items():
        problem = problem_with(name, value, table)
        if problem is not None:
            raise SoakConfigError(f"fixture soak_overrides: {problem}")
    return CanarySpec(
        name=case.canary,
        run_id=run.run_id,
        folder=folder,
        profile=profile,
        market=market,
        scenario=_market_name(settings, case, market),
        seed=case.seed,
        strategy=strategy,
        parameters={**resolved, **overrides},
        safe_parameters={**table.defaults, **run.profile(profile.guards.panic.profile).profile.parameters},
        iterations=settings.iterations,
        extensions=settings.extensions,
        minutes=settings.minutes or minutes_of(market, settings.iterations),
        gate_mode=profile.gates.mode if settings.gate is None else GateMode(settings.gate),
        tune=settings.tune,
        position=PositionRule(settings.position),
        sleep_seconds=settings.sleep_seconds,
        iteration_timeout=settings.iteration_timeout,
        series_step_ms=settings.series_step_ms,
        profiling=_profiling(settings),
        guards_off=guards_off,
        table=table,
    )


def _profiling(settings: Settings) -> Profiling | None:
    kind = settings.profile_code
    return None if kind is None else Profiling(kind, settings.profile_iterations)


def _as_asked(market: Market, request: MarketRequest) -> Market:
    """The market of a hook, once it fills orders and trades the contract as it was asked to.

    Raises:
        SoakConfigError: it does so in another way.
    """
    for name in ("contract", "funding"):
        wanted = getattr(request, name)
        if wanted is not None and getattr(market, name, None) != wanted:
            raise SoakConfigError(
                f"--soak-{name} is given, but market {market.name} of pytest_soak_make_market has another "
                f"{name}; accepted is a market made with {name}=request.{name}"
            )
    fills, filled_by = request.fills, getattr(market, "fills", None)
    if fills is not FillModel.QUEUE and filled_by is not fills:
        raise SoakConfigError(
            f"fills = {fills.value!r} is asked for, but market {market.name} of pytest_soak_make_market does "
            "not fill so; accepted is a market made with fills=request.fills, or fills = 'queue'"
        )
    return market


def _market_name(settings: Settings, case: Case, market: Market) -> str:
    """Name of the market; of a recording that was renamed since the run began, the one that it had then."""
    if case.replay is None:
        return market.name
    began_as = settings.started_with(case.replay).name
    return market.name if began_as == case.replay.name else began_as


def check_strategy(strategy: object) -> None:
    """Refuse an object that is no strategy.

    Raises:
        SoakConfigError: names what it lacks.
    """
    what = f"hook pytest_soak_make_strategy: {type(strategy).__name__}"
    for method in ("describe", "run"):
        if not callable(getattr(strategy, method, None)):
            raise SoakConfigError(
                f"{what} has no method {method}(); a strategy has name, describe() and run()"
            )
    name = getattr(strategy, "name", None)
    if not isinstance(name, str) or not name:
        raise SoakConfigError(f"{what}.name is {show(name)}; accepted is a text that is not empty")
    _check_json(f"{what}.describe()", strategy.describe())  # type: ignore[attr-defined] # checked above


def _check_json(what: str, value: object) -> None:
    """Refuse what cannot be hashed into an identity."""
    try:
        canonical_json(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise SoakConfigError(
            f"{what} returns what JSON cannot hold: {error}; accepted are numbers, texts, lists and dicts of "
            "them"
        ) from None


def is_divided(market: Market) -> bool:
    """Whether a market has an end, up to which iterations of no given length divide it."""
    return getattr(market, "duration_ms", None) is not None


def minutes_of(market: Market, iterations: int) -> float:
    """Market time of an iteration where none was given: a recording is divided evenly."""
    duration_ms = getattr(market, "duration_ms", None)
    return MOCK_MINUTES if duration_ms is None else duration_ms / iterations / 60_000.0
