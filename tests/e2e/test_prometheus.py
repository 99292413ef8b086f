"""Metrics: every value is the journal's, labels are bounded, and nothing broken ends the exporter."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
import urllib.request
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pytest_soak import cli
from pytest_soak.domain.kpis import KPI_MEANINGS
from pytest_soak.observe.exporter import Exporter
from pytest_soak.observe.metrics import RESOURCES, exposition, metric_name, metric_value
from pytest_soak.observe.watching import Watch
from pytest_soak.store.journal.journal import Journal

JOB = ("--soak-iterations=3", "--soak-profile=steady_safe", "--soak-minutes=0.5", "--soak-gate=soft")
CANARIES = ("steady_safe-calm-s1", "steady_safe-calm-s2")


@pytest.fixture
def run(pytester: pytest.Pytester) -> Path:
    pytester.runpytest_inprocess(*JOB, "--soak-seed=1..2")
    return next((pytester.path / "artifacts/soak/runs").iterdir())


def samples(text: str) -> dict[str, float]:
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def labels(name: str, seed: int) -> str:
    return f'{name}{{canary="{CANARIES[seed - 1]}",profile="steady_safe",scenario="calm",seed="{seed}"}}'


def test_every_kpi_is_that_of_the_newest_iteration_in_the_journal(run: Path) -> None:
    found = samples(exposition(Watch(lambda: run)).decode("utf-8"))
    for seed, canary in enumerate(CANARIES, start=1):
        with Journal.read(run / canary / "soak.db") as journal:
            record, records = journal.last, journal.records()
            resources = journal.wall(3).resources
        assert resources is not None
        for resource, (name, _) in RESOURCES.items():
            assert found[labels(name, seed)] == getattr(resources, resource)
        assert record is not None
        assert found[labels("soak_iteration", seed)] == 3.0
        for kpi in KPI_MEANINGS:
            value = metric_value(kpi, getattr(record.kpis, kpi))
            assert found.get(labels(metric_name(kpi), seed)) == value
        refused = sum(o.action.value == "refuse" for r in records for o in r.decision.opinions)
        counted = (v for k, v in found.items() if k.startswith("soak_guard_refusals_total{") and canary in k)
        assert sum(counted) == refused
    assert {"soak_net_bps", "soak_risk_ratio"} <= {metric_name(kpi) for kpi in KPI_MEANINGS}


def test_labels_are_bounded_and_names_pass_promtool(run: Path) -> None:
    text = exposition(Watch(lambda: run)).decode("utf-8")
    names = set(re.findall(r"[{,]([a-z_]+)=", text))
    of_canaries = {"canary", "profile", "scenario", "seed", "guard", "parameter", "verdict"}
    assert names <= of_canaries | {"run_id", "kernel", "pytest_soak"}
    assert text.count("\n") < 400
    promtool = shutil.which("promtool")
    if promtool is not None:
        checked = [promtool, "check", "metrics"]
        done = subprocess.run(checked, input=text, capture_output=True, encoding="utf-8", check=False)
        assert (done.returncode, done.stderr, done.stdout) == (0, "", "")


def test_what_is_broken_or_not_there_yet_ends_no_scrape(run: Path) -> None:
    assert samples(exposition(Watch(lambda: None)).decode())["soak_up"] == 1.0
    (run / CANARIES[0] / "soak.db").write_bytes(b"x" * 4096)
    found = samples(exposition(Watch(lambda: run)).decode())
    assert labels("soak_iteration", 1) not in found
    assert found[labels("soak_iteration", 2)] == 3.0
    readable = [found[f'soak_canary_readable{{canary="{name}"}}'] for name in CANARIES]
    assert readable == [0.0, 1.0]
    (run / "RUN.json").write_text("{", encoding="utf-8")
    assert samples(exposition(Watch(lambda: run)).decode())["soak_up"] == 0.0


def test_a_run_serves_its_metrics_while_it_goes_on(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import re, urllib.request

        def test_mine(soak_iteration, request):
            soak_iteration.run()
            served = request.config.pluginmanager.get_plugin("soak_prometheus")._served
            with urllib.request.urlopen(served.url, timeout=10) as answer:
                text = answer.read().decode("utf-8")
            value = re.search(r"^soak_iteration{.*} (\\d+)", text, re.M)[1]
            assert int(value) == soak_iteration.number
        """
    )
    result = pytester.runpytest_inprocess(*JOB, "--soak-prometheus=0")
    result.stdout.fnmatch_lines(["soak: metrics at http://127.0.0.1:*/metrics"])
    assert result.ret == 0


