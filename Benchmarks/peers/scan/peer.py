#!/usr/bin/env python3
"""What our scan of a log answers, asked of a database that holds the same rows: one thread, warm, median of three.

    peer.py clickhouse|duckdb COLUMNS

COLUMNS is a folder that `generate --columns` wrote. The tables are kept beside it; making them is not in the figures.
"""

import shutil
import statistics
import sys
import time
from pathlib import Path
from typing import Protocol

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pyarrow  # noqa: E402

import queries  # noqa: E402
import rows  # noqa: E402
from lines import say  # noqa: E402

RUNS = 3
UNAVAILABLE = 3


class Engine(Protocol):
    name: str
    layouts: list[str]
    schema: str

    def __init__(self, folder: Path) -> None: ...
    def load(self, rows: pyarrow.Table) -> None: ...
    def queries(self, layout: str, trace: rows.Trace) -> dict[str, str]: ...
    def ask(self, query: str) -> pyarrow.Table: ...


def engine_class(name: str) -> type[Engine]:
    """Imported here, so that an engine that is not installed takes only itself away."""
    if name == "clickhouse":
        from clickhouse import ClickHouse
        return ClickHouse
    from duck import DuckDB
    return DuckDB


def attached(kind: type[Engine], columns: Path) -> Engine:
    """The engine over tables that hold the columns; makes them where they are missing, half made, or of other columns
    or another schema."""
    folder = columns.parent / kind.name
    done = columns.parent / f"{kind.name}.done"
    wanted = (columns / "names.json").read_text() + kind.schema
    if done.exists() and done.read_text() == wanted:
        return kind(folder)
    done.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    engine = kind(folder)
    engine.load(rows.table(columns))
    done.write_text(wanted)
    return engine


def milliseconds(engine: Engine, query: str) -> float:
    taken = []
    for _ in range(RUNS):
        began = time.perf_counter()
        engine.ask(query)
        taken.append((time.perf_counter() - began) * 1e3)
    return statistics.median(taken)


def measure(engine: Engine, layout: str, trace: rows.Trace) -> None:
    peer = f"{engine.name}-{layout}"
    asked = engine.queries(layout, trace)
    answers = {name: engine.ask(asked[name]) for name in queries.ORDER}  # warms up, too
    total = 0.0
    for name in queries.ORDER:
        taken = milliseconds(engine, asked[name])
        total += taken
        say(peer, f"{name}_ms", taken, "ms")
    say(peer, "q_sum_ms", total, "ms")
    for name, value in queries.checks(answers).items():
        say(peer, name, value, "")


def main() -> int:
    if len(sys.argv) != 3 or sys.argv[1] not in ("clickhouse", "duckdb"):
        print(__doc__, file=sys.stderr)
        return 2
    columns = Path(sys.argv[2])
    if not (columns / "names.json").exists():
        print(f"{sys.argv[1]}: there are no columns in {columns}", file=sys.stderr)
        return 1
    try:
        engine = attached(engine_class(sys.argv[1]), columns)
    except ImportError as error:
        print(f"{sys.argv[1]}: {error} (pip install chdb duckdb pyarrow)", file=sys.stderr)
        return UNAVAILABLE
    trace = rows.trace(str(rows.names(columns)["trace"]))
    for layout in engine.layouts:
        measure(engine, layout, trace)
    return 0


if __name__ == "__main__":
    sys.exit(main())
