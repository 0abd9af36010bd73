import SpanreelTracing

extension TraceQuery {
    /// Writes the waterfall.
    func write(_ trace: TraceID, origin: Int64, instant: Int64, symbols: Symbols, _ json: inout JSONWriter) {
        json.field("trace", trace.description)
        json.field("startUnixNanos", String(origin))
        json.field("fromNanos", (nodes.map(\.start).min() ?? origin) &- origin)
        json.field("toNanos", (nodes.map { $0.effectiveEnd(instant) }.max() ?? origin) &- origin)
        json.array("devices") { json in for device in devices { json.string(device) } }
        json.array("spans") { json in
            for node in nodes { json.object { write(node, origin, symbols, &$0) } }
        }
        json.array("flows") { json in
            for flow in flows {
                json.object { json in
                    json.field("from", flow.from.description)
                    json.field("to", flow.to.description)
                    json.field("transitNanos", flow.transit)
                    json.field("errorNanos", flow.error)
                    json.field("belowError", flow.error.map { flow.transit < $0 } ?? true)
                }
            }
        }
        json.field("missingParents", missingParents)
    }

    private func write(_ node: Node, _ origin: Int64, _ symbols: Symbols, _ json: inout JSONWriter) {
        let role = symbols.role(node.role)
        json.field("id", node.id.description)
        json.field("parent", node.parent.isNone ? nil : node.parent.description)
        json.field("name", role.name)
        json.field("operation", "\(role.operation)")
        json.field("phase", role.phase.label)
        json.field("layer", role.layer)
        json.field("stage", role.stage)
        json.key("link")
        if let link = role.link {
            json.object { json in
                json.field("from", link.from)
                json.field("to", link.to)
            }
        } else {
            json.null()
        }
        json.field("device", node.device)
        json.field("depth", node.depth)
        json.field("startNanos", node.start &- origin)
        json.field("endNanos", node.end.map { $0 &- origin })
        json.field("open", node.end == nil)
        json.field("selfNanos", node.selfNanos)
        json.field("status", "\(node.status)")
        json.field("critical", node.isCritical)
        json.object("attributes") { json in
            let named = node.attributes.map { (symbols.name(of: $0.key), $0) }.sorted { $0.0 < $1.0 }
            for (name, attribute) in named { Self.write(name, attribute, symbols, &json) }
        }
    }

    private static func write(_ name: String, _ attribute: Attribute, _ symbols: Symbols, _ json: inout JSONWriter) {
        switch attribute.type {
        case .int:
            let value = Int64(bitPattern: attribute.bits)
            // Beyond 2^53 a browser would round it.
            if value.magnitude > 1 << 53 { json.field(name, String(value)) } else { json.field(name, value) }
        case .double:
            json.key(name)
            json.double(Double(bitPattern: attribute.bits), decimals: 6)
        case .bool: json.field(name, attribute.bits != 0)
        case .string: json.field(name, symbols.string(StringID(UInt32(truncatingIfNeeded: attribute.bits))))
        case .blob: break
        }
    }
}
