"""A recorded OTLP session as flat rows, one column an attribute: what a column store is given."""

import struct
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow
import zstandard
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

FIXED: list[tuple[str, pyarrow.DataType]] = [
    ("resource", pyarrow.string()),
    ("name", pyarrow.string()),
    ("start", pyarrow.int64()),
    ("duration", pyarrow.int64()),
    ("trace_id", pyarrow.binary(16)),
    ("span_id", pyarrow.binary(8)),
    ("parent_id", pyarrow.binary(8)),
    ("kind", pyarrow.int32()),
    ("flags", pyarrow.int32()),
    ("status", pyarrow.int32()),
    ("status_message", pyarrow.string()),
    ("events", pyarrow.binary()),
]

ATTRIBUTE_TYPES = {
    "string_value": pyarrow.string(),
    "bool_value": pyarrow.bool_(),
    "int_value": pyarrow.int64(),
    "double_value": pyarrow.float64(),
    "array_value": pyarrow.binary(),  # its protobuf bytes: rare, so a column of its own costs nothing
}


@dataclass
class Session:
    """All spans of a session, and what they share."""

    raw: bytes
    table: pyarrow.Table
    # Serialized resource and scope by the short name that the column `resource` holds.
    resources: dict[str, str] = field(default_factory=dict)

    @property
    def spans(self) -> int:
        return self.table.num_rows


def requests(raw: bytes) -> list[ExportTraceServiceRequest]:
    """Splits repeated (4-byte big-endian length, request)."""
    found, offset = [], 0
    while offset < len(raw):
        (length,) = struct.unpack_from(">I", raw, offset)
        found.append(ExportTraceServiceRequest.FromString(raw[offset + 4:offset + 4 + length]))
        offset += 4 + length
    return found


def fixed_columns(span: Span, resource: str) -> dict[str, object]:
    known = {"trace_id", "span_id", "parent_span_id", "name", "kind", "start_time_unix_nano", "end_time_unix_nano",
             "attributes", "events", "status", "flags"}
    unknown = {descriptor.name for descriptor, _ in span.ListFields()} - known
    if unknown:
        raise ValueError(f"a span has {', '.join(sorted(unknown))}: no column for that")
    return {
        "resource": resource, "name": span.name, "start": span.start_time_unix_nano,
        "duration": span.end_time_unix_nano - span.start_time_unix_nano, "trace_id": span.trace_id,
        "span_id": span.span_id, "parent_id": span.parent_span_id or None, "kind": span.kind, "flags": span.flags,
        "status": span.status.code, "status_message": span.status.message or None,
        "events": Span(events=span.events).SerializeToString(deterministic=True) if span.events else None,
    }


def load(folder: Path) -> Session:
    raw = zstandard.ZstdDecompressor().stream_reader(
        (folder / "trace.otlp.pb.zst").read_bytes(), read_across_frames=True).read()
    rows: list[dict[str, object]] = []
    types: dict[str, pyarrow.DataType] = dict(FIXED)
    resources: dict[str, str] = {}
    for request in requests(raw):
        for resource_spans in request.resource_spans:
            for scope_spans in resource_spans.scope_spans:
                shared = (resource_spans.resource.SerializeToString(deterministic=True)
                          + scope_spans.scope.SerializeToString(deterministic=True)).hex()
                short = resources.setdefault(shared, f"r{len(resources)}")
                for span in scope_spans.spans:
                    row = fixed_columns(span, short)
                    for attribute in span.attributes:
                        kind = attribute.value.WhichOneof("value")
                        value = getattr(attribute.value, kind)
                        if kind == "array_value":
                            value = value.SerializeToString(deterministic=True)
                        if types.setdefault(attribute.key, ATTRIBUTE_TYPES[kind]) != ATTRIBUTE_TYPES[kind]:
                            raise ValueError(f"attribute {attribute.key} has two types")
                        row[attribute.key] = value
                    rows.append(row)
    table = pyarrow.Table.from_pylist(rows, schema=pyarrow.schema(list(types.items())))
    return Session(raw, table, {short: shared for shared, short in resources.items()})


def same_rows(one: pyarrow.Table, other: pyarrow.Table) -> bool:
    """Whether two tables hold the same rows, whatever their order."""
    other = other.select(one.column_names).cast(one.schema)
    return one.sort_by("span_id").combine_chunks().equals(other.sort_by("span_id").combine_chunks())
