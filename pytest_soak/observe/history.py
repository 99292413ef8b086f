"""All iterations of a run as OpenMetrics, each with its time: what Prometheus would have scraped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from pytest_soak.domain.errors import SoakError
from pytest_soak.observe.data import Json
from pytest_soak.observe.metrics import ended_at, gauges, readable, registry_with, run_info, states
from pytest_soak.observe.watching import Watch

if TYPE_CHECKING:
    from prometheus_client.core import Metric


class History:
    """Gives each iteration's values at the time at which it ended, and of the whole at its end."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._families: dict[str, Metric] = {}

    def collect(self) -> Iterator[Metric]:
        """The metrics; of a canary that cannot be read there is only ``soak_canary_readable 0``.

        Raises:
            SoakError: the run has not begun, or cannot be read.
        """
        run = self._watch.run()
        if run is None:
            raise SoakError("the run has not begun")
        rows, header = self._watch.look()
        known = {name: self._canary(name) for name in rows}
        last = [float(end) for end in known.values() if end is not None]
        end = max(last, default=datetime.fromisoformat(run.manifest.created_at).timestamp())
        read = {name: row["verdict"] != "damaged" for name, row in rows.items()}
        self._add([run_info(header), readable(read)], end)
        for family in self._families.values():
            # The format has the samples of a series together; of each they are in order of time.
            family.samples.sort(key=lambda sample: sorted(sample.labels.items()))
            yield family

    def _canary(self, name: str) -> float | None:
        """Add all of a canary; when its last iteration ended."""
        try:
            whole: Json = self._watch.canary(name)
        except SoakError:
            return None
        end = None
        for one in whole["iterations"]:
            end = ended_at(one)
            self._add(gauges([{**whole, "newest": one}]), end)
        if end is not None:
            self._add(states([whole]), end)
        return end

    def _add(self, families: Iterable[Metric], at: float) -> None:
        for family in families:
            kept = self._families.setdefault(family.name, family)
            stamped = [sample._replace(timestamp=at) for sample in family.samples]
            if kept is family:
                family.samples = stamped
            else:
                kept.samples.extend(stamped)


def openmetrics(watch: Watch) -> bytes:
    """The run as OpenMetrics, which ``promtool tsdb create-blocks-from openmetrics`` loads."""
    registry = registry_with(History(watch))
    from prometheus_client.openmetrics.exposition import generate_latest

    text: bytes = generate_latest(registry)
    return text
