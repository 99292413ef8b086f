"""Pages for everybody: axe-core finds nothing serious on any, in light and dark, on a phone and a desk."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ops.pictures import SCHEMES, WIDTHS, report, together
from pytest_soak import cli
from pytest_soak.observe.server import Dashboard
from pytest_soak.observe.watching import Watch
from pytest_soak.store.runs.runs import list_runs

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SERIOUS = ("serious", "critical")
JOB = (
    *("--soak-iterations=2", "--soak-minutes=0.5", "--soak-seed=1..2"),
    *("--soak-report=html", "--soak-gate=soft"),
)


@pytest.fixture
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as browsers:
        found = browsers.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


def comparison(page: Any, _: str, run: Path) -> None:
    """The comparison of a run with itself."""
    assert cli.main(["compare", str(run), str(run), "--page=compared.html"]) == 0
    page.goto(Path("compared.html").absolute().as_uri())
    page.wait_for_selector("figure .main-svg")


def both(page: Any, url: str, run: Path) -> None:
    """The dashboard with canaries side by side, an iteration and its record."""
    together(page, url, run)
    page.locator("#chosen summary").first.click()
    page.locator("#chosen details tbody button").nth(1).click()
    page.wait_for_selector("#path figure .main-svg")


def fits(page: Any, width: int) -> None:
    """Charts follow the width a moment later; the page's policy lets nothing wait for it there."""
    for _ in range(600):
        if page.evaluate("document.documentElement.scrollWidth") <= width:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"the page is wider than {width} pixels")


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed here")
def test_axe_finds_nothing_serious_on_any_page(pytester: pytest.Pytester, browser: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    pytester.runpytest_inprocess(*JOB)
    (run,) = list_runs(pytester.path / "artifacts/soak")
    served = Dashboard(Watch(lambda: run), 0)
    served.start()
    found = []
    shows: tuple[Callable[..., None], ...] = (both, report, comparison)
    try:
        for show in shows:
            page = browser.new_page()
            # A machine that is busy with other tests takes its time.
            page.set_default_timeout(300_000)
            show(page, served.url, run)
            # Widths and schemes in turn: what one changes does not depend on the other.
            for width, scheme in zip(WIDTHS.values(), SCHEMES, strict=True):
                page.set_viewport_size({"width": width, "height": 900})
                fits(page, width)
                page.emulate_media(color_scheme=scheme)
                for one in axe.Axe().run(page).response["violations"]:
                    if one["impact"] in SERIOUS:
                        found.append((show.__name__, width, scheme, one["id"], one["nodes"][0]["target"]))
            page.close()
    finally:
        served.stop()
    assert found == []
