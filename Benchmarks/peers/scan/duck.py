"""DuckDB with its own storage, which chooses the encoding of each column itself."""

from pathlib import Path

import duckdb
import pyarrow

from queries import CACHE_LOOKUP, DECODE, HOP_SEND, LAYER, ROLL, SECOND, SPAN, TOKENS
from rows import Trace

# In the order of the log, and sorted for the query.
LAYOUTS = {"arrival": "", "sorted": "ORDER BY device, kind, layer, start"}
# The narrowest that hold the values.
COLUMNS = "* REPLACE (size_bytes::INTEGER AS size_bytes, tokens::INTEGER AS tokens)"


def texts(table: str, trace: Trace) -> dict[str, str]:
    tokens = f"FROM {table} WHERE kind = {TOKENS} AND phase = {DECODE}"
    return {
        "q1": f"""SELECT device, layer, phase, count(*) AS count, min(duration), max(duration), avg(duration),
                      stddev_pop(duration), quantile_disc(duration, [0.5, 0.95, 0.99])
                  FROM {table} WHERE kind = {LAYER} GROUP BY device, layer, phase""",
        "q2": f"SELECT start // {SECOND} AS second, sum(tokens) AS tokens {tokens} GROUP BY second",
        "q2_roll": f"""SELECT max(mean) AS greatest, arg_max(mean, start) AS last
                       FROM (SELECT start, (start - lag(start, {ROLL}) OVER (ORDER BY start)) / {ROLL} AS mean {tokens})""",
        "q3": f"""SELECT {SPAN} FROM {table} WHERE trace_low = {trace.low} AND trace_high = {trace.high}
                      AND kind <> {TOKENS} ORDER BY start""",
        "q4": f"""SELECT link, start // {SECOND} AS second, sum(size_bytes) AS bytes
                  FROM {table} WHERE kind = {HOP_SEND} GROUP BY link, second""",
        "q5": f"""SELECT start // {10 * SECOND} AS window, count(*) AS lookups, count(*) FILTER (hit = 1) AS hits
                  FROM {table} WHERE kind = {CACHE_LOOKUP} GROUP BY 1""",
    }


class DuckDB:
    name = "duckdb"
    layouts = list(LAYOUTS)
    # What the stored tables depend on.
    schema = repr((LAYOUTS, COLUMNS))

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._connection = duckdb.connect(str(folder / "rows.duckdb"))

    def load(self, rows: pyarrow.Table) -> None:
        self._connection.register("rows", rows)
        for layout, order in LAYOUTS.items():
            self._connection.execute(f"CREATE TABLE {layout} AS SELECT {COLUMNS} FROM rows {order}")
        self._connection.execute("CHECKPOINT")
        self._connection.unregister("rows")

    def queries(self, layout: str, trace: Trace) -> dict[str, str]:
        self._connection.execute("SET threads = 1")
        return texts(layout, trace)

    def ask(self, query: str) -> pyarrow.Table:
        return self._connection.sql(query).to_arrow_table()
