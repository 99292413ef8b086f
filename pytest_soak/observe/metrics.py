"""Metrics of a run for Prometheus, made from the journals at each scrape.

Labels are those of canaries: profile, scenario, seed and the canary's name. The iteration is a value and
never a label, so that there are no more series than canaries times metrics.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pytest_soak.domain.errors import SoakConfigError, SoakError
from pytest_soak.domain.kpis import KPI_MEANINGS
from pytest_soak.domain.records import Verdict
from pytest_soak.observe.data import Json
from pytest_soak.observe.html import EXTRA
from pytest_soak.observe.watching import Watch

if TYPE_CHECKING:
    from prometheus_client.core import Metric
    from prometheus_client.registry import CollectorRegistry

LABELS = ("profile", "scenario", "seed", "canary")
VERDICTS = (*(verdict.value for verdict in Verdict), "-", "damaged")
RESOURCES = {
    "rss_bytes": ("soak_resident_memory_bytes", "Resident memory of the canary's process"),
    "cpu_seconds": ("soak_iteration_cpu_seconds", "CPU time that the newest iteration took"),
    "open_files": ("soak_open_files", "Files, sockets and pipes that the canary's process holds open"),
    "threads": ("soak_threads", "Threads of the canary's process"),
    "disk_bytes": ("soak_canary_disk_bytes", "Size of the files in the canary's folder"),
}
"""Metric and help of each resource."""
# Units that a name gets at its end where the table of KPIs has them; an amount of another unit has no metric.
_UNIT_NAMES = {"quote": "_quote", "base": "_base"}
_MILLISECONDS = "_ms"


def metric_name(kpi: str) -> str:
    """Name of a KPI's metric: ``soak_`` and the KPI, with its unit; times are in seconds."""
    if kpi.endswith(_MILLISECONDS):
        return f"soak_{kpi.removesuffix(_MILLISECONDS)}_seconds"
    unit = _UNIT_NAMES.get(KPI_MEANINGS[kpi].unit, "")
    return f"soak_{kpi.removesuffix(unit)}{unit}"


def metric_value(kpi: str, value: float | None) -> float | None:
    """A KPI in the unit of its metric; what was not measured has none."""
    return value / 1e3 if value is not None and kpi.endswith(_MILLISECONDS) else value


