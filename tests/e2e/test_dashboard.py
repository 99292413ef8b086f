"""The dashboard: what it shows is in the journal, it changes nothing, and answers to this machine alone."""

from __future__ import annotations

import asyncio
import http.client
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pytest_soak import cli
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.records import EdgeReport
from pytest_soak.observe import server
from pytest_soak.observe.reading import open_run
from pytest_soak.observe.server import Dashboard, _events, free_socket, pause_after
from pytest_soak.observe.watching import Watch
from pytest_soak.store.exports.series import read_series
from pytest_soak.store.journal.journal import Journal
from pytest_soak.store.runs.runs import list_runs
from tests.e2e.conftest import default_action

JOB = ("--soak-iterations=4", "--soak-profile=steady_safe", "--soak-minutes=0.5", "--soak-gate=soft")
CANARY = "steady_safe-calm-s1"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


class Client:
    """Asks a dashboard that is served."""

    def __init__(self, port: int) -> None:
        self.port = port

    def get(self, path: str, host: str | None = None, method: str = "GET") -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.putrequest(method, path, skip_host=True)
            connection.putheader("Host", f"127.0.0.1:{self.port}" if host is None else host)
            connection.endheaders()
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, headers, answer.read().decode("utf-8"))
        finally:
            connection.close()


@pytest.fixture
def run(pytester: pytest.Pytester) -> Path:
    pytester.runpytest_inprocess(*JOB)
    return next((pytester.path / "artifacts/soak/runs").iterdir())


@pytest.fixture
def client(run: Path) -> Iterator[Client]:
    served = Dashboard(Watch(lambda: run), 0)
    served.start()
    yield Client(served.port)
    served.stop()


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C reaches all processes of a console there")
@pytest.mark.parametrize("looked_at", [False, True], ids=["alone", "looked at"])
@pytest.mark.parametrize("command", ["dashboard", "exporter"])
def test_ctrl_c_ends_what_serves_without_a_traceback(run: Path, command: str, looked_at: bool) -> None:
    """As it says, also once somebody has come, from when on another loop serves the dashboard."""
    port = free_port()
    script = "import sys; from pytest_soak import cli; sys.exit(cli.main(sys.argv[1:]))"
    words = (sys.executable, "-c", script, command, str(run), f"--port={port}")
    with default_action(signal.SIGINT):
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        assert "Ctrl-C ends it" in process.stdout.readline()
        if looked_at:
            assert Client(port).get("/metrics" if command == "exporter" else "/").status == 200
        process.send_signal(signal.SIGINT)
        try:
            left = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, left) == (0, ("", ""))


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def test_ctrl_c_ends_any_other_command_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.status, "run", interrupted)
    assert cli.main(["status"]) == 130
    assert capsys.readouterr() == ("", "pytest-soak: interrupted\n")


def first_news(watch: Watch) -> dict[str, Any]:
    async def read() -> str:
        async def stays() -> bool:
            return False

        async for text in _events(watch, stays):
            if text.startswith("data: "):
                return text
        raise AssertionError

    news: dict[str, Any] = json.loads(asyncio.run(read()).removeprefix("data: "))
    return news


def test_canaries_and_records_are_those_of_the_journal(client: Client, run: Path) -> None:
    with Journal.read(run / CANARY / "soak.db") as journal:
        entries = list(journal.entries())
    shown = client.get(f"/canary/{CANARY}").json()
    assert [one["kpis"]["net_bps"] for one in shown["iterations"]] == [e.record.kpis.net_bps for e in entries]
    assert [one["sha256"] for one in shown["iterations"]] == [entry.sha256 for entry in entries]
    assert {*shown["components"]} <= shown["iterations"][0]["kpis"].keys()
    assert client.get(f"/canary/{CANARY}/2").json() == json.loads(entries[1].text)
    (row,) = first_news(Watch(lambda: run))["rows"]
    assert row["nets"] == [entry.record.kpis.net_bps for entry in entries]


