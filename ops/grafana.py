"""The dashboard for Grafana: ``python -m ops.grafana`` rewrites ``soak.json``, to be imported there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PLACE = Path(__file__).with_name("soak.json")
_DATA = {"type": "prometheus", "uid": "${source}"}
_CHOSEN = '{profile=~"$profile", scenario=~"$scenario"}'
# Title, unit of Grafana, metrics.
_PANELS = (
    ("Net profit", "none", ("soak_net_bps",)),
    (
        "Parts of it",
        "none",
        (
            "soak_gross_bps",
            "soak_fees_eff_bps",
            "soak_slippage_bps",
            "soak_inventory_bps",
            "soak_funding_bps",
        ),
    ),
    ("Risk ratio", "percentunit", ("soak_risk_ratio",)),
    ("Iterations", "none", ("soak_iteration", "soak_iterations_planned")),
    ("Verdict", "none", ("soak_verdict",)),
    ("Largest position", "none", ("soak_position_max_base",)),
    ("Drawdown", "none", ("soak_drawdown_quote",)),
    ("Latency, age of orders", "s", ("soak_latency_p95_seconds", "soak_order_age_p95_seconds")),
    ("Changes that guards refused", "none", ("soak_guard_refusals_total",)),
    ("Resident memory", "bytes", ("soak_resident_memory_bytes",)),
    ("Open files, threads", "none", ("soak_open_files", "soak_threads")),
    ("Disk", "bytes", ("soak_canary_disk_bytes",)),
)
_WIDTH, _HEIGHT, _ACROSS = 12, 8, 2


def dashboard() -> dict[str, Any]:
    """The dashboard as Grafana's model of JSON has it."""
    return {
        "title": "pytest-soak",
        "uid": "pytest-soak",
        "schemaVersion": 36,
        "editable": True,
        "refresh": "15s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [
                {"name": "source", "type": "datasource", "query": "prometheus"},
                *(_variable(name) for name in ("profile", "scenario")),
            ]
        },
        "panels": [_panel(number, *panel) for number, panel in enumerate(_PANELS)],
    }


def _variable(name: str) -> dict[str, Any]:
    query = f"label_values(soak_iteration, {name})"
    choice = {"includeAll": True, "multi": True, "refresh": 2, "allValue": ".*"}
    return {"name": name, "type": "query", "datasource": _DATA, "query": query, **choice}


def _panel(number: int, title: str, unit: str, metrics: tuple[str, ...]) -> dict[str, Any]:
    place = {"x": number % _ACROSS * _WIDTH, "y": number // _ACROSS * _HEIGHT, "w": _WIDTH, "h": _HEIGHT}
    targets = [
        {"refId": chr(ord("A") + n), "expr": f"{metric}{_CHOSEN}", "legendFormat": _legend(metric)}
        for n, metric in enumerate(metrics)
    ]
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": title,
        "datasource": _DATA,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": unit}, "overrides": []},
        "targets": targets,
    }


def _legend(metric: str) -> str:
    more = {"soak_verdict": " {{verdict}}", "soak_guard_refusals_total": " {{guard}} {{parameter}}"}
    return f"{metric.removeprefix('soak_')} {{{{canary}}}}{more.get(metric, '')}"


def text() -> str:
    """The file's content."""
    return f"{json.dumps(dashboard(), indent=2)}\n"


if __name__ == "__main__":
    PLACE.write_text(text(), encoding="utf-8", newline="\n")
