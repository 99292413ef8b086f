"""The pytest plugin: hooks only; the work is done in the modules that they call."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from dataclasses import replace

import pytest

from pytest_soak import hookspecs
from pytest_soak.engine.hangs import HANGS
from pytest_soak.engine.settings import Settings
from pytest_soak.plugin import baseline, profiling, reporting, serving
from pytest_soak.plugin.causes import cause_of_setup
from pytest_soak.plugin.collection import (
    case_of,
    chain_key,
    in_order,
    parametrize,
    select,
    shipped_items,
    take_shipped_ids,
)
from pytest_soak.plugin.fixtures import (  # noqa: F401 (pytest finds fixtures by their names in a plugin)
    _soak_case,
    _soak_strategy,
    folder_names,
    soak_artifacts,
    soak_canary,
    soak_iteration,
    soak_market,
    soak_overrides,
    soak_profile,
)
from pytest_soak.plugin.github import SoakGithub
from pytest_soak.plugin.lastfailed import SoakLast, collect_shipped, is_shipped_wanted, with_last_settings
from pytest_soak.plugin.matrix import MARKER
from pytest_soak.plugin.options import add_options, read_settings
from pytest_soak.plugin.reporting import SoakReport
from pytest_soak.plugin.session import (
    ASKED,
    DESELECTED,
    GROUPS,
    HEADER,
    REPORT,
    RUN,
    RUN_ID,
    SETTINGS,
    TESTS,
    folder_of,
    fresh_run_id,
    run_of,
)
from pytest_soak.plugin.signals import SoakSignals
from pytest_soak.plugin.stopping import SoakStop, SoakStopped
from pytest_soak.plugin.terminal import SoakTerminal
from pytest_soak.plugin.testnames import names_of_tests
from pytest_soak.plugin.warned import SoakWarnings


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register options and ini options."""
    add_options(parser)
    reporting.add_options(parser)
    baseline.add_options(parser)
    serving.add_options(parser)
    profiling.add_options(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Register the hooks that a user can implement."""
    pluginmanager.add_hookspecs(hookspecs)


def pytest_configure(config: pytest.Config) -> None:
    """Read the settings; where a soak was asked for, check all of it before anything is collected."""
    config.addinivalue_line("markers", MARKER)
    settings = replace(read_settings(config), **profiling.read(config))
    asked = config.stash[ASKED] = take_shipped_ids(config)
    if asked:
        settings = replace(settings, given=(*settings.given, "ids"), selects=True)
    settings = with_last_settings(config, settings)
    worker = getattr(config, "workerinput", None)
    if worker and "soak_resume" in worker:
        settings = replace(settings, resume=worker["soak_resume"])
    config.stash[SETTINGS] = settings
    config.stash[RUN_ID] = worker["soak_run_id"] if worker else fresh_run_id()
    signals = SoakSignals()
    if worker is None:
        _register(config, settings)
    else:
        config.pluginmanager.register(SoakStopped(worker, signals.interrupt), "soak_stop")
    if settings.iteration_timeout is not None:
        HANGS.keep_stderr()
        config.add_cleanup(HANGS.forget_stderr)
    if settings.given:
        if not (config.getoption("usepdb", False) or config.getoption("trace", False)):
            config.pluginmanager.register(signals, "soak_signals")
        from pytest_soak.plugin.preflight import check

        config.stash[HEADER] = check(
            run_of(config),
            config.hook,
            writes=worker is None and not config.option.collectonly,
        )


def _register(config: pytest.Config, settings: Settings) -> None:
    """Register what lives in the controller only: what is printed, written and served."""
    manager = config.pluginmanager
    terminal = SoakTerminal(config, lambda: folder_of(config))
    manager.register(terminal, "soak_terminal")
    manager.register(SoakGithub(config, terminal), "soak_github")
    manager.register(SoakWarnings(config), "soak_warnings")
    report = SoakReport(reporting.wanted(config), terminal, lambda: folder_of(config))
    manager.register(report, "soak_report")
    if settings.profile_code is not None:
        manager.register(profiling.SoakProfiles(settings, lambda: folder_of(config)), "soak_profiles_of_code")
    if not config.option.collectonly:
        compared = baseline.wanted(config, settings.artifacts, lambda: folder_of(config))
        if compared is not None:
            manager.register(compared, "soak_baseline")
        for name, served in serving.wanted(config, lambda: folder_of(config)):
            manager.register(served, name)
    manager.register(SoakLast(config), "soak_last")
    if manager.hasplugin("html"):
        from pytest_soak.plugin.html import SoakHtml

        manager.register(SoakHtml(), "soak_html")
    # "-p xdist.plugin" registers it under its module's name.
    if any(manager.hasplugin(name) for name in ("xdist", "xdist.plugin")):
        from pytest_soak.plugin.xdist import SoakXdist

        manager.register(SoakXdist(config.stash[RUN_ID], settings), "soak_xdist")
        manager.register(SoakStop(config), "soak_stop")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close the journals."""
    if RUN in config.stash:
        config.stash[RUN].close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item per iteration of every canary."""
    settings = metafunc.config.stash[SETTINGS]
    if RUN in metafunc.config.stash:
        settings = metafunc.config.stash[RUN].settings
    problem = ""
    try:
        parametrize(metafunc, settings)
    except pytest.UsageError as error:
        problem = str(error)
    if problem:
        # Past the start of a session pytest shows a usage error with all frames of its own.
        pytest.fail(problem, pytrace=False)


@pytest.hookimpl(tryfirst=True)
def pytest_make_collect_report(collector: pytest.Collector) -> pytest.CollectReport | None:
    """Collect the shipped canary whatever ``--lf`` makes of files."""
    return collect_shipped(collector)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Run soak items only if a soak option is on the command line; failed ones are rerun anyway."""
    if config.stash[SETTINGS].selects:
        config.stash[DESELECTED] = select(session, config, items, config.stash[ASKED])
    elif is_shipped_wanted(config):
        items.extend(shipped_items(session))


@pytest.hookimpl(specname="pytest_collection_modifyitems", wrapper=True, tryfirst=True)
def pytest_order_soak_items(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
    """Keep the iterations of a canary together and in order, whatever else reorders the tests."""
    yield
    items[:] = in_order(items)
    config.stash[TESTS] = names_of_tests(items)
    if RUN in config.stash:
        config.stash[RUN].names = folder_names(items)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """What is going to be soaked, where a soak option was given."""
    return config.stash.get(HEADER, [])


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> list[str]:
    """What is going to run, a line a group of canaries, and how many other tests were left out."""
    if not any(case_of(item) for item in items):
        return []
    from pytest_soak.plugin.groups import lines_of

    return lines_of(config, items)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(request: pytest.FixtureRequest) -> Generator[None, object, object]:
    """Show an error in a soak's set-up as one sentence, without a traceback.

    A run that cannot be gone on with is not tried item by item, and what fails all items of a canary is told
    once.
    """
    try:
        return (yield)
    except Exception as error:
        from pytest_soak.domain.errors import SoakError, SoakIdentityError
        from pytest_soak.domain.text import printable

        cause = cause_of_setup(request)
        problem = cause.met() if cause is not None else ""
        if not problem:
            if not isinstance(error, SoakError):
                raise
            problem = printable(str(error))
        if isinstance(error, SoakIdentityError):
            request.session.shouldfail = "the run cannot be resumed as it is"
    pytest.fail(problem, pytrace=False)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object | None:
    """Compute the item's iteration as part of its call; an item of the run's gates judges those instead."""
    if case_of(pyfuncitem) is None:
        return None
    from pytest_soak.plugin.items import run_item

    return run_item(pyfuncitem, REPORT, _test_of(pyfuncitem))


def _test_of(item: pytest.Item) -> str:
    """Name of an item's test where it is needed to tell canaries apart, else empty."""
    return item.config.stash.get(TESTS, {}).get(chain_key(item) or "", "")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach what the terminal shows to the report, so that it also arrives from a worker."""
    if case_of(item) is None:
        return (yield)
    from pytest_soak.plugin.output import fail_without_output, keep_output

    problem = keep_output(item) if call.when == "call" else ""
    if call.excinfo is None:
        report = yield
    else:
        from pytest_soak.plugin.frames import show_own_frames
        from pytest_soak.plugin.items import begin_with_the_gate, record_origin

        record_origin(item)
        show_own_frames(call.excinfo, item.config)
        report = yield
        begin_with_the_gate(report, call.excinfo.value)
    if problem:
        fail_without_output(report, problem)
    if report.longrepr or report.sections:
        from pytest_soak.plugin.foreign import make_printable

        make_printable(report)
    soak = item.stash.get(REPORT, None) if report.when == "call" else None
    if soak is not None:
        del item.stash[REPORT]
        # pytest carries what is added to a report, from a worker too.
        vars(report)["soak"] = soak
    if report.when == "teardown":
        # The reports have them; the session keeps its items until it ends.
        item.user_properties.clear()
    if hasattr(item.config, "workerinput") and GROUPS not in item.config.stash:
        from pytest_soak.plugin.groups import lines_of

        # The controller sees no items, and prints these with the first report.
        with suppress(pytest.UsageError):
            lines = lines_of(item.config, item.session.items)
            vars(report).update(soak_deselected=item.config.stash.get(DESELECTED, 0), soak_groups=lines)
        item.config.stash[GROUPS] = True
    return report
