import SpanreelTracing

/// What every answer says beside its data.
extension SessionEngine {
    /// Whose answer it is, and of which instant, nanoseconds since the session's start.
    func writeHead(at instant: Int64, _ json: inout JSONWriter) {
        json.object("session") { json in
            json.field("id", "\(info.id)")
            json.field("name", info.name)
            json.field("state", state.rawValue)
        }
        json.field("startUnixNanos", String(bounds.start.nanos))
        json.field("endNanos", bounds.end.nanos &- bounds.start.nanos)
        json.field("atNanos", instant)
    }

    /// Which requests count, and which values there are so far: of the recording as it stands, whatever the instant.
    func writeFilter(_ query: ViewQuery, _ json: inout JSONWriter) {
        json.object("filter") { query.filter.write(&$0) }
        json.object("values") { json in
            for dimension in RequestFilter.Dimension.allCases {
                let values = RequestValues(head, by: dimension)
                json.array(dimension.rawValue) { json in
                    for value in values.listed {
                        json.object { json in
                            json.field("value", value.value)
                            json.field("requests", value.requests)
                        }
                    }
                }
            }
        }
    }

    /// From which events it was made, and how the recording stands now.
    func writeStand(_ cut: Cut, isFinal: Bool, _ json: inout JSONWriter) {
        json.field("cut", cut.description)
        json.field("final", isFinal)
        json.field("revision", revision)
        json.field("watermarkNanos", (watermark?.time ?? bounds.end).nanos &- bounds.start.nanos)
    }
}
