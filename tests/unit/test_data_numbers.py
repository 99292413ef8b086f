from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pytest_soak.readers.data import REASONS, quantiles, risk_metrics

CODES = [0, 1, 1, 3, 3, 3, 7, 255]


@pytest.mark.parametrize(
    "kind", [bytes, bytearray, lambda c: memoryview(bytes(c)), lambda c: np.array(c, "u1")]
)
def test_codes_are_counted_by_reason_from_any_buffer_of_bytes(kind: Any) -> None:
    metrics = risk_metrics(kind(CODES))
    assert metrics.counts == {"min_interval": 1, "throttle": 2, "concurrency": 0, "risk": 3}
    assert tuple(metrics.counts) == REASONS
    assert metrics.unknown == 2
    assert metrics.blocked == 6
    assert metrics.ratios == {"min_interval": 1 / 6, "throttle": 2 / 6, "concurrency": 0.0, "risk": 0.5}
    assert metrics.risk_ratio == 0.5
    assert metrics.audit is None


def test_without_blocks_there_are_no_ratios() -> None:
    for codes in (b"", b"\x09"):
        metrics = risk_metrics(codes)
        assert metrics.risk_ratio is None
        assert set(metrics.ratios.values()) == {None}


@pytest.mark.parametrize(
    "codes",
    [np.arange(8, dtype="u1")[::2], np.arange(3), np.array([True]), [0, 1], 3, np.zeros((4, 4), "u1")[:, :2]],
)
def test_codes_of_another_kind_are_refused(codes: Any) -> None:
    with pytest.raises(ValueError, match=r"^codes of .* accepted is a contiguous buffer of uint8$"):
        risk_metrics(codes)


def test_a_path_is_counted_as_an_audit_and_nothing_is_lost(tmp_path: Any) -> None:
    file = tmp_path / "audit.jsonl"
    file.write_bytes(b'{"why":"risk"}\n{"why":"throttle"}\n{"why":"other"}\n{"why":3}\n{}\n{"why":"ri')
    metrics = risk_metrics(file, "why")
    assert metrics.counts == {"min_interval": 0, "throttle": 1, "concurrency": 0, "risk": 1}
    assert metrics.unknown == 2
    assert metrics.audit is not None
    assert (metrics.audit.lines, metrics.audit.missing, metrics.audit.torn) == (6, 1, 1)
    assert risk_metrics(str(file), "why") == metrics


@pytest.mark.parametrize("count", [1, 2, 7, 1000, 60_000])
def test_quantiles_are_numpys(count: int) -> None:
    values = np.random.default_rng(count).lognormal(size=count)
    before = values.copy()
    for qs in ([0.95], [0.0, 0.5, 1.0], [0.99, 0.01, 0.5, 0.5], list(np.linspace(0, 1, 41))):
        assert quantiles(values, qs) == pytest.approx(np.quantile(values, qs).tolist(), rel=1e-14)
    assert quantiles(values, []) == []
    assert np.array_equal(values, before)


def test_quantiles_read_values_that_may_not_be_written() -> None:
    values = np.arange(60_001.0)
    values.flags.writeable = False
    assert quantiles(values, [0.5, 0.25]) == [30_000.0, 15_000.0]
    assert quantiles(memoryview(values.data), [1.0]) == [60_000.0]


@pytest.mark.parametrize("count", [4, 70_000])
def test_a_value_that_is_no_number_is_named_by_its_index(count: int) -> None:
    values = np.zeros(count)
    values[[2, count - 1]] = np.nan
    with pytest.raises(ValueError, match=r"^value 2 is not a number \(NaN\)"):
        quantiles(values, [0.5])


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan"), float("inf")])
def test_a_share_outside_of_0_to_1_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="accepted is a number from 0 to 1"):
        quantiles(np.zeros(3), [0.5, share])


def test_infinite_values_count_and_are_never_mixed_to_nan() -> None:
    inf = float("inf")
    values = np.array([-inf, 0.0, 1.0, inf])
    assert quantiles(values, [0.0, 0.1, 0.5, 0.9, 1.0]) == [-inf, -inf, 0.5, inf, inf]
    with pytest.raises(ValueError, match="between minus and plus infinity"):
        quantiles(np.array([-inf, inf]), [0.5])
    assert quantiles(np.array([-1.7e308, 1.7e308]), [0.5]) == [0.0]


@pytest.mark.parametrize(
    "values", [np.zeros(0), np.zeros(3, "f4"), np.zeros(8)[::2], [1.0], np.zeros(3, ">f8")]
)
def test_no_values_or_values_of_another_kind_are_refused(values: Any) -> None:
    with pytest.raises(ValueError, match=r"there are no values|accepted is a contiguous buffer of float64"):
        quantiles(values, [0.5])
