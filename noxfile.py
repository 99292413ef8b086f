"""What is checked, here and on hosted machines: ``nox`` runs it all in the environment it stands in."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import nox

ROOT = Path(__file__).parent
BINARIES = Path(sys.executable).parent
# Tests of a file share the markets that they look at.
WORKERS = ("-n", "auto", "--dist", "loadfile")
# Programs that tests use where they are there, by their packages of Debian.
PROGRAMS = ("chromium", "prometheus")
SOAK = ("--soak-iterations=6", "--soak-profile=steady_safe")

nox.needs_version = ">=2024.3"
nox.options.default_venv_backend = "none"
nox.options.sessions = ["coverage", "lint", "docs", "rust", "smoke"]


def _python(session: nox.Session, *words: str, **env: str) -> None:
    # Where it is set, as in many containers, each of the hundreds of runs that tests start compiles all anew.
    session.run(sys.executable, *words, env={"PYTHONDONTWRITEBYTECODE": "", **env}, external=True)


def _tool(session: nox.Session, name: str, *words: str) -> None:
    """Run a program that was installed beside this Python, whether or not its folder is on the path."""
    session.run(str(BINARIES / name), *words, external=True)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the Python tests; words behind ``--`` go to pytest."""
    _install_programs(session)
    _python(session, "-m", "pytest", *WORKERS, *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """Run the Python tests and hold the coverage floor, which takes half as long again."""
    _install_programs(session)
    _python(session, "-m", "coverage", "erase")
    _python(session, "-m", "coverage", "run", "-m", "pytest", *WORKERS, *session.posargs)
    _python(session, "-m", "coverage", "combine", "--quiet")
    _python(session, "-m", "coverage", "report")


def _install_programs(session: nox.Session) -> None:
    """Install the programs that tests else skip for, as root where apt-get is, as in a container.

    Where apt-get cannot, the tests still run, and say what they skip.
    """
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing and shutil.which("apt-get") and os.geteuid() == 0:
        session.run("apt-get", "-qq", "update", success_codes=[0, 100], external=True)
        env = {"DEBIAN_FRONTEND": "noninteractive"}
        words = ("install", "-qq", "-y", "--no-install-recommends", *missing)
        session.run("apt-get", *words, env=env, success_codes=[0, 100], external=True)


@nox.session
def lint(session: nox.Session) -> None:
    """Linters, types, stubs of the kernel, layers of the package."""
    _python(session, "-m", "ruff", "check", ".")
    _python(session, "-m", "ruff", "format", "--check", ".")
    _tool(session, "lint-imports")
    _python(session, "-m", "mypy")
    _python(session, "-m", "mypy.stubtest", "pytest_soak._kernel")
    _python(session, "-m", "towncrier", "build", "--draft", "--version", "next")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site, with the reference made from the code; a warning is an error."""
    with tempfile.TemporaryDirectory() as folder:
        _python(session, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", folder)


@nox.session
def rust(session: nox.Session) -> None:
    """Format, lint and test the Rust workspace."""
    session.env["PYO3_PYTHON"] = sys.executable
    session.run("cargo", "fmt", "--all", "--check", external=True)
    session.run(
        "cargo",
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
        external=True,
    )
    session.run("cargo", "test", "--workspace", "--locked", "--quiet", external=True)


@nox.session
def smoke(session: nox.Session) -> None:
    """Soak as a new user does: with the wheel of the sdist, in a new environment and an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        dist, home, empty = place / "dist", place / "venv", place / "empty"
        _tool(session, "maturin", "sdist", "--out", str(dist))
        sdist = next(dist.glob("*.tar.gz"))
        _python(
            session,
            *("-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(dist), str(sdist)),
            CARGO_TARGET_DIR=str(ROOT / "target"),
        )
        _python(session, "-m", "venv", str(home))
        bin_folder = home / ("Scripts" if sys.platform == "win32" else "bin")
        wheel = next(dist.glob("*.whl"))
        session.run(
            *(str(bin_folder / "python"), "-m", "pip", "install", "--quiet", str(wheel)), external=True
        )
        empty.mkdir()
        with session.chdir(empty):
            session.run(str(bin_folder / "pytest"), *SOAK, external=True)
        for name in ("ITER_SUMMARY_6.json", "TUNING_REPORT.json"):
            found = list((empty / "artifacts" / "soak" / "latest").resolve().rglob(name))
            if not found:
                session.error(f"the smoke soak left no {name}")