class SoakCollector:
    """Gives Prometheus the newest iteration of each canary, its verdict, and what guards refused."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Json, Json]] = {}

    def collect(self) -> Iterator[Metric]:
        """The metrics of now; a canary that cannot be read has none but ``soak_canary_readable 0``."""
        from prometheus_client.core import GaugeMetricFamily

        with self._lock:
            found, header, is_up = self._look()
            known = {name: bool(whole) for name, (_, whole) in self._known.items()} if is_up else {}
        yield GaugeMetricFamily("soak_up", "1 where the run could be read", value=float(is_up))
        if header.get("run"):
            yield run_info(header)
        yield readable(known)
        yield from gauges(found)
        yield from states(found)

    def _look(self) -> tuple[list[Json], Json, bool]:
        try:
            rows, header = self._watch.look()
        except (SoakError, OSError):
            return [], {}, False
        self._known = {name: self._canary(name, row) for name, row in rows.items()}
        return [whole for _, whole in self._known.values() if whole], header, True

    def _canary(self, name: str, row: Json) -> tuple[Json, Json]:
        """A canary whole, read again only where its row has changed."""
        known = self._known.get(name)
        if known is not None and known[0] is row:
            return known
        try:
            return row, self._watch.newest(name)
        except SoakError:
            return row, {}


def _text(values: Json) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}


def _labels(canary: Json) -> list[str]:
    return [str(canary["profile"]), str(canary["scenario"]), str(canary["seed"]), str(canary["name"])]


def run_info(header: Json) -> Metric:
    """Which run it is, and the versions that made it."""
    from prometheus_client.core import InfoMetricFamily

    info = InfoMetricFamily("soak_run", "The run that is exported")
    info.add_metric([], {"run_id": header["run"], **_text(header["versions"])})
    return info


def readable(known: Mapping[str, bool]) -> Metric:
    """Which canaries can be read."""
    from prometheus_client.core import GaugeMetricFamily

    text = "1 where the canary's journal could be read"
    family = GaugeMetricFamily("soak_canary_readable", text, labels=["canary"])
    for name, is_readable in known.items():
        family.add_metric([name], float(is_readable))
    return family


def states(found: list[Json]) -> Iterator[Metric]:
    """What guards refused so far, and verdicts."""
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    counted = CounterMetricFamily(
        "soak_guard_refusals",
        "Changes of parameters that a guard refused",
        labels=[*LABELS, "guard", "parameter"],
    )
    for one in found:
        for guard, counts in one["stopped"].items():
            for parameter, count in counts.items():
                counted.add_metric([*_labels(one), guard, parameter], count)
    yield counted
    family = GaugeMetricFamily("soak_verdict", "1 for the canary's verdict", labels=[*LABELS, "verdict"])
    for one in found:
        for verdict in VERDICTS:
            family.add_metric([*_labels(one), verdict], float(verdict == one["verdict"]))
    yield family


def gauges(found: list[Json]) -> Iterator[Metric]:
    """Values of the newest iteration of each canary."""
    newest = [(one, one["newest"]) for one in found if one["newest"] is not None]
    yield _gauge("soak_iteration", "Newest iteration of the canary", ((c, i["iteration"]) for c, i in newest))
    planned = ((canary, canary["planned"]) for canary in found)
    yield _gauge("soak_iterations_planned", "Iterations that there are to be", planned)
    # Profit in quote currency has the name that profit has where that is what it is in.
    for name, kpi in {metric_name(kpi): kpi for kpi in KPI_MEANINGS}.items():
        values = ((canary, metric_value(kpi, _in_unit(kpi, canary, one))) for canary, one in newest)
        yield _gauge(name, f"Newest iteration: {KPI_MEANINGS[kpi].meaning}", values)
    ended = ((canary, ended_at(one)) for canary, one in newest)
    yield _gauge("soak_last_iteration_timestamp_seconds", "When the newest iteration ended, Unix time", ended)
    took = ((canary, one["seconds"]) for canary, one in newest)
    yield _gauge("soak_iteration_duration_seconds", "What the newest iteration took, in real time", took)
    for resource, (name, text) in RESOURCES.items():
        held = ((canary, one["resources"]) for canary, one in newest)
        known = ((canary, values[resource]) for canary, values in held if values is not None)
        yield _gauge(name, text, known)
    yield _parameters(newest)


def _in_unit(kpi: str, canary: Json, iteration: Json) -> float | None:
    """The value where it is in the unit that the metric's name has."""
    value: float | None = iteration["kpis"][kpi]
    return value if canary["units"][kpi] == KPI_MEANINGS[kpi].unit else None


def ended_at(iteration: Json) -> float:
    """When an iteration ended, in Unix time."""
    from datetime import datetime

    return datetime.fromisoformat(iteration["started_at"]).timestamp() + float(iteration["seconds"])


def _gauge(name: str, text: str, values: Iterable[tuple[Json, float | None]]) -> Metric:
    """A gauge; what was not measured has no sample."""
    from prometheus_client.core import GaugeMetricFamily

    family = GaugeMetricFamily(name, text, labels=list(LABELS))
    for canary, value in values:
        if value is not None:
            family.add_metric(_labels(canary), float(value))
    return family


def _parameters(newest: list[tuple[Json, Json]]) -> Metric:
    from prometheus_client.core import GaugeMetricFamily

    family = GaugeMetricFamily(
        "soak_parameter", "Value in the newest iteration", labels=[*LABELS, "parameter"]
    )
    for canary, one in newest:
        for name, value in one["parameters"].items():
            family.add_metric([*_labels(canary), name], float(value))
    return family


def registry_of(watch: Watch) -> CollectorRegistry:
    """A registry with the metrics of one run, and nothing of this process.

    Raises:
        SoakConfigError: the client is not installed.
    """
    return registry_with(SoakCollector(watch))


def registry_with(collector: Any) -> CollectorRegistry:
    """A registry with one collector alone.

    Raises:
        SoakConfigError: the client is not installed.
    """
    try:
        from prometheus_client.registry import CollectorRegistry
    except ImportError:
        raise SoakConfigError(f'metrics need prometheus_client; pip install "{EXTRA}"') from None
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    return registry


def exposition(watch: Watch) -> bytes:
    """The metrics as text, for a file that a collector of text files picks up."""
    registry = registry_of(watch)
    from prometheus_client.exposition import generate_latest

    text: bytes = generate_latest(registry)
    return text
