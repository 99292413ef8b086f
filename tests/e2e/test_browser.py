"""The pages in a real browser: values, updates, hostile names, and that everybody can use them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ops.browser import NoBrowserError, browser
from ops.pictures import comparison, report
from pytest_soak import cli
from pytest_soak.observe.reading import open_run
from pytest_soak.observe.server import Dashboard
from pytest_soak.observe.watching import Watch
from pytest_soak.store.journal.journal import Journal
from pytest_soak.store.runs.runs import list_runs

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

JOB = ("--soak-iterations=4", "--soak-profile=steady_safe", "--soak-minutes=0.5", "--soak-gate=soft")
CANARY = "steady_safe-calm-s1"
DRAWN = "figure .main-svg"
# A machine that is busy with other tests takes its time.
TIMEOUT_MS = 300_000
EVIL = "<img src=x onerror=document.title=1>"
STRATEGY = f"""
from pytest_soak.market import ReferenceMaker

class Named(ReferenceMaker):
    name = {EVIL!r}

def pytest_soak_make_strategy(profile):
    return Named(profile.maker, profile.fees)
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all tests here."""
    try:
        with browser() as found:
            yield found
    except NoBrowserError as error:
        pytest.skip(str(error))


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page that fails its test where a script fails or anything elsewhere is asked for."""
    found, problems = chromium.new_page(), []
    found.set_default_timeout(TIMEOUT_MS)
    found.on("pageerror", lambda error: problems.append(str(error)))
    found.on("dialog", lambda dialog: problems.append(dialog.message))
    found.on("request", lambda request: None if is_local(request.url) else problems.append(request.url))
    yield found
    found.close()
    assert problems == []


def is_local(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "file://", "data:,"))


