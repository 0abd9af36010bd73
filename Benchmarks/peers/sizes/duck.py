"""DuckDB's own Parquet writer, version 2 encodings, sorted: it picks the encoding of each column itself."""

from pathlib import Path

import duckdb
import pyarrow.parquet as parquet

from spans import Session, same_rows


def measure(session: Session, folder: Path) -> float:
    path = folder / "duckdb.parquet"
    connection = duckdb.connect()
    connection.register("spans", session.table)
    connection.execute(f"""
        COPY (SELECT * FROM spans ORDER BY resource, name, "mlx.layer.index", start) TO '{path}'
        (FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd, COMPRESSION_LEVEL 19, ROW_GROUP_SIZE {session.spans})""")
    connection.close()
    if not same_rows(session.table, parquet.read_table(path)):
        raise ValueError("DuckDB's Parquet file does not read back as it was written")
    # Resources do not fit into this file: they are four rows of a table beside it and cost it next to nothing.
    return path.stat().st_size / session.spans
