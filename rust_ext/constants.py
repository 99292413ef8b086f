"""Constants of ``pytest_soak`` that the kernel has too: layouts of rows and of shared memory, limits."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_soak.domain.course import HORIZONS
from pytest_soak.domain.sampling import BATCHES, LEAST_VALUES
from pytest_soak.market import shared
from pytest_soak.market.recording import grid, rows, times
from pytest_soak.market.recording.lobster_file import MOCK as LOBSTER_MOCK
from pytest_soak.market.recording.tardis_file import EXCHANGE as TARDIS_MOCK


def recorded_rows() -> str:
    """How a row of a recording is laid out, and what its numbers may be."""
    names = ("EXCHANGE", "LOCAL", "BUY", "SELL", "DEPTH", "TRADE", "CLEAR", "SNAPSHOT", "GAP")
    fields = ", ".join(f"('{name}', '{kind}')" for name, kind in rows.FIELDS)
    return "".join(
        [
            _constant("LAYOUT", "&str", f'"[{fields}]"', "The fields, as a `.npy` file names them."),
            _constant("ROW", "usize", rows.ROW_BYTES, "Bytes of a row."),
            *(
                _constant(name, "u64", getattr(rows, name), f"`{name}` of `market/recording/rows.py`.")
                for name in names
            ),
            _constant("MOST_UNITS", "f64", grid.MOST_UNITS, "Most ticks of a price and lots of a quantity."),
            _constant(
                "OFF_GRID", "f64", grid.OFF_GRID, "How far a multiple may lie off the grid, ticks or lots."
            ),
            _constant("ROUNDING", "f64", grid.ROUNDING, "And by how much more, as a share of the number."),
            _constant("LATEST_S", "i64", times.ERA_S[1], "No time is later, in seconds since 1970."),
            _constant("MOST_DELAY_NS", "i64", times.MOST_DELAY_NS, "No row is received later than so."),
            _constant("TARDIS_MOCK", "&str", f'"{TARDIS_MOCK}"', "The exchange of a mock market's rows."),
            _constant("LOBSTER_MOCK", "&str", f'"{LOBSTER_MOCK}"', "In the names of a mock market's files."),
        ]
    )


def measures() -> str:
    """What is measured, and how often."""
    after = ", ".join(str(round(seconds * 1e9)) for seconds in HORIZONS.values())
    return "".join(
        [
            _constant("BATCHES", "usize", BATCHES, "Batches that an iteration is cut into."),
            _constant(
                "LEAST_VALUES",
                "usize",
                LEAST_VALUES,
                "Fewest values of which a 95th percentile is believed.",
            ),
            _constant(
                "HORIZONS",
                f"[i64; {len(HORIZONS)}]",
                f"[{after}]",
                "How long after a fill the mid is looked at, ns.",
            ),
        ]
    )


def shared_memory() -> str:
    """The memory that a compiled strategy and the market share."""
    return "".join(_shared())


def _shared() -> Iterator[str]:
    for name, fields in shared.ROWS.items():
        yield _constant(name, "usize", len(fields), f"Words of a row `{name}`: {', '.join(fields)}.")
    for field in ("next_id", "commands"):
        place = list(shared.NOW).index(field)
        yield _constant(f"AT_{field.upper()}", "usize", place, f"Place of `{field}` in the row `NOW`.")
    for name in ("MOST_ORDERS", "MOST_FILLS", "MOST_TRADES", "MOST_COMMANDS"):
        yield _constant(name, "usize", getattr(shared, name), "Rows that there is room for.")
    for name in ("PENDING", "LIVE", "CANCELLING"):
        yield _constant(name, "i64", getattr(shared, name), "A state of an order.")
    for kind, name in enumerate(shared.COMMANDS, start=1):
        yield _constant(f"DO_{name.upper()}", "i64", kind, "A kind of command.")
    yield _constant("KINDS", "i64", len(shared.COMMANDS), "Kinds of commands; they are numbered from 1 on.")


def _constant(name: str, kind: str, value: object, meaning: str) -> str:
    return f"/// {meaning}\npub(crate) const {name}: {kind} = {value};\n"
