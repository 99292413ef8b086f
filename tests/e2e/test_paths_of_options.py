"""Every option that takes a path, over everything that can be at one: a sentence, no traceback, no wait."""

from __future__ import annotations

import errno
import os
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_soak import cli
from pytest_soak.cli.outputs import write_output
from pytest_soak.domain.errors import SoakStoreError
from pytest_soak.store.disk import files
from pytest_soak.store.disk.places import other_kind

SECONDS = 30.0


def plain(path: Path) -> Path:
    path.write_bytes(b"\xffnothing\0of use")
    return path


def linked(path: Path, target: Path) -> Path:
    path.symlink_to(target)
    return path


def folder(path: Path) -> Path:
    path.mkdir()
    return path


def fifo(path: Path) -> Path:
    if not hasattr(os, "mkfifo"):
        return Path(os.devnull)
    os.mkfifo(path)
    return path


# What is made at a path, or the path that is asked for in its place.
MADE: dict[str, Callable[[Path], Path]] = {
    "missing": lambda path: path,
    "folder": folder,
    "file": plain,
    "below a file": lambda path: plain(path) / path.name,
    "too long": lambda path: path.with_name("n" * 300 + path.suffix),
    "NUL": lambda path: path.with_name(f"a\0b{path.suffix}"),
    "not UTF-8": lambda path: path.with_name(f"a\udcff{path.suffix}"),
    "dangling link": lambda path: linked(path, path.with_name("nowhere")),
    "link loop": lambda path: linked(path, path),
    "link to a folder": lambda path: linked(path, folder(path.with_name("real"))),
    "FIFO": fifo,
    "device": lambda _path: Path(os.devnull),
    "no such home": lambda path: Path("~nobody-of-that-name", path.name),
    "closed": lambda path: folder(path.parent / "closed") / path.name,
}
FOLDERS = ("folder", "link to a folder")


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse what is below a folder of that name, as the system does where the folder is another user's."""

    def refusing(action: Callable[..., object]) -> Callable[..., object]:
        def wrapper(*arguments: object, **named: object) -> object:
            if any(isinstance(path, Path) and "closed" in path.parent.parts for path in arguments):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            return action(*arguments, **named)

        return wrapper

    for owner, name in ((Path, "stat"), (Path, "lstat"), (files.Disk, "create"), (files.Disk, "make_folder")):
        monkeypatch.setattr(owner, name, refusing(getattr(owner, name)))


@pytest.fixture
def bounded() -> Iterator[None]:
    """Fail what waits for ever."""

    def hangs(_number: int, _frame: object) -> None:
        raise TimeoutError

    if not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, hangs)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def made(place: Path, name: str, suffix: str) -> Iterator[tuple[str, Path]]:
    """Every kind of path, each in a folder of its own."""
    for number, (kind, make) in enumerate(MADE.items()):
        here = place / name / str(number)
        here.mkdir(parents=True)
        try:
            yield kind, make(here / f"it{suffix}")
        except (OSError, NotImplementedError):
            # Windows takes a right to make links, and a file system may refuse a name.
            continue


READ = {
    "status": (("status", "{}"), ""),
    "explain": (("explain", "{}", "a", "1"), ""),
    "compare": (("compare", "{}", "{}"), ""),
    "report": (("report", "{}"), ""),
    "report in": (("report", "--soak-artifacts={}"), ""),
    "exporter": (("exporter", "{}", "--textfile=out.prom"), ""),
    "dashboard": (("dashboard", "{}"), ""),
    "rotate": (("rotate", "--soak-artifacts={}"), ""),
    "market": (("market", "{}", "--hours=1"), ".toml"),
    "market replay": (("market", "calm", "--hours=1", "--replay={}"), ".npz"),
    "record": (("record", "{}", "out.npz"), ".toml"),
}
# They take a folder, and wait for runs in it.
TAKE_FOLDERS = ("exporter", "dashboard", "rotate")