def soaked(folder: Path, *more: str) -> Path:
    """The run that a soak in a process of its own made, as no other test is to be in the way."""
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", *more)
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return list_runs(folder / "artifacts/soak")[-1]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two canaries that nothing changes; its strategy and one of its folders have hostile names."""
    folder = tmp_path_factory.mktemp("two")
    (folder / "conftest.py").write_text(STRATEGY, encoding="utf-8")
    run = soaked(folder, *JOB, "--soak-seed=1..2", "--soak-report=html")
    if sys.platform != "win32":
        (run / "steady_safe-calm-s2").rename(run / EVIL)
        assert cli.main(["report", str(run)]) == 0
    return run


@pytest.fixture
def served(two: Path) -> Iterator[str]:
    found = Dashboard(Watch(lambda: two), 0)
    found.start()
    yield found.url
    found.stop()


def test_a_browser_shows_what_the_journal_holds_and_new_iterations(tmp_path: Path, page: Page) -> None:
    """Values of the table, a record at a click, an update by itself, and no request to anywhere else."""
    run = soaked(tmp_path, *JOB, "--soak-report=off")
    served = Dashboard(Watch(lambda: run), 0)
    served.start()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    try:
        page.goto(served.url)
        page.wait_for_selector(f"button:text-is('{CANARY}')")
        page.wait_for_selector(DRAWN)
        with Journal.read(run / CANARY / "soak.db") as journal:
            records = journal.records()
        box = page.locator("#heat .nsewdrag").bounding_box()
        assert box is not None
        middle = box["y"] + box["height"] / 2.0
        # The charts' script knows what is clicked by what was pointed at before.
        for share, iteration in ((0.4, 2), (0.9, 4)):
            page.mouse.move(box["x"] + box["width"] * share, middle)
            page.wait_for_selector(f"#heat .hovertext:has-text('iteration {iteration}')")
        page.mouse.down()
        page.mouse.up()
        page.wait_for_selector(f"#iteration-title:text-is('{CANARY}, iteration 4')")
        page.click("summary")
        cells = page.locator("details tbody tr").nth(1).locator("td").all_inner_texts()
        assert cells[2] == f"{records[1].kpis.net_bps:+.2f}"
        page.locator("details tbody button").nth(1).click()
        page.wait_for_selector(f"#iteration-title:text-is('{CANARY}, iteration 2')")
        page.wait_for_selector(f"#path {DRAWN}")
        assert json.loads(page.inner_text("#record-text"))["iteration"] == 2
        assert f"{records[1].kpis.fills} fills" in page.inner_text("#path p")
        page.fill("#filter", "no such canary")
        page.wait_for_selector("#found:text-is('0 of 1 canary')")
        page.fill("#filter", "calm")
        page.wait_for_selector(f"button:text-is('{CANARY}')")
        soaked(tmp_path, "--soak-resume", "--soak-extend=1")
        page.wait_for_selector("td:text-is('5/5')", timeout=10_000)
        assert said == []
        # What was committed while nothing served is there when something serves again.
        served.stop()
        page.wait_for_selector("#about:has-text('The connection is lost')")
        soaked(tmp_path, "--soak-resume", "--soak-extend=1")
        served = Dashboard(Watch(lambda: run), served.port)
        served.start()
        page.wait_for_selector("td:text-is('6/6')")
        whole = open_run(run, run).canary(CANARY).kpis
        assert whole is not None
        cells = page.locator("#canaries tbody td").all_inner_texts()
        assert cells[2] == f"{whole.net_bps:+.2f}"
        page.wait_for_selector("#about:has-text('begun')")
    finally:
        served.stop()
    assert all("ERR_CONNECTION_REFUSED" in text or "ERR_INCOMPLETE" in text for text in said)


def all_of_the_dashboard(page: Page, url: str, _: Path) -> None:
    """Two canaries side by side, an iteration and its record."""
    page.goto(url)
    page.locator("#canaries tbody button").nth(1).click()
    page.wait_for_selector(f"#together {DRAWN}")
    page.locator("#chosen summary").first.click()
    page.locator("#chosen details tbody button").nth(1).click()
    page.wait_for_selector(f"#path {DRAWN}")


def test_a_damaged_canary_leaves_the_others_drawn(page: Page, two: Path, tmp_path: Path) -> None:
    run = tmp_path / two.name
    shutil.copytree(two, run)
    (run / CANARY / "soak.db").write_bytes(b"x" * 4096)
    served = Dashboard(Watch(lambda: run), 0)
    served.start()
    try:
        page.goto(served.url)
        page.wait_for_selector("#canaries td:has-text('damaged')")
        page.wait_for_selector("#heat .hm image")
        assert "undefined" not in page.inner_text("#canaries")
    finally:
        served.stop()


# Pages, and how much of each can be clicked at least.
PAGES = ((all_of_the_dashboard, 12), (report, 4), (comparison, 0))
REACHED = """() => {
  const all = "a[href], button, input, summary, [tabindex='0']";
  const closed = "details:not([open]) > :not(summary)";
  const seen = (one) => !one.disabled && one.checkVisibility() && !one.closest(closed);
  const found = [...document.querySelectorAll(all)].filter(seen);
  found.forEach((one, n) => { one.dataset.order = n; });
  document.activeElement.blur();
  document.body.tabIndex = -1;
  document.body.focus();
  return found.length;
}"""
WIDTHS = (390, 1400)
# Charts are pictures to a screen reader: of their thousands of parts only the frame is looked at.
FRAMES = """() => {
  for (const chart of document.querySelectorAll(".js-plotly-plot")) {
    const frame = chart.cloneNode(false);
    frame.className = "";
    chart.replaceWith(frame);
  }
}"""
# What a page changes once its size is another one is there then.
NEXT_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
RULES = {"resultTypes": ["violations"]}
COLOURS = {**RULES, "runOnly": ["color-contrast"]}


@pytest.mark.parametrize(("show", "clickable"), PAGES, ids=[show.__name__ for show, _ in PAGES])
def test_a_page_is_for_everybody(page: Page, served: str, two: Path, show: Any, clickable: int) -> None:
    """Hostile names are text, Tab reaches all that can be clicked, and axe-core has nothing to say."""
    show(page, served, two)
    assert page.locator("img").count() == 0
    assert page.title() != "1"
    if show is not comparison:
        assert EVIL in page.inner_text("main")
    count = page.evaluate(REACHED)
    assert count >= clickable
    reached = []
    for _ in range(count):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.dataset.order"))
    assert reached == [str(n) for n in range(count)]
    assert list(said_by_axe(page)) == []


def said_by_axe(page: Page) -> Iterator[tuple[int, str, Any]]:
    """What is wrong with a page on a dark phone, and with its colours on a light desk."""
    spec = find_spec("axe_playwright_python")
    if spec is None or spec.origin is None:
        pytest.skip("axe-playwright-python is not installed: pip install axe-playwright-python")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        fits(page, width)
    page.evaluate(FRAMES)
    page.evaluate(Path(spec.origin).with_name("axe.min.js").read_text(encoding="utf-8"))
    for width, rules in zip(WIDTHS, (RULES, COLOURS), strict=True):
        page.emulate_media(color_scheme="dark" if width == WIDTHS[0] else "light")
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate(NEXT_FRAMES)
        for one in page.evaluate("rules => axe.run(document, rules)", rules)["violations"]:
            yield width, one["id"], [node["target"] for node in one["nodes"]][:3]


def fits(page: Page, width: int) -> None:
    """Charts follow the width a moment later."""
    for _ in range(600):
        if page.evaluate("document.documentElement.scrollWidth") <= width:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"the page is wider than {width} pixels")


def test_keys_do_what_clicks_do(page: Page, served: str) -> None:
    """A canary, its table, an iteration, the next one; the focus is where the news is."""
    page.goto(served)
    page.wait_for_selector(f"#chosen {DRAWN}")
    second = page.locator("#canaries tbody button").nth(1)
    second.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(f"#together {DRAWN}")
    assert second.get_attribute("aria-pressed") == "true"
    # What is drawn anew keeps the focus.
    assert second.evaluate("one => one === document.activeElement")
    page.locator("#chosen summary").first.focus()
    page.keyboard.press("Enter")
    page.locator("#chosen details tbody button").nth(1).focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#iteration-title:focus")
    assert page.inner_text("#iteration-title").endswith(", iteration 2")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#iteration-title:focus:has-text('iteration 3')")
