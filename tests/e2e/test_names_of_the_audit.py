"""Code that was written for the original's artifacts reads ours, unmodified but for the folder."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2
import pytest

# The dashboard's template, as it was written for the original.
TEMPLATE = """
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
"""
PARAMETERS = {"min_interval_ms", "replace_rate_per_min", "base_spread_bps_delta"}


class Gauge:
    """A gauge that remembers what it was set to, in place of a client's."""

    def __init__(self) -> None:
        self.value: float | None = None

    def set(self, value: float) -> None:
        self.value = float(value)


@pytest.fixture
def latest(pytester: pytest.Pytester) -> Path:
    """Folder of a canary of six iterations."""
    result = pytester.runpytest_inprocess("--soak-iterations=6", "--soak-profile=steady_safe")
    assert result.ret == 0
    return next((pytester.path / "artifacts/soak/latest").resolve().rglob("ITER_SUMMARY_6.json")).parent


def test_samples_of_the_audit_read_a_real_run(latest: Path) -> None:
    summaries = [
        json.loads(path.read_text(encoding="utf-8")) for path in sorted(latest.glob("ITER_SUMMARY_*.json"))
    ]
    the_dashboard(summaries)
    the_exporter(summaries[-1])
    the_oscillation_check(summaries)
    the_freeze_check(latest)
    the_rotation(latest)


def the_dashboard(summaries: list[dict[str, Any]]) -> None:
    page = jinja2.Environment(autoescape=True).from_string(TEMPLATE).render(summaries=summaries)
    for summary in summaries:
        assert f"<td>{summary['summary']['net_bps']:.2f}</td>" in page
        assert f"<td>{summary['summary']['kpi_verdict']}</td>" in page
    assert page.count("%</td>") == 6


def the_exporter(latest: dict[str, Any]) -> None:
    risk_ratio, net_bps, iteration = Gauge(), Gauge(), Gauge()
    risk_ratio.set(latest["summary"]["risk_ratio"])
    net_bps.set(latest["summary"]["net_bps"])
    iteration.set(latest["iteration"])
    assert iteration.value == 6.0
    assert risk_ratio.value is not None
    assert 0.0 <= risk_ratio.value <= 1.0
    assert net_bps.value == latest["summary"]["net_bps"]


def the_oscillation_check(history: list[dict[str, Any]]) -> None:
    for param in PARAMETERS:
        values = [h["overrides"][param] for h in history]
        assert len(values) == 6
        assert all(value > 0 for value in values)
    for summary in history:
        tuning = summary["tuning"]
        for name, delta in tuning["deltas"].items():
            moved = summary["next_overrides"][name] - summary["overrides"][name]
            assert moved == pytest.approx(delta, abs=1e-9)
        assert tuning["applied"] == bool(tuning["deltas"])


def the_freeze_check(latest: Path) -> None:
    """The first two judged iterations are stable, which freezes: the next ones say so."""
    state = json.loads((latest / "TUNING_STATE.json").read_text(encoding="utf-8"))
    assert state["frozen_until_iter"] >= 4
    reasons = [
        json.loads((latest / f"ITER_SUMMARY_{number}.json").read_text(encoding="utf-8"))["tuning"][
            "skipped_reason"
        ]
        for number in (3, 4)
    ]
    assert any("frozen" in (reason or "") for reason in reasons)


def the_rotation(latest: Path) -> None:
    """Keep the last five of six summaries, by the original's loop."""
    iter_files = sorted(latest.glob("ITER_SUMMARY_*.json"))
    for old_file in iter_files[:-5]:
        assert (
            datetime.now().astimezone() - datetime.fromtimestamp(old_file.stat().st_mtime).astimezone()
        ).days == 0
        old_file.unlink()
    assert not (latest / "ITER_SUMMARY_1.json").exists()
    assert (latest / "ITER_SUMMARY_6.json").exists()