def test_the_path_of_an_iteration_is_that_of_its_file(
    client: Client, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    series = read_series(run / CANARY / "SERIES_2.npz")
    path = client.get(f"/canary/{CANARY}/2/path").json()
    assert path["mid"] == series["mid"].tolist()
    assert path["time"] == [0.0, 10.0, 20.0, 30.0]
    with Journal.read(run / CANARY / "soak.db") as journal:
        kpis = journal.entry(2).record.kpis
    assert path["fills"]["count"] == kpis.fills
    assert path["profit"][-1] == pytest.approx(kpis.profit)
    assert path["position"][-1] == pytest.approx(kpis.position_end)
    worth = [one for one in path["fills"]["markout_bps"]["1s"] if one is not None]
    assert len(worth) == kpis.samples["markout_1s_bps"]
    assert cli.main(["series", str(run), CANARY, "2"]) == 0
    assert f"{'time_ms':<16} {4:>7} rows  30000 to 60000" in capsys.readouterr().out
    (run / CANARY / "SERIES_2.npz").unlink()
    assert "there is no series" in client.get(f"/canary/{CANARY}/2/path").text


NOT_THERE = (
    "/canary/other",
    f"/canary/{CANARY}/9",
    "/canary/..%2f..%2fetc",
    "/canary/../1/path",
    "/canary/other/1/path",
)


@pytest.mark.parametrize("path", NOT_THERE)
def test_what_is_not_there_is_one_sentence(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status == 404
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("host", ["evil.example", "", "evil.example:5000", "127.0.0.1", "[", "a b"])
def test_requests_for_another_host_are_refused(client: Client, host: str) -> None:
    assert client.get("/", host=host).status == 400


def test_pages_load_nothing_from_elsewhere_and_take_no_orders(client: Client) -> None:
    page = client.get("/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
    assert "http://" not in page.text
    assert "https://" not in page.text
    for name in ("soak.css", "soak.js", "path.js", "dashboard.js", "plotly.min.js"):
        assert f"/static/{name}" in page.text
        assert client.get(f"/static/{name}").status == 200
    assert client.get("/static/report.html.jinja").status == 404
    assert client.get("/", method="POST").status == 405
    assert client.get("/static/..%2freading.py").status == 404


def test_only_canaries_that_changed_are_read_again(run: Path, pytester: pytest.Pytester) -> None:
    watch = Watch(lambda: run)
    before = watch.rows()
    assert watch.rows()[CANARY] is before[CANARY]
    pytester.runpytest_inprocess("--soak-resume", "--soak-extend=1")
    after = watch.rows()
    assert after[CANARY] is not before[CANARY]
    assert (after[CANARY]["done"], after[CANARY]["planned"]) == (5, 5)


def test_a_canary_that_goes_on_is_read_on_from_where_it_was(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is pooled without distributions is what is pooled with them, and the end has all of it."""
    pytester.runpytest_inprocess(*JOB, "-k", "iter003")
    (folder,) = list_runs(pytester.path / "artifacts/soak")
    before = open_run(folder, folder).followed(CANARY, None)
    read, edge = [], Journal.edge

    def noted(journal: Journal, number: int) -> EdgeReport:
        read.append(number)
        return edge(journal, number)

    monkeypatch.setattr(Journal, "edge", noted)
    assert open_run(folder, folder).followed(CANARY, before).headline == before.headline
    assert read == []
    pytester.runpytest_inprocess("--soak-resume", "--soak-extend=2", "-k", "iter004")
    read.clear()
    after = open_run(folder, folder).followed(CANARY, before)
    assert after.outcome.missing == 2
    assert read == [4]
    whole = open_run(folder, folder).canary(CANARY)
    assert after.entries == whole.entries
    for name in ("net_bps", "risk_ratio", "profit", "fills", "cancel_ratio"):
        assert getattr(after.headline, name) == getattr(whole.kpis, name) is not None
    assert after.kpis is not None
    assert whole.kpis is not None
    assert after.kpis == whole.kpis.model_copy(update={"errors": {}, "skews": {}})
    # Another journal in its place is read from the start.
    other = replace(before, entries=(replace(before.entries[0], sha256="0" * 64),))
    assert open_run(folder, folder).followed(CANARY, other).headline == after.headline
    pytester.runpytest_inprocess("--soak-resume")
    done = open_run(folder, folder).followed(CANARY, after)
    assert done.is_done
    assert done.followed is None
    assert done.headline == open_run(folder, folder).canary(CANARY).kpis


def test_nothing_that_serves_is_loaded_before_somebody_comes(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        "import sys\ndef pytest_unconfigure():\n    assert not {'starlette', 'uvicorn'} & set(sys.modules)\n"
    )
    result = pytester.runpytest_subprocess(*JOB, "--soak-report=md", "--soak-dashboard=0")
    assert result.ret == 0


def test_what_is_not_installed_is_said_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "find_spec", lambda name: None if name == "uvicorn" else name)
    with pytest.raises(SoakConfigError, match=r'the dashboard needs uvicorn; pip install "pytest-soak'):
        Dashboard(Watch(lambda: None), 0)


def test_a_run_that_has_not_begun_or_is_damaged_is_said(run: Path) -> None:
    assert first_news(Watch(lambda: None))["header"] == {"run": None}
    (run / CANARY / "soak.db").write_bytes(b"x" * 4096)
    news = first_news(Watch(lambda: run))
    assert news["header"]["verdict"] == "damaged"
    assert "not a journal" in news["rows"][0]["why"]
    (run / "RUN.json").write_text("{", encoding="utf-8")
    assert "RUN.json" in first_news(Watch(lambda: run))["header"]["problem"]


def test_the_next_free_port_is_taken_and_one_that_was_named_is_not() -> None:
    taken = free_socket(None)
    taken.listen()
    number = taken.getsockname()[1]
    other = free_socket(None)
    assert other.getsockname()[1] > number
    with pytest.raises(SoakConfigError, match=f"port {number} of 127.0.0.1: taken"):
        free_socket(number)
    for found in (taken, other):
        found.close()


def test_a_run_has_the_same_records_with_and_without(pytester: pytest.Pytester) -> None:
    pytester.runpytest_subprocess(*JOB)
    result = pytester.runpytest_subprocess(*JOB, "--soak-dashboard=0")
    result.stdout.fnmatch_lines(["soak: dashboard at http://127.0.0.1:*/"])
    assert result.ret == 0
    hashes = []
    for folder in list_runs(pytester.path / "artifacts/soak"):
        with Journal.read(folder / CANARY / "soak.db") as journal:
            hashes.append([entry.sha256 for entry in journal.entries()])
    assert hashes[0] == hashes[1]


def test_a_port_that_is_taken_is_refused_before_anything_runs(pytester: pytest.Pytester) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = pytester.runpytest_inprocess(*JOB, f"--soak-dashboard={port}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "taken; name another one" in result.stderr.str()
    assert not (pytester.path / "artifacts").exists() or not list_runs(pytester.path / "artifacts/soak")


@pytest.mark.parametrize("text", ["-1", "70000", "http"])
def test_what_is_no_port_is_refused(
    pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    result = pytester.runpytest_inprocess(*JOB, "-o", f"soak_dashboard={text}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    with pytest.raises(SystemExit):
        cli.main(["dashboard", f"--port={text}"])
    assert "is not a port" in capsys.readouterr().err


def test_looks_that_take_long_come_less_often_but_within_two_seconds() -> None:
    assert pause_after(0.0) == 0.5
    assert pause_after(0.025) == pytest.approx(0.975)
    assert pause_after(10.0) == 1.5
    # What a soak gets of a busy machine counts, not the time that passes.
    assert pause_after(0.01) == 0.5
    assert pause_after(0.01, 0.4) == pytest.approx(0.975)
    assert pause_after(0.01, 0.0) == 1.5
