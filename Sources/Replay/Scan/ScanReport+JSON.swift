import SpanreelTracing

extension ScanReport {
    /// The report as canonical JSON; the fields are those of the type.
    public var json: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.field("startUnixNanos", start.nanos)
            json.object("quality") { json in
                json.field("events", quality.events)
                json.field("lost", quality.lost)
                json.field("layersInTwoFacts", quality.layersInTwoFacts)
                json.field("negativeDurations", quality.negativeDurations)
                json.field("unreadable", quality.unreadable)
            }
            json.array("layers") { json in
                for row in layers {
                    json.object { json in
                        json.field("device", row.device)
                        json.field("layer", row.layer)
                        json.field("phase", row.phase.label)
                        json.statistics(row.durations)
                    }
                }
            }
            json.object("tokens") { json in
                json.field("generated", generatedCount)
                json.field("prompt", promptCount)
                Self.stretches("generatedPerSecond", generated, &json)
                Self.stretches("promptPerSecond", prompt, &json)
                json.statistics("lastGaps", gaps.last)
                json.field("greatestMeanGapNanos", gaps.greatestMeanNanos)
                json.field("greatestMeanGapAtNanos", gaps.greatestAtNanos)
            }
            json.array("links") { json in
                for row in links {
                    json.object { json in
                        json.field("from", row.link.from)
                        json.field("to", row.link.to)
                        json.field("transfers", row.transfers)
                        json.field("sizeBytes", row.sizeBytes)
                        Self.stretches("bytesPerSecond", row.seconds, &json)
                    }
                }
            }
            json.array("caches") { json in
                for row in caches {
                    json.object { json in
                        json.field("device", row.device)
                        json.field("lookups", row.lookupCount)
                        json.field("hits", row.hitCount)
                        Self.stretches("lookupsPerTenSeconds", row.lookups, &json)
                        Self.stretches("hitsPerTenSeconds", row.hits, &json)
                    }
                }
            }
            json.array("trace") { json in
                for row in trace { Self.row(row, &json) }
            }
        }
        return json.bytes
    }

    private static func stretches(_ name: String, _ stretches: [Stretch], _ json: inout JSONWriter) {
        json.array(name) { json in
            for stretch in stretches {
                json.array { json in
                    json.int(stretch.startNanos)
                    json.int(stretch.sum)
                }
            }
        }
    }

    private static func row(_ row: TraceRow, _ json: inout JSONWriter) {
        json.object { json in
            json.field("startNanos", row.startNanos)
            json.field("durationNanos", row.durationNanos)
            json.field("span", row.span == .none ? nil : "\(row.span)")
            json.field("parent", row.parent == .none ? nil : "\(row.parent)")
            json.field("device", row.device)
            json.field("name", row.role.name)
            json.field("phase", row.role.phase.label)
            json.field("layer", row.role.layer)
        }
    }
}
