"""Every command and code block of the README and of docs/ is run, page by page, as a reader would."""

from __future__ import annotations

import ast
import re
import shlex
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from pytest_soak import plugin
from pytest_soak.cli import main

ROOT = Path(__file__).parents[2]
_ALL = (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"))
PAGES = sorted(page for page in _ALL if "```" in page.read_text(encoding="utf-8"))
_FENCE = re.compile(r"^```(\w*)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block: its language, the file that it is the content of, and its text."""

    language: str
    title: str | None
    text: str


def blocks(page: Path) -> Iterator[Block]:
    for found in _FENCE.finditer(page.read_text(encoding="utf-8")):
        yield Block(found[1], found[2] or None, found[3])


def commands(block: Block) -> list[str]:
    return [line[2:] for line in block.text.splitlines() if line.startswith("$ ")]


def run(pytester: pytest.Pytester, command: str) -> None:
    # Market time is cut, as it is what a page's day costs, but for verdicts: nothing else here depends on it.
    program, *words = shlex.split(re.sub(r"--soak-minutes=\S+", "--soak-minutes=0.2", command))
    if program == "pytest-soak":
        assert main(words) == 0, command
        return
    assert program == "pytest", command
    if {"--soak-gate=off", "--soak-gate=soft"} & {*words} and not re.search(
        "--soak-(minutes|replay)", command
    ):
        words += ["-o", "soak_minutes=0.2"]
    inner = pytester.runpytest_subprocess if "-n" in words else pytester.runpytest_inprocess
    result = inner(*words)
    # Where gates are soft or off, nothing fails; a miss in hard mode is a verdict, not a fault of the page.
    assert result.ret == pytest.ExitCode.OK, command


SHORT = ("--soak-iterations=1", "--soak-minutes=1", "--soak-gate=off", "--soak-report=off")
METHODS = {"run", "on_step"}
STRATEGY = """
from pytest_soak import Strategy


class Shown(Strategy):
    name = "shown"

{methods}

def pytest_soak_make_strategy(profile):
    return Shown(fees=profile.fees)
"""


def try_out(pytester: pytest.Pytester, text: str) -> None:
    """Soak with hooks, a test or methods of a strategy; run everything else."""
    names = {node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}
    if not names:
        exec(compile(text, "shown", "exec"), {})  # noqa: S102 - what the page tells its reader to run
        return
    if names & METHODS:
        text = STRATEGY.format(methods=textwrap.indent(text, "    "))
    is_test = all(name.startswith("test_") for name in names)
    place = pytester.path / ("test_shown.py" if is_test else "conftest.py")
    before = place.read_text(encoding="utf-8") if place.exists() else None
    place.write_text(text, encoding="utf-8")
    # A run in this process forgets what it imported, and Numba cannot be imported again.
    inner = pytester.runpytest_subprocess if "numba" in text else pytester.runpytest_inprocess
    assert inner(*SHORT).ret == pytest.ExitCode.OK, text
    # What stood there is what the page's commands go on with.
    place.unlink()
    if before is not None:
        place.write_text(before, encoding="utf-8")


def write(folder: Path, block: Block) -> None:
    assert block.title is not None
    place = folder / block.title
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(block.text, encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_a_page_says_can_be_done(page: Path, pytester: pytest.Pytester, gate_warnings: None) -> None:
    """Files are written under their titles, and commands and code run in the same folder, in order."""
    for block in blocks(page):
        if block.title is not None:
            write(pytester.path, block)
        for command in commands(block):
            run(pytester, command)
        if block.language == "toml":
            tomllib.loads(block.text)
        if block.language == "python" and block.title is None:
            try_out(pytester, block.text)


def test_a_file_of_a_page_is_used_by_a_command_below_it() -> None:
    for page in PAGES:
        found = list(blocks(page))
        last = max((place for place, block in enumerate(found) if commands(block)), default=-1)
        files = [place for place, block in enumerate(found) if block.language == "python" and block.title]
        assert all(place < last for place in files), page


def test_pages_hold_commands() -> None:
    """The pages that a reader works through are not empty of what is tried here."""
    tried = {page.stem for page in PAGES if any(commands(block) for block in blocks(page))}
    assert {
        "README",
        "first-soak",
        "your-strategy",
        "guard",
        "tuner",
        "gate",
        "scenario",
        "ci",
        "day",
    } <= tried


def test_the_workflow_runs_commands_that_exist() -> None:
    yaml = next(block for block in blocks(ROOT / "docs" / "how-to" / "ci.md") if block.language == "yaml")
    runs = re.findall(r"run: (pytest .*)", yaml.text)
    assert runs
    known = _Names()
    plugin.pytest_addoption(known)  # type: ignore[arg-type]
    for line in runs:
        assert set(re.findall(r"--soak-[a-z-]+", line)) <= known.names


class _Names:
    """Takes the names of the options that the plugin registers with pytest."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def getgroup(self, *_names: str) -> _Names:
        return self

    def addoption(self, name: str, **_words: object) -> None:
        self.names.add(name)

    def addini(self, *_words: object, **_named: object) -> None:
        """An ini option is none of the command line."""
