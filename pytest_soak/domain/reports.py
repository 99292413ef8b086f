"""Checks of a strategy's report, before anything is computed from it."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Set
from itertools import chain
from typing import Any

from pydantic import BaseModel, ValidationError

from pytest_soak.domain.contract import LINEAR
from pytest_soak.domain.errors import SoakStateError
from pytest_soak.domain.hashing import canonical_json
from pytest_soak.domain.own import problems_of_own
from pytest_soak.domain.records import EdgeReport, Source
from pytest_soak.domain.sampling import MOST_AMOUNT
from pytest_soak.domain.text import show
from pytest_soak.domain.unicode import is_broken, texts_in
from pytest_soak.domain.whole import MAX_WHOLE

# Sums are made in other orders than their parts, so they may differ by rounding.
_TOLERANCE = 1e-6

MOST_CARRY_BYTES = 65_536
"""Bytes of a ``carry`` as canonical JSON, at most."""
MOST_CARRY_DEPTH = 32
"""Lists and objects within one another in a ``carry``, at most."""
MOST_VALUES = 1_000_000
"""Values in a report at most, each counted as often as it is written out."""
MOST_TEXT = 1_048_576
"""Characters of all texts of a report but its ``carry``, at most."""
_MOST_SHOWN = 60
_ACCEPTED = f"accepted are numbers of a size up to {MOST_AMOUNT:g}"
# Stands for the names of a model's fields, which are no longer.
_NAMES = " " * 1024
_COUNTED = frozenset({float, int})
# Types that hold no other values.
_PLAIN = frozenset({bool, float, int, str, type(None)})


def checked_report(answer: object, source: Source, where: str) -> EdgeReport:
    """What a strategy's ``run`` returned, once it is a sound report of the market that it was given.

    Raises:
        SoakStateError: begins with ``where``, names the field, the value and what is accepted.
    """
    if not isinstance(answer, EdgeReport):
        raise SoakStateError(
            f"{where}: run() returned {show(answer)}; it must return an EdgeReport, "
            "such as simulation.report()"
        )
    # First, as the model's own dump knows no bounds.
    problem = next(_problems_of_carry(answer.carry), None)
    fits, is_plain = _looked_through(answer)
    if problem is None and not fits:
        problem = f"it holds more than {MOST_VALUES} values, or lists deeper than {MOST_CARRY_DEPTH} levels"
    if problem is not None:
        raise SoakStateError(f"{where}: its report is refused: {problem}")
    try:
        # A model that was copied with changes, or built without validation, may hold anything.
        report = EdgeReport.model_validate(answer.model_dump(warnings=False))
    except (ValidationError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise SoakStateError(f"{where}: its report is refused: {_first(error)}") from None
    parts = {name: value for name, value in vars(report).items() if name not in ("carry", "under")}
    samples = chain(_problems_of_samples(report), _problems_of_course(report), problems_of_own(report.own))
    contents = () if is_plain else chain(_problems_of_texts(parts), _problems_of_amounts("", parts))
    problem = next(chain(contents, _problems(report, source), samples), None)
    if problem is not None:
        raise SoakStateError(f"{where}: its report is refused: {problem}")
    return report


def _first(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return show(str(error))
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    return f"{field} = {show(first['input'])}; {first['msg']}"


def _problems(report: EdgeReport, source: Source) -> Iterator[str]:
    if report.source != source:
        yield f"source = {report.source!r}, the market's is {source!r}"
    if report.under:
        yield f"under = {show(sorted(report.under))}; accepted is none, as the canary adds it"
    totals = report.totals
    traded = totals.maker_notional + totals.taker_notional
    if not _near(totals.notional, traded, traded):
        yield f"totals.notional = {totals.notional!r} is not maker_notional + taker_notional = {traded!r}"
    profit = totals.gross + totals.fees + totals.slippage + totals.inventory + totals.funding
    contract, mids = report.market.contract or LINEAR, (totals.mid_start, totals.mid_end)
    worth = max(abs(contract.value(mid)) for mid in (*mids, 1.0) if mid)
    scale = max(traded, abs(profit), abs(totals.position_start or 0.0) * worth)
    if not _near(totals.ledger, profit, scale):
        parts = "gross + fees + slippage + inventory + funding"
        yield f"totals.ledger = {totals.ledger!r} is not {parts} = {profit!r}"
    if report.blocks.total > report.attempts:
        yield f"attempts = {report.attempts} are fewer than its {report.blocks.total} blocked attempts"
    yield from _problems_of_holdings(report)


def _problems_of_holdings(report: EdgeReport) -> Iterator[str]:
    held, end = report.holdings, report.totals.position_end
    if held is None:
        return
    if held.position != end:
        yield f"holdings.position = {held.position!r} is not totals.position_end = {end!r}"


def _problems_of_samples(report: EdgeReport) -> Iterator[str]:
    names = ("adverse_bps", "slippage_bps", "order_age_ms", "ws_lag_ms", "latency_ms")
    samples = {name: getattr(report, name) for name in names}
    if report.course is not None:
        samples["course.requote_ms"] = report.course.requote_ms
    for name, sample in samples.items():
        if sample.p95 is not None and sample.n == 0:
            yield f"{name}.p95 = {sample.p95!r} is of a sample of size 0"
        held = sample.histogram
        if held is not None and len(held.at) != len(held.counts):
            yield f"{name}.histogram has {len(held.at)} classes and {len(held.counts)} counts"
        if held is not None and sum(held.counts) != sample.n:
            yield f"{name}.histogram counts {sum(held.counts)} values; expected n = {sample.n}"
        if len(sample.batch_n) != len(sample.batch_above):
            yield f"{name} has {len(sample.batch_n)} batches and {len(sample.batch_above)} counts of them"
    if report.batches is not None and len({len(batch) for batch in vars(report.batches).values()}) > 1:
        yield "batches are of different lengths; expected as many of each amount"


def _looked_through(report: EdgeReport) -> tuple[bool, bool]:
    """Whether what a report holds is little enough to be written out, and whether all of it is plain.

    A plain report has no text and no number that can be a problem; in others it is still to be found, more
    slowly. A model built without validation may hold anything, one object many times.
    """
    level: list[Any] = [report]
    left, letters, is_plain = MOST_VALUES, MOST_TEXT, True
    # A carry lies within the report itself.
    for _ in range(MOST_CARRY_DEPTH + 2):
        deeper: list[Any] = []
        for holder in level:
            held = _held(holder)
            left -= len(held)
            if left < 0:
                return False, False
            kinds = set(map(type, held))
            # Most of a report is long tuples of numbers, which nobody needs to look into one by one.
            if not _PLAIN.issuperset(kinds):
                deeper += [member for member in held if type(member) not in _PLAIN]
            if is_plain:
                text = _text(holder, held, kinds)
                letters -= len(text or "")
                is_plain = text is not None and letters >= 0 and not _has_large(held, kinds)
        level = deeper
    return not level, is_plain


def _text(holder: Any, held: Collection[Any], kinds: Set[type]) -> str | None:
    """The texts of a holder as one; None where one is not ASCII, or a value of no known kind."""
    texts = [value for value in held if type(value) is str] if str in kinds else []
    if isinstance(holder, dict):
        texts += holder
    elif isinstance(holder, BaseModel):
        texts.append(_NAMES)
    elif isinstance(holder, str):
        texts.append(holder)
    elif not isinstance(holder, list | tuple):
        return None
    try:
        text = "".join(texts)
    except TypeError:
        return None
    return text if text.isascii() else None


def _has_large(held: Collection[Any], kinds: Set[type]) -> bool:
    if _COUNTED.isdisjoint(kinds):
        return False
    numbers = held if _COUNTED.issuperset(kinds) else [value for value in held if type(value) in _COUNTED]
    return bool(max(numbers) > MOST_AMOUNT or min(numbers) < -MOST_AMOUNT)


def _problems_of_amounts(where: str, holder: Any) -> Iterator[str]:
    """Numbers of which a sum or a product need not be one any more."""
    named = vars(holder) if isinstance(holder, BaseModel) else holder
    if isinstance(named, dict):
        for name, value in named.items():
            yield from _problems_of_amounts(f"{where}.{name}" if where else str(name), value)
    elif isinstance(named, tuple):
        numbers = [value for value in named if isinstance(value, float)]
        if max(map(abs, numbers), default=0.0) > MOST_AMOUNT:
            yield f"{where} holds {max(numbers, key=abs)!r}; {_ACCEPTED}"
    elif isinstance(named, float) and abs(named) > MOST_AMOUNT:
        yield f"{where} = {named!r}; {_ACCEPTED}"


def _problems_of_texts(parts: dict[str, Any]) -> Iterator[str]:
    """Text that cannot be written, or too much of it."""
    left = MOST_TEXT
    for where, text in texts_in(parts):
        if is_broken(text):
            yield f"{where} holds {show(text)}; accepted is valid Unicode"
        left -= len(text)
    if left < 0:
        yield f"its texts are of {MOST_TEXT - left} characters; accepted are {MOST_TEXT}"


def _held(holder: Any) -> Collection[Any]:
    if isinstance(holder, BaseModel):
        return vars(holder).values()
    if isinstance(holder, dict):
        return holder.values()
    return holder if isinstance(holder, list | tuple) else ()


def _problems_of_course(report: EdgeReport) -> Iterator[str]:
    if report.course is None:
        return
    quoted, length = report.course.both_sides_ms, report.market.end_ms - report.market.start_ms
    if quoted > length + _TOLERANCE * max(1.0, length):
        yield f"course.both_sides_ms = {quoted!r} is more than the window's {length!r} ms"


def _problems_of_carry(carry: Any) -> Iterator[str]:
    """What is no JSON in a carry, or too much of it.

    Level by level and within a budget, as what is one object here is written out each time that it is met.
    """
    level = [("carry", carry)]
    budget = MOST_CARRY_BYTES
    for depth in range(MOST_CARRY_DEPTH + 1):
        for where, value in level:
            yield from _no_json(where, value)
        inner = [place for place in level if type(place[1]) in (list, dict)]
        if depth == MOST_CARRY_DEPTH and inner:
            yield f"{inner[0][0]} lies deeper than the {MOST_CARRY_DEPTH} levels that are accepted"
        # Every member takes a byte and a comma at least.
        budget -= sum(len(value) for _, value in inner)
        if budget < 0:
            yield f"carry is more than {MOST_CARRY_BYTES} bytes of JSON, which are accepted at most"
            return
        level = [member for where, value in inner for member in _members(where, value)]
    size = len(canonical_json(carry))
    if size > MOST_CARRY_BYTES:
        yield f"carry is {size} bytes of JSON; accepted are {MOST_CARRY_BYTES}"


def _members(where: str, value: Any) -> Iterator[tuple[str, Any]]:
    for key, member in value.items() if type(value) is dict else enumerate(value):
        yield f"{where}.{key}"[:_MOST_SHOWN], member


def _no_json(where: str, value: Any) -> Iterator[str]:
    """What is no JSON in a value, its members left aside: it would not come back as it was."""
    if type(value) is int and not -MAX_WHOLE - 1 <= value <= MAX_WHOLE:
        yield f"{where} is a number of {value.bit_length()} bits; accepted are whole numbers of 64 bits"
    elif type(value) is float and not math.isfinite(value):
        yield f"{where} = {value!r}; accepted is a finite number"
    elif type(value) is str and is_broken(value):
        yield f"{where} = {show(value)}; accepted is valid Unicode"
    elif type(value) is dict:
        for key in value:
            if type(key) is not str:
                yield f"{where} has the key {show(key)}; accepted is a text"
            elif is_broken(key):
                yield f"{where} has the key {show(key)}; accepted is valid Unicode"
    elif value is not None and type(value) not in (bool, int, float, str, list):
        yield f"{where} = {show(value)}; accepted is a JSON value: None, bool, int, float, str, list or dict"


def _near(value: float, expected: float, scale: float) -> bool:
    return abs(value - expected) <= _TOLERANCE * max(1.0, scale)
