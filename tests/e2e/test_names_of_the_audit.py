"""Code that was written for the original's artifacts reads ours, unmodified but for the folder.

The samples are those of the original's audit, word for word. What they leave out (a poll's pause, a web
server, names of their own module) is handed to them.
"""

from __future__ import annotations

import io
import json
import runpy
from datetime import datetime
from pathlib import Path
from typing import Any

import prometheus_client
import pytest

DASHBOARD = '''
import flask
from flask import render_template_string

app = flask.Flask(__name__)

@app.route("/")
def dashboard():
    """Live dashboard for soak progress."""
    latest_dir = Path("artifacts/soak/latest")
    summaries = [json.load(open(f)) for f in sorted(latest_dir.glob("ITER_SUMMARY_*.json"))]

    # Render simple HTML dashboard
    return render_template_string("""
    <html>
    <head><title>Soak Test Dashboard</title></head>
    <body>
      <h1>Mini-Soak Progress</h1>
      <table>
        <tr><th>Iter</th><th>Net BPS</th><th>Risk</th><th>KPI</th></tr>
        {% for s in summaries %}
        <tr>
          <td>{{ s.iteration }}</td>
          <td>{{ "%.2f"|format(s.summary.net_bps) }}</td>
          <td>{{ "%.1f%%"|format(s.summary.risk_ratio * 100) }}</td>
          <td>{{ s.summary.kpi_verdict }}</td>
        </tr>
        {% endfor %}
      </table>
    </body>
    </html>
    """, summaries=summaries)
'''
EXPORTER = '''
from prometheus_client import start_http_server, Gauge

risk_ratio = Gauge('soak_risk_ratio', 'Current risk ratio')
net_bps = Gauge('soak_net_bps', 'Current net BPS')
iteration = Gauge('soak_iteration', 'Current iteration')

def update_metrics():
    """Poll latest ITER_SUMMARY and update Prometheus."""
    while True:
        latest = load_latest_iter_summary()
        if latest:
            risk_ratio.set(latest["summary"]["risk_ratio"])
            net_bps.set(latest["summary"]["net_bps"])
            iteration.set(latest["iteration"])
        time.sleep(30)  # Update every 30s
'''
OSCILLATION = '''
def detect_oscillation(history: List[Dict]) -> bool:
    """Check if param is oscillating (A->B->A pattern)."""
    if len(history) < 3:
        return False

    for param in MONITORED_PARAMS:
        vals = [h.get("overrides", {}).get(param) for h in history[-3:]]
        if vals[0] and vals[2] and abs(vals[0] - vals[2]) < EPSILON:
            if vals[1] and abs(vals[1] - vals[0]) > SIGNIFICANT_DELTA:
                return True  # A -> B -> A detected
    return False
'''
FREEZE = """
# Verify: TUNING_STATE.json shows freeze active
state = json.load(open("artifacts/soak/latest/TUNING_STATE.json"))
assert state["frozen_until_iter"] == 4  # Frozen for 2 iterations

# Verify: Iter 3-4 ITER_SUMMARY shows skipped_reason="freeze"
iter3 = json.load(open("artifacts/soak/latest/ITER_SUMMARY_3.json"))
assert "frozen" in iter3["tuning"]["skipped_reason"]
"""
ROTATION = '''
def rotate_artifacts(max_age_days=7, max_size_mb=500):
    """Rotate old artifacts and snapshots."""
    base_dir = Path("artifacts/soak")

    # 1. Remove old ITER_SUMMARY files (keep last 100)
    iter_files = sorted(base_dir.glob("latest/ITER_SUMMARY_*.json"))
    for old_file in iter_files[:-100]:
        old_file.unlink()
        print(f"| cleanup | REMOVED | {old_file.name} |")

    # 2. Compress old snapshots (>7 days)
    import tarfile
    for snapshot in base_dir.glob("snapshots/*.json"):
        age_days = (datetime.now() - datetime.fromtimestamp(snapshot.stat().st_mtime)).days
        if age_days > max_age_days:
            tar_path = snapshot.with_suffix('.json.tar.gz')
            with tarfile.open(tar_path, 'w:gz') as tar:
                tar.add(snapshot, arcname=snapshot.name)
            snapshot.unlink()
            print(f"| cleanup | COMPRESSED | {snapshot.name} -> {tar_path.name} |")

    # 3. Check total size
    total_size_mb = sum(f.stat().st_size for f in base_dir.rglob('*') if f.is_file()) / (1024**2)
    if total_size_mb > max_size_mb:
        print(f"| cleanup | WARN | total_size={total_size_mb:.1f}MB > {max_size_mb}MB |")
'''


