"""The project's own rules: size of files, a pure domain, documents that agree with the code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "pytest_soak"
SOURCES = [
    *PACKAGE.rglob("*.py"),
    *(ROOT / "tests").rglob("*.py"),
    *(ROOT / "rust_ext").rglob("*.py"),
    *(ROOT / "rust_ext").glob("*/src/**/*.rs"),
]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_file_is_long(path: Path) -> None:
    """MET-1: a file holds one noun, which fits into 450 lines."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 450


def test_the_domain_is_pure() -> None:
    """No files, no pytest, no clock."""
    banned = {"pathlib", "os", "io", "pytest", "time", "datetime", "random", "sqlite3", "subprocess"}
    for path in (PACKAGE / "domain").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                assert not banned & {alias.name.split(".")[0] for alias in node.names}, path
            elif isinstance(node, ast.ImportFrom):
                assert (node.module or "").split(".")[0] not in banned, path


def test_the_map_names_files_that_exist() -> None:
    maps = (ROOT / "tests" / "README.md", ROOT / "docs" / "requirements.md")
    text = "".join(path.read_text(encoding="utf-8") for path in maps)
    named = re.findall(r"`((?:unit|property|facts|stress|e2e|oracle|chaos)/[a-z_]+\.py)`", text)
    assert named
    for name in named:
        assert (ROOT / "tests" / name).is_file(), name


def test_ci_runs_on_hosted_machines_without_caches() -> None:
    """RM-1.1, MVP-1: no step could warn of a cache, on Windows as elsewhere; artifacts are always rotated."""
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    steps = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    assert "windows-latest" in text
    assert "self-hosted" not in text
    assert "continue-on-error" not in text
    assert not [line for line in steps if "cache" in line.lower()]
    rotation = next(n for n, line in enumerate(steps) if "pytest-soak rotate" in line)
    assert steps[rotation - 1].strip() == "if: always()"


def test_hosted_machines_check_what_the_script_checks() -> None:
    """Each session of the noxfile runs in both; the script runs the one of the tests by the README's line.

    Hosted machines run the tests under coverage, which is slower.
    """
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    noxfile = ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8"))
    sessions = {
        node.name for node in noxfile.body if isinstance(node, ast.FunctionDef) and node.decorator_list
    }
    line = next(
        line for line in README.splitlines() if re.match(r"python -m venv \.venv && .*nox -s tests", line)
    )
    assert "grep -m1 '^python -m venv .venv && .*nox -s tests' README.md" in script
    named = re.findall(r"nox -s ([a-z ]+)", f"{line}\n{script.rpartition('bash -euo')[2]}")
    assert sessions - {"tests"} == set(re.findall(r"run: nox -s ([a-z]+)", workflow))
    assert sessions - {"coverage"} == set(" ".join(named).split())


def test_hosted_machines_run_the_oldest_and_the_newest_python_that_the_classifiers_name() -> None:
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    named = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', project)
    matrix = re.search(r"python: \[(.+)\]", workflow)
    assert matrix is not None
    tested = re.findall(r'"(3\.\d+)"', matrix[1])
    assert {named[0], named[-1]} <= set(tested) <= set(named)


def test_the_architecture_names_packages_that_exist() -> None:
    text = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:[a-z_]+/)+(?:[a-z_]+\.(?:py|rs|md))?)[a-z_]*`", text)
    assert len(named) > 15
    for name in named:
        assert (PACKAGE / name).exists() or (ROOT / name).exists(), name


def test_the_table_of_new_parts_names_files_that_exist() -> None:
    """A new part needs at most three files that a person writes; all places that are named exist."""
    text = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = text.partition("## Where a new part goes")[2].partition("## Words")[0]
    rows = [line.split("|")[1:3] for line in table.splitlines() if line.startswith("| ")][1:]
    assert [row[0].strip() for row in rows] == [
        "guard",
        "KPI",
        "scenario effect",
        "command of the console script",
        "format of recorded data",
    ]
    for name, files in rows:
        named = re.findall(r"`([^`]+)`", files)
        assert 1 <= len(named) <= 3, name
        for path in named:
            place = re.sub(r"NAME\.(py|rs)$", "", path)
            assert (PACKAGE / place).exists() or (ROOT / place).exists(), path


PRAISE = (
    *("amazing", "awesome", "best-in-class", "blazing", "comprehensive", "cutting-edge", "effortless"),
    *("elegant", "enterprise", "excellent", "lightning", "powerful", "production-ready", "robust"),
    *("seamless", "state-of-the-art", "world-class"),
)


def test_documents_do_not_praise() -> None:
    """They say what there is, and by which command a figure was measured."""
    texts = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "changelog.d").glob("*.md")]
    for path in texts:
        words = re.findall(r"[a-z-]+", path.read_text(encoding="utf-8").lower())
        assert not set(PRAISE) & set(words), path


def test_the_kernel_has_error_types_instead_of_texts() -> None:
    for path in (ROOT / "rust_ext").glob("*/src/**/*.rs"):
        assert not re.search(r"Result<[^;{]*,\s*String>", path.read_text(encoding="utf-8")), path


def test_an_error_of_use_is_made_in_one_place() -> None:
    """There its text is made safe to print; names of files and values of options are foreign."""
    found = {
        path.name
        for path in (PACKAGE / "plugin").rglob("*.py")
        if re.search(r"(raise|return) pytest\.UsageError\(", path.read_text(encoding="utf-8"))
    }
    assert found == {"errors.py"}
