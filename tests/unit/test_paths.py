"""What a file system can answer, and the one sentence that each answer becomes."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from pytest_soak.config.overrides import read_current
from pytest_soak.config.paths import Kind, check_encodable, expanded, files_in, kind_of
from pytest_soak.config.profiles import load_profile
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.market import load_scenario

REFUSED = PermissionError(errno.EACCES, "Permission denied")


def test_kinds(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("", encoding="utf-8")
    assert kind_of(tmp_path) is Kind.FOLDER
    assert kind_of(file) is Kind.FILE
    assert kind_of(tmp_path / "none") is Kind.MISSING
    assert kind_of(file / "below") is Kind.MISSING
    assert kind_of(Path(os.devnull)) is Kind.OTHER


@pytest.mark.parametrize("name", ["n" * 300, "a\0b"])
def test_names_that_no_system_takes(name: str, tmp_path: Path) -> None:
    for read in (kind_of, read_current, load_scenario):
        with pytest.raises(SoakConfigError, match="cannot be read"):
            read(tmp_path / name)
    with pytest.raises(SoakConfigError, match="cannot be read"):
        load_profile(str(tmp_path / name))


def test_links_in_a_circle(tmp_path: Path) -> None:
    try:
        (tmp_path / "loop").symlink_to(tmp_path / "loop")
    except OSError:
        pytest.skip("no right to make links")
    with pytest.raises(SoakConfigError, match="loop: cannot be read"):
        kind_of(tmp_path / "loop")


def test_a_folder_with_the_name_of_a_profile_is_none(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").mkdir()
    (tmp_path / "other.toml").write_text("", encoding="utf-8")
    assert list(files_in(tmp_path, ".toml")) == ["other"]
    with pytest.raises(SoakConfigError, match=r"known are aggressive, default, other, .*ultra_safe$"):
        load_profile("mine", (tmp_path,))


def test_folders_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.stat

    def refuse(path: Path, **_: object) -> os.stat_result:
        if path.is_relative_to(tmp_path):
            raise REFUSED
        return real(path)

    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(SoakConfigError, match="cannot be read: Permission denied"):
        load_profile("mine", (tmp_path,))
    with pytest.raises(SoakConfigError, match="cannot be read: Permission denied"):
        load_scenario("calm", (tmp_path,))
    with pytest.raises(SoakConfigError, match="cannot be read: Permission denied"):
        read_current(tmp_path / "runtime_overrides.json")
    monkeypatch.undo()
    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(SoakConfigError, match="cannot be listed: Permission denied"):
        files_in(tmp_path, ".toml")


def test_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert expanded("~/a.toml") == tmp_path / "a.toml"
    with pytest.raises(SoakConfigError, match="no such home folder"):
        expanded("~nobody-of-that-name/a")


def test_names_that_cannot_be_written_down() -> None:
    check_encodable(Path("caf\u00e9"), "folder")
    with pytest.raises(SoakConfigError, match=r"folder a.udcff: the name is not valid UTF-8"):
        check_encodable(Path("a\udcff"), "folder")