FLASK = """
import jinja2


class Flask:
    def __init__(self, name):
        self.views = {}

    def route(self, rule):
        return lambda view: self.views.setdefault(rule, view)


def render_template_string(source, **names):
    return jinja2.Environment(autoescape=True).from_string(source).render(names)
"""
"""As much of the web framework as the sample uses."""

CANARY = "artifacts/soak/latest/audited-calm-s1"
MONITORED = ("min_interval_ms", "replace_rate_per_min", "base_spread_bps_delta")
PROFILE = 'extends = "steady_safe"\n\n[guards.freeze]\nduration_iterations = 2\n'


@pytest.fixture
def folder(pytester: pytest.Pytester) -> Path:
    """Folder of a canary of four iterations, which freezes for two once two are stable."""
    file = pytester.mkdir("soak_profiles") / "audited.toml"
    file.write_text(PROFILE, encoding="utf-8")
    result = pytester.runpytest_inprocess("--soak-iterations=4", "--soak-profile=audited")
    assert result.ret == 0
    return pytester.path / CANARY


def run(sample: str, **names: Any) -> dict[str, Any]:
    """What a sample defines, with the folder of a canary in place of the original's."""
    text = sample.replace("artifacts/soak/latest", CANARY).replace('glob("latest/', f'glob("{CANARY[15:]}/')
    file = Path("sample.py")
    file.write_text(text, encoding="utf-8")
    return runpy.run_path(str(file), {"json": json, "Path": Path, "open": opened, **names})


def opened(path: Path | str) -> io.StringIO:
    """A file that needs no closing: the samples do not."""
    return io.StringIO(Path(path).read_text(encoding="utf-8"))


def summaries_of(folder: Path) -> list[dict[str, Any]]:
    files = sorted(folder.glob("ITER_SUMMARY_*.json"))
    return [json.loads(path.read_text(encoding="utf-8")) for path in files]


def test_samples_of_the_audit_read_a_real_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parents[3])
    summaries = summaries_of(folder)
    run(FREEZE)
    the_dashboard(summaries, monkeypatch)
    the_exporter(summaries[-1])
    the_oscillation_check(summaries)
    the_rotation(folder)


def the_dashboard(summaries: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    Path("flask.py").write_text(FLASK, encoding="utf-8")
    monkeypatch.syspath_prepend(Path.cwd())
    page = run(DASHBOARD)["app"].views["/"]()
    for summary in summaries:
        assert f"<td>{summary['summary']['net_bps']:.2f}</td>" in page
        assert f"<td>{summary['summary']['kpi_verdict']}</td>" in page
    assert page.count("%</td>") == 4


class Pause:
    """A clock whose first pause ends the poll."""

    def sleep(self, seconds: float) -> None:
        raise TimeoutError(seconds)


def the_exporter(latest: dict[str, Any]) -> None:
    made = run(EXPORTER, load_latest_iter_summary=lambda: latest, time=Pause())
    try:
        with pytest.raises(TimeoutError):
            made["update_metrics"]()
        value = prometheus_client.REGISTRY.get_sample_value
        assert value("soak_iteration") == 4.0
        assert value("soak_net_bps") == latest["summary"]["net_bps"]
        assert 0.0 <= (value("soak_risk_ratio") or 0.0) <= 1.0
    finally:
        for name in ("risk_ratio", "net_bps", "iteration"):
            prometheus_client.REGISTRY.unregister(made[name])


def the_oscillation_check(summaries: list[dict[str, Any]]) -> None:
    names = {"MONITORED_PARAMS": MONITORED, "EPSILON": 1e-9, "SIGNIFICANT_DELTA": 1e-6}
    detect = run(OSCILLATION, List=list, Dict=dict, **names)["detect_oscillation"]
    assert detect(summaries) is False
    there_and_back = [summaries[0], summaries[-1], summaries[0]]
    moved = [p for p in MONITORED if summaries[0]["overrides"][p] != summaries[-1]["overrides"][p]]
    assert moved
    assert detect(there_and_back) is True
    for summary in summaries:
        tuning = summary["tuning"]
        for name, delta in tuning["deltas"].items():
            step = summary["next_overrides"][name] - summary["overrides"][name]
            assert step == pytest.approx(delta, abs=1e-9)
        assert tuning["applied"] == bool(tuning["deltas"])


def the_rotation(folder: Path) -> None:
    """Of 104 summaries, four of them real, the last hundred by name are kept."""
    for number in range(10, 110):
        (folder / f"ITER_SUMMARY_{number}.json").write_bytes((folder / "ITER_SUMMARY_4.json").read_bytes())
    run(ROTATION, datetime=datetime)["rotate_artifacts"]()
    assert len(list(folder.glob("ITER_SUMMARY_*.json"))) == 100
