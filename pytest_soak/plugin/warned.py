"""One warning per cause and canary, with its count, in place of one per item; of many canaries a line."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from pytest_soak.plugin.collection import is_of_canary

MOST_CANARIES = 4
"""Canaries whose warnings are told in whole sentences."""


class SoakWarnings:
    """Holds back the gate warnings that pytest records and hands them on at the end, counted.

    It lives in the controller only. A filter that makes an error of a warning acts before this does.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._held: dict[tuple[str, str], tuple[str, Any]] = {}
        self._counts: dict[tuple[str, str], int] = {}

    @property
    def _recorded(self) -> list[Any]:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        return [] if reporter is None else reporter.stats.setdefault("warnings", [])

    @pytest.hookimpl(trylast=True)
    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage, nodeid: str) -> None:
        """Take back a gate warning that the terminal has just recorded; show another's text as text."""
        causes = getattr(warning_message.message, "causes", None)
        if not self._recorded or not (causes or is_of_canary(nodeid)):
            return
        report = self._recorded.pop()
        if not causes:
            from pytest_soak.domain.text import printable_lines

            self._recorded.append(replace(report, message=printable_lines(report.message)))
            return
        for cause, text in causes:
            key = (getattr(warning_message.message, "canary", ""), cause)
            self._held.setdefault(key, (text, report))
            self._counts[key] = self._counts.get(key, 0) + 1

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Hand on one warning per cause and canary, the first of its kind with how many there were.

        Of many canaries there is one warning with a line for each, that counts its causes.
        """
        if not self._held:
            return
        # Here, as a session without a soak does not need the domain.
        from pytest_soak.domain.text import printable

        # By canary, as workers tell of theirs in any order.
        held = sorted(self._held.items(), key=lambda one: one[0][0])
        if len({canary for canary, _ in self._held}) > MOST_CANARIES:
            report = replace(held[0][1][1], nodeid="", fslocation=None, message="\n".join(self._counted()))
            self._recorded.append(report)
            held = []
        for key, (text, report) in held:
            more = self._counts[key] - 1
            said = f"{text} (and {more} more of {key[0]}: {key[1]})" if more else text
            self._recorded.append(replace(report, message=f"SoakGateWarning: {printable(said)}"))
        self._held.clear()

    def _counted(self) -> Iterator[str]:
        """A line per canary: its causes, each with its count."""
        from pytest_soak.domain.text import printable

        causes: dict[str, list[str]] = {}
        for canary, cause in sorted(self._held):
            count = self._counts[canary, cause]
            causes.setdefault(canary, []).append(f"{cause} x{count}" if count > 1 else cause)
        yield f"SoakGateWarning: gates of {len(causes)} canaries that warned, or missed and did not fail:"
        for canary, texts in causes.items():
            yield printable(f"  {canary}: {', '.join(texts)}")
