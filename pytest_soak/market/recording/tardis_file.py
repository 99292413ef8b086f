"""Writing rows as CSV files of Tardis: ``incremental_book_L2`` and ``trades``."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_soak.market.recording.rows import Rows

EXCHANGE = "pytest-soak-mock"
"""In the column ``exchange`` of a market that no exchange is behind; the reader knows it again."""
_BOOK = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"
_TRADES = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount"
_SIDES = {True: ("ask", "bid"), False: ("sell", "buy")}


def tardis_files(rows: Rows, symbol: str, file: Path) -> Iterator[tuple[Path, bytes, int]]:
    """The two files of a recording's rows, beside ``file``: ``NAME_incremental_book_L2`` and ``NAME_trades``.

    Beside the content stands the number of its rows. Times are in microseconds, whole ones that have begun.
    Rows are in the order of receipt; ``file`` ends in ``.csv`` or ``.csv.gz``.
    """
    from pytest_soak.market.recording.rows import DEPTH, SNAPSHOT, TRADE

    packed = file.name.endswith(".gz")
    name = file.name.removesuffix(".gz").removesuffix(".csv")
    for what, head, kinds in (
        ("incremental_book_L2", _BOOK, (DEPTH, SNAPSHOT)),
        ("trades", _TRADES, (TRADE,)),
    ):
        text = io.StringIO()
        text.write(f"{head}\n")
        text.writelines(_lines(rows, symbol, kinds))
        content = text.getvalue().encode("ascii")
        path = file.with_name(f"{name}_{what}.csv{'.gz' if packed else ''}")
        # Without the time of packing, so that the same rows give the same bytes.
        count = content.count(b"\n") - 1
        yield path, gzip.compress(content, compresslevel=6, mtime=0) if packed else content, count


def _lines(rows: Rows, symbol: str, kinds: tuple[int, ...]) -> Iterator[str]:
    import numpy as np

    from pytest_soak.market.recording.rows import BUY, SNAPSHOT

    kind = rows["ev"] & np.uint64(0xFF)
    chosen = rows[np.isin(kind, kinds)]
    is_book = SNAPSHOT in kinds
    columns = (
        ((chosen["ev"] & np.uint64(BUY)) != 0).tolist(),
        ((chosen["ev"] & np.uint64(0xFF)) == SNAPSHOT).tolist(),
        (chosen["exch_ts"] // 1_000).tolist(),
        (chosen["local_ts"] // 1_000).tolist(),
        chosen["px"].tolist(),
        chosen["qty"].tolist(),
    )
    for number, (bought, shown, sent, received, px, qty) in enumerate(zip(*columns, strict=True), 1):
        what = ("true" if shown else "false") if is_book else str(number)
        side = _SIDES[is_book][bought]
        yield f"{EXCHANGE},{symbol},{sent},{received},{what},{side},{px!r},{qty!r}\n"
