"""``python -m benches.data_memory``: the memory in which a large recording is read, over time (Linux).

A file of Tardis is made, as large as asked for, and turned into rows by a process of its own, whose resident
memory is looked at five times a second. Not among the ratios of ``python -m benches``: it has no peer.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_T = 1_700_000_000_000_000
_HEAD = "exchange,symbol,timestamp,local_timestamp,{},side,price,amount\n"
_BLOCK = 10_000
_PARTS = 10
_CONVERT = (
    "import sys, pathlib; from pytest_soak import _kernel; print(_kernel.convert_data("
    "[pathlib.Path(p) for p in sys.argv[2:]], pathlib.Path(sys.argv[1])))"
)


def main() -> None:
    """Make the files, read them, and print the memory by tenths of the time."""
    parser = argparse.ArgumentParser(prog="python -m benches.data_memory", description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=2.1, help="size of the file (default: 2.1)")
    gigabytes = parser.parse_args().gigabytes
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = [_trades(folder / "trades.csv"), _book(folder / "book.csv", gigabytes * 1e9)]
        began = time.monotonic()
        memory = _watched([sys.executable, "-c", _CONVERT, str(folder / "rows.npy"), *map(str, files)])
        size = files[1].stat().st_size / 1e9
        rows = (folder / "rows.npy").stat().st_size // 64
    seconds = time.monotonic() - began
    sys.stdout.write(f"{size:.2f} GB, {rows} rows, {seconds:.0f} s, at most {max(memory):.0f} MB\n")
    tenths = [memory[len(memory) * part // _PARTS] for part in range(_PARTS)]
    shown = " ".join(f"{mb:.0f}" for mb in tenths)
    sys.stdout.write(f"MB by tenths of the time: {shown}\n")


def _trades(path: Path) -> Path:
    rows = (
        f"binance-futures,BTCUSDT,{_T + i * 1000},{_T + i * 1000 + 900},{i},buy,60000.1,0.01\n"
        for i in range(1_000)
    )
    path.write_text(_HEAD.format("id") + "".join(rows), encoding="ascii")
    return path


def _book(path: Path, size: float) -> Path:
    """A book of 400 levels and changes of them, until the file is of a size; one in six is overtaken."""
    prices = [(600_000 - i % 200) / 10 if i % 2 else (600_001 + i % 200) / 10 for i in range(_BLOCK)]
    sides = ["bid" if i % 2 else "ask" for i in range(_BLOCK)]
    ends = [f",false,{sides[i]},{prices[i]},{1 + i % 9}.{i % 1000:03d}\n" for i in range(_BLOCK)]
    with path.open("w", encoding="ascii") as stream:
        stream.write(_HEAD.format("is_snapshot"))
        for side, price in dict.fromkeys(zip(sides, prices, strict=True)):
            stream.write(f"binance-futures,BTCUSDT,{_T},{_T + 900},true,{side},{price},1\n")
        at = _T
        while stream.tell() < size:
            lines = []
            for i, end in enumerate(ends):
                at += 37 + (i * 7919) % 200
                lines.append(f"binance-futures,BTCUSDT,{at},{at + 900 + (i * 31) % 5000}{end}")
            stream.writelines(lines)
    return path


def _watched(command: list[str]) -> list[float]:
    """Resident memory of a process, MB, five times a second."""
    memory = [0.0]
    with subprocess.Popen(command) as process:  # noqa: S603 - this interpreter, with code that stands in benches/
        while process.poll() is None:
            text = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
            kilobytes = text.partition("VmRSS:")[2].split()
            memory.append(float(kilobytes[0]) / 1024.0 if kilobytes else 0.0)
            time.sleep(0.2)
    return memory


if __name__ == "__main__":
    main()