@pytest.mark.usefixtures("bounded", "closed")
@pytest.mark.parametrize("name", READ)
def test_what_a_command_reads(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words, suffix = READ[name]
    for kind, path in made(tmp_path, name, suffix):
        if kind in FOLDERS and name in TAKE_FOLDERS:
            continue
        assert ended([word.replace("{}", str(path)) for word in words]) == 2, kind
        said = capsys.readouterr()
        assert said.out == "", kind
        one_sentence(said.err)


WRITE = {
    "record": (("record", "calm", "{}", "--minutes=1"), ".npz"),
    "market": (("market", "calm", "--hours=1", "--picture={}"), ".png"),
    "compare": (("compare", "a", "b", "--markdown={}"), ".md"),
    "exporter": (("exporter", "a", "--textfile={}"), ".prom"),
    "history": (("exporter", "a", "--openmetrics={}"), ".om"),
}
REPLACED = ("folder", "dangling link", "link loop", "link to a folder", "FIFO", "device")


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("name", WRITE)
def test_what_a_command_writes_replaces_a_plain_file_only(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words, suffix = WRITE[name]
    for kind, path in made(tmp_path, name, suffix):
        if kind not in (*REPLACED, "not UTF-8", "no such home"):
            continue
        before = other_kind(path)
        assert ended([word.replace("{}", str(path)) for word in words]) == 2
        one_sentence(capsys.readouterr().err)
        assert other_kind(path) == before
    assert not list(tmp_path.rglob(".tmp-*"))


@pytest.mark.usefixtures("closed")
def test_a_file_that_cannot_be_written_is_one_error(tmp_path: Path) -> None:
    for kind, path in made(tmp_path, "output", ".md"):
        if kind in ("below a file", "too long", "NUL", "closed"):
            with pytest.raises(SoakStoreError, match="could not be"):
                write_output(path, b"text")
        elif kind in ("missing", "file"):
            write_output(path, b"text")
            assert path.read_bytes() == b"text"


OPTIONS = {"profile": ".toml", "scenario": ".toml", "replay": ".npz", "artifacts": "", "resume": ""}


@pytest.mark.usefixtures("bounded", "closed")
@pytest.mark.parametrize("from_ini", [False, True], ids=["option", "ini"])
@pytest.mark.parametrize("name", OPTIONS)
def test_what_the_plugin_is_given(pytester: pytest.Pytester, name: str, from_ini: bool) -> None:
    for kind, path in made(pytester.path / "given", name, OPTIONS[name]):
        if name == "artifacts" and kind in (*FOLDERS, "missing"):
            continue
        # The value goes the same way from there; not all of them need to be tried again.
        if from_ini and kind not in ("missing", "below a file", "too long", "link loop", "no such home"):
            continue
        pytester.makeini(f"[pytest]\nsoak_{name} = {path}\n" if from_ini else "[pytest]\n")
        word = "--soak-seed=1" if from_ini else f"--soak-{name}={path}"
        with pytest.raises(pytest.UsageError) as caught:
            pytester.parseconfigure("-p", "no:cacheprovider", word)
        one_sentence(str(caught.value))


@pytest.mark.usefixtures("bounded")
def test_a_step_summary_is_appended_to_a_plain_file_only(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = fifo(pytester.path / "summary")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    words = ("--soak-iterations=1", "--soak-minutes=0.02", "--soak-report=off", "-p", "no:cacheprovider")
    result = pytester.runpytest_inprocess(*words, "--soak-gate=off")
    assert result.ret == 0
    result.stdout.re_match_lines([r".*the summary of the soak was not written: .* neither a file nor"])
    assert not stat.S_ISREG(path.stat().st_mode)


def ended(words: list[str]) -> int | str | None:
    """Exit code of a command, whichever part of it refuses."""
    try:
        return cli.main(words)
    except SystemExit as error:
        return error.code


def one_sentence(said: str) -> None:
    """What was said has one line that is no usage, in ASCII, and no trace of Python."""
    lines = [line for line in said.splitlines() if line.strip() and not line.startswith(("usage:", " "))]
    assert len(lines) == 1, said
    assert said.isascii()
    assert "Traceback" not in said
    assert "Error" not in said
