"""Reports and comparisons as pages that open without a network."""

from __future__ import annotations

import json
import re
from importlib import resources
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.observe.data import Json
from pytest_soak.store.disk import files

EXTRA = "pytest-soak[dashboard]"
SHARED_NAME = "assets"
REPORT, COMPARISON = "report", "comparison"
"""Names of the pages' templates."""

_PAGE = resources.files("pytest_soak.observe").joinpath("page")


def asset(name: str) -> str:
    """The text of a file that the pages are made of."""
    return _PAGE.joinpath(name).read_text(encoding="utf-8")


def is_installed() -> bool:
    """Whether a page can be made."""
    return find_spec("plotly") is not None and find_spec("jinja2") is not None


def plotly_file() -> Path:
    """The charts' script of the installed package, without importing that, which takes a while.

    Raises:
        SoakConfigError: it is not installed.
    """
    found = find_spec("plotly")
    for place in () if found is None else found.submodule_search_locations or ():
        file = Path(place) / "package_data" / "plotly.min.js"
        if file.is_file():
            return file
    raise SoakConfigError(f'charts need plotly; pip install "{EXTRA}"')


def style_marks(script: Path) -> list[str]:
    """Ids of elements whose presence keeps the charts' script from writing styles of maps into a page."""
    found = re.findall(rb'getElementById\("([0-9a-f]{64})"\)\)', script.read_bytes())
    return [mark.decode("ascii") for mark in found]


def plotly_name() -> str:
    """Name of the charts' script beside a report, which changes with its version."""
    return f"plotly-{version('plotly')}.min.js"


def environment() -> Any:
    """Templates of the pages; every value is escaped unless a template says otherwise.

    Raises:
        SoakConfigError: jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, FunctionLoader, StrictUndefined
    except ImportError:
        raise SoakConfigError(f'pages need jinja2; pip install "{EXTRA}"') from None
    return Environment(loader=FunctionLoader(asset), autoescape=True, undefined=StrictUndefined)


def page(shown: Json, template: str = REPORT, *, plotly: str = "", script: str = "") -> str:
    """A report or a comparison as a page that loads the charts' script from ``plotly``, or holds it.

    Raises:
        SoakConfigError: jinja2 is not installed.
    """
    text: str = (
        environment()
        .get_template(f"{template}.html.jinja")
        .render(
            {template: shown},
            data=embedded(shown),
            style=asset("soak.css"),
            code=asset("soak.js") + asset("path.js"),
            script=script,
            plotly=plotly,
        )
    )
    return text


def embedded(value: object) -> str:
    """JSON that can stand within a script element, whatever its texts hold."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def write_page(
    shown: Json, file: Path, template: str = REPORT, *, shared: Path | None = None, single: bool = False
) -> None:
    """Write the page, and the charts' script beside it or, where ``single``, into it.

    The script is then written once, to the folder ``shared``; beside each report is a hard link to it where
    the file system has those.

    Raises:
        SoakConfigError: what pages and charts need is not installed.
        SoakStoreError: the disk refused.
    """
    script = plotly_file()
    if single:
        text = page(shown, template, script=script.read_text(encoding="utf-8"))
    else:
        text = page(shown, template, plotly=plotly_name())
        beside = file.with_name(plotly_name())
        if not beside.exists():
            files.place_shared(script, beside, shared)
    files.write_atomic(file, text.encode("utf-8"))
