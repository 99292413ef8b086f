"""Everything about a soak that can be wrong is looked at before anything is collected."""

from __future__ import annotations

from typing import Any

from pytest_soak.config.arguments import MAX_ITERATIONS
from pytest_soak.domain.errors import SoakConfigError, SoakError
from pytest_soak.domain.gates import check_gate_settings
from pytest_soak.domain.state import check_guard_settings
from pytest_soak.domain.text import printable
from pytest_soak.engine.case import Case
from pytest_soak.engine.run import SoakRun, is_divided
from pytest_soak.engine.settings import Settings
from pytest_soak.kernel import kernel_version
from pytest_soak.market import Market
from pytest_soak.market.steps import Steps, remarks
from pytest_soak.plugin.errors import usage_error
from pytest_soak.plugin.matrix import cases_of
from pytest_soak.store.runs.runs import prepare_artifacts
from pytest_soak.version import package_version


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
        _check_profile(run, case)
        market = run.market(case, hook)
        notes |= dict.fromkeys(getattr(market, "notes", ()))
        profile = run.profile(case.profile).profile
        resolved = run.resolve(case, profile)
        steps = getattr(market, "steps", None)
        if isinstance(steps, Steps):
            notes |= dict.fromkeys(remarks(market.name, steps, profile.maker, resolved.values))
        for name, source in resolved.sources.items():
            if source != "default" and not source.startswith("profile "):
                said.setdefault(f"from {source}", {})[f"{name}={resolved.values[name]:g}"] = None
        for hidden in resolved.shadowed:
            values = said.setdefault(f"of {hidden.source} shadowed by {hidden.by}", {})
            values[f"{hidden.parameter}={hidden.value:g}"] = None
        _check_extension(settings, market)
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


def _check_profile(run: SoakRun, case: Case) -> None:
    loaded = run.profile(case.profile)
    try:
        check_gate_settings(loaded.profile.gates)
        check_guard_settings(loaded.profile.guards)
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
