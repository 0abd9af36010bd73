"""ClickHouse inside this process (chdb), MergeTree tables.

The codecs of the first pair of tables are those that made the smallest ones; LZ4, which is ClickHouse's default, reads
faster and is half as large again, so there is a pair of that too.
"""

import tempfile
from pathlib import Path

import chdb
import pyarrow
import pyarrow.parquet as parquet
from chdb import session

from queries import CACHE_LOOKUP, DECODE, HOP_SEND, LAYER, ROLL, SECOND, SPAN, TOKENS
from rows import Trace

# The narrowest that hold the values; sizes and tokens are not negative where they are asked for.
TYPES = {
    "start": "Int64", "duration": "Int64", "kind": "UInt8", "phase": "UInt8", "device": "UInt8", "layer": "Int16",
    "link": "UInt8", "trace_high": "UInt64", "trace_low": "UInt64", "span": "UInt64", "parent": "UInt64",
    "size_bytes": "Int32", "hit": "UInt8", "tokens": "UInt32",
}
ENCODINGS = {"start": "DoubleDelta", "duration": "T64", "span": "Delta", "parent": "Delta", "size_bytes": "T64"}
ORDERS = {"sorted": "device, kind, layer, start", "arrival": "start"}
COMPRESSIONS = {"": "ZSTD(3)", "lz4-": "LZ4"}


def table(layout: str) -> str:
    return "bench.rows_" + layout.replace("-", "_")


def columns(compression: str) -> str:
    def codec(name: str) -> str:
        encoding = ENCODINGS.get(name)
        if name == "start" and compression == "LZ4":
            encoding = "Delta"  # DoubleDelta leaves bits that LZ4 finds nothing in, and unpacks slower
        return f"{encoding}, {compression}" if encoding else compression

    return ", ".join(f"{name} {kind} CODEC({codec(name)})" for name, kind in TYPES.items())


def texts(layout: str, trace: Trace) -> dict[str, str]:
    rows = table(layout)
    tokens = f"FROM {rows} WHERE kind = {TOKENS} AND phase = {DECODE}"
    queries = {
        "q1": f"""SELECT device, layer, phase, count() AS count, min(duration), max(duration), avg(duration),
                      stddevPop(duration), quantilesExact(0.5, 0.95, 0.99)(duration)
                  FROM {rows} WHERE kind = {LAYER} GROUP BY device, layer, phase""",
        "q2": f"SELECT intDiv(start, {SECOND}) AS second, sum(tokens) AS tokens {tokens} GROUP BY second",
        # Faster than a window function: one sorted array, and itself moved by 100.
        "q2_roll": f"""WITH arraySort(groupArray(start)) AS at,
                           arrayMap((later, earlier) -> (later - earlier) / {ROLL}, arraySlice(at, {ROLL + 1}),
                                    arraySlice(at, 1, length(at) - {ROLL})) AS means
                       SELECT arrayMax(means) AS greatest, means[-1] AS last {tokens}""",
        "q3": f"""SELECT {SPAN} FROM {rows} WHERE trace_low = {trace.low} AND trace_high = {trace.high}
                      AND kind <> {TOKENS} ORDER BY start""",
        "q4": f"""SELECT link, intDiv(start, {SECOND}) AS second, sum(size_bytes) AS bytes
                  FROM {rows} WHERE kind = {HOP_SEND} GROUP BY link, second""",
        "q5": f"""SELECT intDiv(start, {10 * SECOND}) AS window, count() AS lookups, countIf(hit = 1) AS hits
                  FROM {rows} WHERE kind = {CACHE_LOOKUP} GROUP BY window""",
    }
    return {name: f"{query} SETTINGS max_threads = 1" for name, query in queries.items()}


class ClickHouse:
    name = "clickhouse"
    layouts = [prefix + order for prefix in COMPRESSIONS for order in ORDERS]
    # What the stored tables depend on.
    schema = repr((ORDERS, [columns(compression) for compression in COMPRESSIONS.values()]))

    def __init__(self, folder: Path) -> None:
        self._session = session.Session(str(folder))

    def load(self, rows: pyarrow.Table) -> None:
        self._session.query("CREATE DATABASE IF NOT EXISTS bench ENGINE = Atomic")
        with tempfile.TemporaryDirectory() as name:
            path = f"{name}/rows.parquet"
            parquet.write_table(rows, path, compression="none", use_dictionary=False)
            for prefix, compression in COMPRESSIONS.items():
                for order, key in ORDERS.items():
                    self._fill(table(prefix + order), columns(compression), key, path)

    def _fill(self, name: str, columns: str, key: str, path: str) -> None:
        self._session.query(f"CREATE TABLE {name} ({columns}) ENGINE = MergeTree ORDER BY ({key})")
        self._session.query(f"INSERT INTO {name} SELECT * FROM file('{path}', Parquet)")
        self._session.query(f"OPTIMIZE TABLE {name} FINAL")  # one part, as after a night's merging

    def queries(self, layout: str, trace: Trace) -> dict[str, str]:
        return texts(layout, trace)

    def ask(self, query: str) -> pyarrow.Table:
        return chdb.to_arrowTable(self._session.query(query, "Arrow"))
