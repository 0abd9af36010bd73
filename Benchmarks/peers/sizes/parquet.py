"""The smallest Parquet file that pyarrow can be talked into: each column in the encoding that suits it best."""

import io
from pathlib import Path

import pyarrow
import pyarrow.parquet as parquet

from spans import Session, same_rows

LEVEL = 19
PAGE = 64 << 20  # one page a column chunk: fewer headers, and zstd sees all of it

DICTIONARY = "RLE_DICTIONARY"
CANDIDATES: dict[str, list[str]] = {
    "string": [DICTIONARY, "DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"],
    "binary": [DICTIONARY, "DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"],
    "integer": [DICTIONARY, "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT", "PLAIN"],
    "fixed": [DICTIONARY, "BYTE_STREAM_SPLIT", "DELTA_BYTE_ARRAY", "PLAIN"],
    "double": [DICTIONARY, "BYTE_STREAM_SPLIT", "PLAIN"],
    "bool": ["RLE", "PLAIN"],
}
ORDERS = [["resource", "name", "start"], ["resource", "name", "mlx.phase", "mlx.layer.index", "start"]]


def family(kind: pyarrow.DataType) -> str:
    if pyarrow.types.is_integer(kind):
        return "integer"
    if pyarrow.types.is_fixed_size_binary(kind):
        return "fixed"
    return str(kind)


def encode(table: pyarrow.Table, encodings: dict[str, str], target: io.BytesIO) -> None:
    parquet.write_table(
        table, target, compression="zstd", compression_level=LEVEL, version="2.6", data_page_version="2.0",
        row_group_size=table.num_rows, data_page_size=PAGE, dictionary_pagesize_limit=PAGE,
        max_rows_per_page=table.num_rows, write_statistics=False, store_schema=False,
        use_dictionary=[name for name, encoding in encodings.items() if encoding == DICTIONARY],
        column_encoding={name: encoding for name, encoding in encodings.items() if encoding != DICTIONARY})


def best_encoding(table: pyarrow.Table, column: str) -> str:
    def size(encoding: str) -> int:
        target = io.BytesIO()
        encode(table.select([column]), {column: encoding}, target)
        return target.tell()

    return min(CANDIDATES[family(table.schema.field(column).type)], key=size)


def smallest(session: Session) -> bytes:
    files = []
    for order in ORDERS:
        table = session.table.sort_by([(column, "ascending") for column in order])
        table = table.replace_schema_metadata(session.resources)
        target = io.BytesIO()
        encode(table, {column: best_encoding(table, column) for column in table.column_names}, target)
        files.append(target.getvalue())
    return min(files, key=len)


def measure(session: Session, folder: Path) -> float:
    path = folder / "tuned.parquet"
    path.write_bytes(smallest(session))
    if not same_rows(session.table, parquet.read_table(path)):
        raise ValueError("the Parquet file does not read back as it was written")
    return path.stat().st_size / session.spans