def test_the_command_writes_a_text_file(run: Path, pytester: pytest.Pytester) -> None:
    assert cli.main(["exporter", str(run), "--textfile", "soak.prom"]) == 0
    assert samples((pytester.path / "soak.prom").read_text("utf-8"))["soak_up"] == 1.0


def test_all_iterations_are_written_with_their_times(run: Path, pytester: pytest.Pytester) -> None:
    """As OpenMetrics, which the client's strict parser and promtool read; a damaged canary is named."""
    from prometheus_client.openmetrics.parser import text_string_to_metric_families

    (run / CANARIES[1] / "soak.db").write_bytes(b"x" * 4096)
    assert cli.main(["exporter", str(run), "--openmetrics", "soak.om"]) == 0
    text = (pytester.path / "soak.om").read_text("utf-8")
    families = {one.name: one.samples for one in text_string_to_metric_families(text)}
    with Journal.read(run / CANARIES[0] / "soak.db") as journal:
        records, walls = journal.records(), [journal.wall(n) for n in (1, 2, 3)]
    ends = [datetime.fromisoformat(one.started_at).timestamp() + one.seconds for one in walls]
    for kpi in ("net_bps", "order_age_p95_ms"):
        found = families[metric_name(kpi)]
        values = [metric_value(kpi, getattr(record.kpis, kpi)) for record in records]
        assert [one.value for one in found] == [value for value in values if value is not None]
    assert [float(one.timestamp) for one in families["soak_net_bps"]] == pytest.approx(ends, abs=1e-3)
    readable = {one.labels["canary"]: one.value for one in families["soak_canary_readable"]}
    assert readable == {CANARIES[0]: 1.0, CANARIES[1]: 0.0}
    assert all(one.timestamp is not None for samples in families.values() for one in samples)
    promtool = shutil.which("promtool")
    if promtool is not None:
        command = [promtool, "tsdb", "create-blocks-from", "openmetrics", "soak.om", "blocks"]
        subprocess.run(command, check=True, capture_output=True)
        assert list((pytester.path / "blocks").glob("*/index"))


def test_the_history_of_no_run_is_one_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["exporter", "--soak-artifacts", str(tmp_path), "--openmetrics", str(tmp_path / "soak.om")]
    assert cli.main(words) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not (tmp_path / "soak.om").exists()


def test_a_port_that_is_taken_is_one_sentence(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = Exporter(Watch(lambda: run), 0)
    try:
        assert cli.main(["exporter", str(run), f"--port={other.port}"]) == 2
    finally:
        other.stop()
    assert re.search(r"prometheus: port \d+ of 127.0.0.1: .*; name another one", capsys.readouterr().err)


PROMETHEUS = shutil.which("prometheus")


@pytest.mark.skipif(PROMETHEUS is None, reason="no Prometheus is installed here")
def test_a_real_prometheus_scrapes_what_the_journal_holds(run: Path, tmp_path: Path) -> None:
    assert PROMETHEUS is not None
    exporter = Exporter(Watch(lambda: run), 0)
    exporter.start()
    config = {
        "global": {"scrape_interval": "1s"},
        "scrape_configs": [
            {"job_name": "soak", "static_configs": [{"targets": [f"127.0.0.1:{exporter.port}"]}]}
        ],
    }
    file = tmp_path / "prometheus.yml"
    file.write_text(json.dumps(config), encoding="utf-8")
    free = Exporter(Watch(lambda: None), 0)
    port = free.port
    free.stop()
    command = [PROMETHEUS, f"--config.file={file}", f"--storage.tsdb.path={tmp_path / 'data'}"]
    server = subprocess.Popen(
        [*command, f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"], stderr=subprocess.DEVNULL
    )
    try:
        found = queried(port, "soak_net_bps")
    finally:
        server.kill()
        server.wait()
        exporter.stop()
    for canary in CANARIES:
        with Journal.read(run / canary / "soak.db") as journal:
            assert journal.last is not None
            assert found[canary] == journal.last.kpis.net_bps


def queried(port: int, query: str) -> dict[str, float]:
    """Values by canary, once the server has scraped."""
    deadline = time.monotonic() + 60.0
    while time.monotonic() < deadline:
        try:
            url = f"http://127.0.0.1:{port}/api/v1/query?query={query}"
            with urllib.request.urlopen(url, timeout=5) as answer:
                rows: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        except OSError:
            rows = []
        if rows:
            return {row["metric"]["canary"]: float(row["value"][1]) for row in rows}
        time.sleep(0.2)
    raise AssertionError("nothing was scraped")
