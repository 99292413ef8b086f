"""Everything about a soak that can be wrong is looked at before anything is collected."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pytest_soak.config.arguments import MAX_ITERATIONS
from pytest_soak.config.overrides import Resolved
from pytest_soak.domain.errors import SoakConfigError, SoakError
from pytest_soak.domain.gates import check_gate_settings
from pytest_soak.domain.text import printable
from pytest_soak.engine.case import Case
from pytest_soak.engine.run import SoakRun, is_divided
from pytest_soak.engine.settings import Settings
from pytest_soak.kernel import kernel_version
from pytest_soak.market import Market, market_under
from pytest_soak.market.steps import Steps, remarks
from pytest_soak.plugin.errors import usage_error
from pytest_soak.plugin.matrix import cases_of
from pytest_soak.store.runs.runs import prepare_artifacts
from pytest_soak.version import package_version

HOOK = b"pytest_soak_make_strategy"


def check(run: SoakRun, hook: Any, *, writes: bool) -> list[str]:
    """Check profiles, parameters, scenarios, recording and artifacts folder; return the header's lines.

    Raises:
        pytest.UsageError: with one sentence about the first thing that is wrong.
    """
    try:
        return _checked(run, hook, writes=writes)
    except SoakError as error:
        raise usage_error(error) from None


def _checked(run: SoakRun, hook: Any, *, writes: bool) -> list[str]:
    settings = run.settings
    if settings.replay is not None and {"scenarios", "seeds"} & set(settings.given):
        raise SoakConfigError(
            "--soak-replay: a recording has neither scenario nor seed; leave those two options out"
        )
    # Texts of values by what is said of them; a dictionary in place of a set, as it keeps the order.
    said: dict[str, dict[str, None]] = {}
    notes: dict[str, None] = {}
    for case in cases_of(settings, run.root, iterated=False):
        _check_gates(run, case)
        market = run.market(case, hook)
        notes |= dict.fromkeys(getattr(market, "notes", ()))
        _check_extension(settings, market)
        for fills in run.profile(case.profile).profile.gates.models:
            market_under(market, fills)
        resolved = _resolved(run, case, market, hook)
        if resolved is None:
            continue
        notes |= dict.fromkeys(_steps_of(run, case, market, resolved))
        for name, source in resolved.sources.items():
            if source != "default" and not source.startswith("profile "):
                said.setdefault(f"from {source}", {})[f"{name}={resolved.values[name]:g}"] = None
        for hidden in resolved.shadowed:
            values = said.setdefault(f"of {hidden.source} shadowed by {hidden.by}", {})
            values[f"{hidden.parameter}={hidden.value:g}"] = None
    run.refuse_changed_files()
    if writes:
        prepare_artifacts(settings.artifacts)
        run.extend()
    return [
        printable(_headline(run)),
        *(f"soak: {note}" for note in notes),
        *(f"soak: {', '.join(values)} {what}" for what, values in said.items()),
    ]


def _check_extension(settings: Settings, market: Market) -> None:
    if settings.planned > MAX_ITERATIONS:
        raise SoakConfigError(
            f"--soak-extend: {settings.planned} iterations in all are more than {MAX_ITERATIONS}"
        )
    if settings.extend is not None and settings.minutes is None and is_divided(market):
        raise SoakConfigError(
            f"--soak-extend: recording {market.name} was divided among its {settings.iterations} iterations, "
            "so nothing of it is left for more; start a new run with --soak-iterations or --soak-minutes"
        )


def _resolved(run: SoakRun, case: Case, market: Market, hook: Any) -> Resolved | None:
    """Parameters of iteration 1; None where only an item can tell, as its strategy is not known yet.

    The strategy is asked for its own parameters only where the built-in ones do not do.
    """
    profile = run.profile(case.profile).profile
    try:
        return run.resolve(case, profile, run.table(case, profile))
    except SoakConfigError:
        if strategies_to_come(run.root, hook):
            return None
    strategy = hook.pytest_soak_make_strategy(
        profile=profile, scenario=case.scenario, seed=case.seed, market=market
    )
    return run.resolve(case, profile, run.table(case, profile, strategy))


def _steps_of(run: SoakRun, case: Case, market: Market, resolved: Resolved) -> Iterator[str]:
    """What tick and lot do to the reference maker; nothing where its parameters are not those in use."""
    steps = getattr(market, "steps", None)
    if isinstance(steps, Steps) and "max_delta_ratio" in resolved.values:
        maker = run.profile(case.profile).profile.maker
        yield from remarks(market.name, steps, maker, resolved.values)


def strategies_to_come(root: Path, hook: Any) -> bool:
    """Whether a ``conftest.py`` that collection has yet to load may make a strategy."""
    implementations = hook.pytest_soak_make_strategy.get_hookimpls()
    loaded = {getattr(one.plugin, "__file__", None) for one in implementations}
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not _is_left_out(Path(folder, name))]
        path = Path(folder, "conftest.py")
        if path.name in files and str(path) not in loaded and _names_the_hook(path):
            return True
    return False


def _names_the_hook(conftest: Path) -> bool:
    try:
        return HOOK in conftest.read_bytes()
    except OSError:
        # Its loader says what is wrong.
        return False


def _is_left_out(folder: Path) -> bool:
    try:
        return folder.name.startswith(".") or (folder / "pyvenv.cfg").exists()
    except OSError:
        return True


def _check_gates(run: SoakRun, case: Case) -> None:
    loaded = run.profile(case.profile)
    try:
        check_gate_settings(loaded.profile.gates)
        run.profile(loaded.profile.guards.panic.profile)
    except SoakConfigError as error:
        raise SoakConfigError(f"profile {loaded.origin}: {error}") from None


def _headline(run: SoakRun) -> str:
    settings = run.settings
    resumed = "" if settings.resume is None else f", resuming {run.run_id}"
    resumed += "" if settings.extend is None else f", {settings.extend} iterations more"
    artifacts = settings.artifacts
    shown = artifacts.relative_to(run.root) if artifacts.is_relative_to(run.root) else artifacts
    return f"soak: {package_version()} (kernel {kernel_version()}), artifacts {shown.as_posix()}{resumed}"
