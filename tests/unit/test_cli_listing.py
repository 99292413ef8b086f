"""The commands that list what there is, and the command's own ways to fail."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_soak import cli
from pytest_soak.config.profiles import available_profiles
from pytest_soak.domain.kpis import KPI_MEANINGS
from pytest_soak.guards import BUILT_IN
from pytest_soak.market import available_scenarios
from pytest_soak.store.disk import files
from pytest_soak.store.disk.files import Disk
from pytest_soak.store.runs import retention
from pytest_soak.version import package_version

NAMES = {
    "profiles": available_profiles(),
    "scenarios": available_scenarios(),
    "kpis": tuple(KPI_MEANINGS),
    "guards": tuple(BUILT_IN),
}


@pytest.mark.parametrize("kind", NAMES)
def test_lists_name_all_that_there_is(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main([kind]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert tuple(line.split()[0] for line in lines) == NAMES[kind]
    for name in NAMES[kind]:
        assert cli.main([kind, "--show", name]) == 0
        assert capsys.readouterr().out.strip()
    assert cli.main([kind, "--show", "nope"]) == 2
    assert f"{kind} --show 'nope': known are {NAMES[kind][0]}" in capsys.readouterr().err


def test_what_is_shown_of_a_profile_is_a_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    cli.main(["profiles", "--show", "steady_safe"])
    folder = tmp_path / "soak_profiles"
    folder.mkdir()
    text = capsys.readouterr().out.replace('name = "steady_safe"', "")
    (folder / "mine.toml").write_text(text, encoding="utf-8")
    cli.main(["profiles"])
    assert "mine         soak_profiles/mine.toml" in capsys.readouterr().out.splitlines()
    assert cli.main(["profiles", "--show", "mine"]) == 0


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"pytest-soak {package_version()}\n"


def test_a_disk_that_refuses_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(tmp_path / "x"))

    (tmp_path / "runs").mkdir()
    monkeypatch.setattr(retention, "list_runs", refuse)
    assert cli.main(["rotate", f"--soak-artifacts={tmp_path}"]) == 2
    err = capsys.readouterr().err
    assert err == f"pytest-soak: {tmp_path / 'x'}: Read-only file system\n"


def test_rotate_on_a_disk_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """However many canaries there are, and with an exit code that a timer's log shows."""

    class ReadOnly(Disk):
        def create(self, path: Path) -> int:
            raise OSError(errno.EROFS, "Read-only file system", str(path))

    (tmp_path / "runs").mkdir()
    monkeypatch.setattr(files, "disk", ReadOnly())
    assert cli.main(["rotate", f"--soak-artifacts={tmp_path}"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    (said,) = told.err.splitlines()
    assert said.startswith(f"pytest-soak: artifacts cannot be kept in {tmp_path}: ")
    assert said.endswith("Read-only file system")


@pytest.mark.parametrize(
    ("name", "problem"), [("x.csv", "a name that ends in .parquet"), ("folder/x.parquet", "there is ")]
)
def test_series_are_written_to_a_file_of_parquet_alone(
    name: str, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder" / "x.parquet").mkdir(parents=True)
    with pytest.raises(SystemExit):
        cli.main(["series", "latest", "canary", "1", "--output", str(tmp_path / name)])
    assert problem in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b"])
def test_a_folder_that_cannot_be_is_one_sentence(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["rotate", f"--soak-artifacts={name}"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe without a reader is another error there")
def test_who_reads_the_output_may_stop_reading() -> None:
    """As ``head`` does after a line: neither an error nor a trace of one."""
    reading, writing = os.pipe()
    os.close(reading)
    command = "import sys; from pytest_soak.cli import main; sys.exit(main(['kpis']))"
    done = subprocess.run(
        [sys.executable, "-c", command], stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")
