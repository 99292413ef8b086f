"""Pictures of the pages, from a real run: ``python -m ops.pictures FOLDER`` takes each one there.

Each page is taken in light and dark, on a phone and on a desk; ``--readme`` takes the one of the README
alone, into ``docs/img``. Needs playwright and a Chromium.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ops.browser import browser
from pytest_soak import cli
from pytest_soak.observe.server import Dashboard
from pytest_soak.observe.watching import Watch
from pytest_soak.store.runs.runs import list_runs

if TYPE_CHECKING:
    from playwright.sync_api import ViewportSize

README = Path(__file__).parents[1] / "docs" / "img" / "dashboard.png"
MOST_BYTES = 200_000
JOB = (
    *("--soak-iterations=24", "--soak-minutes=5", "--soak-gate=soft", "--soak-seed=1..2"),
    *("--soak-profile=steady_safe", "--soak-profile=aggressive"),
    *("--soak-scenario=calm", "--soak-scenario=volatile", "--soak-scenario=flash_crash"),
)
WIDTHS = {"phone": 390, "desk": 1400}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
README_SIZE: ViewportSize = {"width": 1300, "height": 1060}
TIMEOUT_MS = 120_000
_DRAWN = "figure .main-svg"

Shown = Callable[[Any, str, Path], None]


def overview(page: Any, url: str, _: Path) -> None:
    """The dashboard as it opens."""
    page.goto(url)
    page.wait_for_selector("#banner:not(:has-text('more to be read'))")
    page.wait_for_selector(f"#chosen {_DRAWN}")


def iteration(page: Any, url: str, run: Path) -> None:
    """An iteration's path and record."""
    overview(page, url, run)
    page.click("#chosen summary")
    page.locator("#chosen details tbody button").nth(2).click()
    page.wait_for_selector(f"#path {_DRAWN}")


def together(page: Any, url: str, run: Path) -> None:
    """Two canaries side by side."""
    overview(page, url, run)
    page.locator("#canaries tbody button").nth(1).click()
    page.wait_for_selector(f"#together {_DRAWN}")


def report(page: Any, _: str, run: Path) -> None:
    """The report, from the disk."""
    page.goto((run / "report.html").as_uri())
    page.wait_for_selector(f"#sections {_DRAWN}")


def comparison(page: Any, _: str, run: Path) -> None:
    """The run compared with itself."""
    file = run / "compared.html"
    if cli.main(["compare", str(run), str(run), f"--page={file}"]):
        raise RuntimeError("a run could not be compared with itself")
    page.goto(file.as_uri())
    page.wait_for_selector(f"#groups {_DRAWN}")


PAGES: dict[str, Shown] = {
    "dashboard": overview,
    "iteration": iteration,
    "together": together,
    "report": report,
    "comparison": comparison,
}


def main() -> None:
    """Soak, then take the pictures."""
    parser = argparse.ArgumentParser(prog="python -m ops.pictures", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("pictures"))
    parser.add_argument("--readme", action="store_true", help="take the README's picture alone")
    parser.add_argument("--run", type=Path, help="folder of the run to show, in place of a new one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        run: Path = options.run or soaked(Path(place))
        served = Dashboard(Watch(lambda: run), 0)
        served.start()
        try:
            for file in take(served.url, run, README if options.readme else options.folder):
                sys.stdout.write(f"{file} {file.stat().st_size} bytes\n")
        finally:
            served.stop()


def soaked(folder: Path) -> Path:
    """The folder of a run that was made for the pictures."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", *JOB]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - words of this file
    return list_runs(folder / "artifacts" / "soak")[-1]


def take(url: str, run: Path, place: Path) -> Iterator[Path]:
    """Take the README's picture, or each page at each width and in each scheme; the files.

    Raises:
        RuntimeError: there is no Chromium, or a picture is too large for the README.
    """
    with browser() as chromium:
        if place == README:
            page = chromium.new_page(viewport=README_SIZE)
            overview(page, url, run)
            place.parent.mkdir(exist_ok=True)
            page.screenshot(path=place)
            if place.stat().st_size > MOST_BYTES:
                raise RuntimeError(f"{place} holds more than {MOST_BYTES} bytes")
            yield place
            return
        place.mkdir(parents=True, exist_ok=True)
        for name, show in PAGES.items():
            for where, width in WIDTHS.items():
                for scheme in SCHEMES:
                    size: ViewportSize = {"width": width, "height": 900}
                    page = chromium.new_page(viewport=size, color_scheme=scheme)
                    page.set_default_timeout(TIMEOUT_MS)
                    show(page, url, run)
                    file = place / f"{name}-{where}-{scheme}.png"
                    page.screenshot(path=file, full_page=True)
                    page.close()
                    yield file


if __name__ == "__main__":
    main()
