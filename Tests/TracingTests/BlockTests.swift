import Testing

@testable import SpanreelTracing

@Suite struct BlockTests {
    /// Events of every kind with every attribute type, ids own, foreign, repeated and none.
    static func sample(seed: UInt64, count: Int, symbols: Symbols) -> EventBatch {
        var random = SeededGenerator(seed: seed)
        let incarnation = random.next() | 1
        var batch = EventBatch()
        let roles = (0..<6).map { index in
            symbols.intern(
                Role(
                    Operation.allCases[index * 3], name: index == 2 ? "a name \u{1F600}" : nil,
                    phase: Phase.allCases[index % 3], layer: index % 2 == 0 ? index * 100 : nil, stage: index,
                    link: index == 4 ? Link(from: "mini1", to: "mini2") : nil))
        }
        let keys = [AttributeKey.requestID, .sizeBytes, symbols.key("foreign.key"), .cacheHit, .otlpRemainder]
        var time: Int64 = 1_795_471_450_148_085_064
        for index in 0..<count {
            let kind = EventKind.allCases[Int(random.next() % 6)]
            time += Int64(random.next() % 5_000_000) - 1_000
            let attributeStart = batch.attributes.count
            for key in keys.prefix(Int(random.next() % 6)) {
                let type = AttributeType(rawValue: UInt8(random.next() % 5) + 1) ?? .int
                let bits: UInt64
                switch type {
                case .int: bits = random.next() >> (random.next() % 64)
                case .double: bits = Double(random.next() % 1000).bitPattern
                case .bool: bits = random.next() & 1
                case .string: bits = UInt64(symbols.intern("text \(random.next() % 20)").index)
                case .blob: bits = UInt64(symbols.intern(blob: [1, 2, UInt8(random.next() % 9)]))
                }
                batch.attributes.append(Attribute(key: key, type: type, bits: bits))
            }
            let sequence = UInt64(index + 1)
            let own = SpanID(incarnation &+ sequence)
            let ids = [SpanID.none, own, SpanID(incarnation &+ UInt64(index)), SpanID(random.next())]
            let isSpan = kind == .begin || kind == .span
            batch.events.append(
                Event(
                    kind: kind, status: SpanStatus(rawValue: UInt8(random.next() % 3)) ?? .ok,
                    spanKind: SpanKind(rawValue: UInt8(random.next() % 6)) ?? .server, stream: 0,
                    role: roles[Int(random.next() % 6)], incarnation: incarnation, sequence: sequence,
                    time: Timestamp(nanos: time),
                    start: kind == .span ? Timestamp(nanos: time - Int64(random.next() % 9_000_000_000)) : nil,
                    span: isSpan
                        ? (random.next() % 2 == 0 ? own : SpanID(random.next()))
                        : kind == .end ? ids[Int(random.next() % 4)] : .none,
                    parent: ids[Int(random.next() % 4)],
                    trace: random.next() % 4 == 0 ? .none : TraceID(high: random.next() % 3, low: 7),
                    value: kind == .tokens ? Int64(random.next() % 100) : 0, attributeStart: UInt32(attributeStart),
                    attributeCount: UInt16(batch.attributes.count - attributeStart)))
        }
        return batch
    }

    static func describe(_ batch: EventBatch, _ symbols: Symbols) -> [String] {
        batch.events.map { event in
            var plain = event
            plain.role = RoleID(0)
            plain.attributeStart = 0
            let attributes = batch.attributes(of: event).map { attribute -> String in
                let value =
                    switch attribute.type {
                    case .string: symbols.string(StringID(UInt32(attribute.bits)))
                    case .blob: "\(symbols.blobs[Int(attribute.bits)])"
                    default: "\(attribute.bits)"
                    }
                return "\(symbols.name(of: attribute.key)) \(attribute.type) \(value)"
            }
            return "\(plain) \(symbols.role(event.role)) \(attributes)"
        }
    }

    @Test func checksumsMatchTheirPublishedValues() {
        // RFC 3720 B.4: 32 bytes of zeros and of ones; the check value of "123456789".
        #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
        #expect(CRC32C.checksum([UInt8](repeating: 0xff, count: 32)) == 0x62a8_ab43)
        #expect(CRC32C.checksum("123456789".utf8) == 0xe306_9283)
        // xxHash's own test vectors for seed 0.
        #expect(XXHash64.hash([]) == 0xef46_db37_51d8_e999)
        #expect(XXHash64.hash(Array("a".utf8)) == 0xd24e_c4f1_a98c_6e5b)
        #expect(XXHash64.hash(Array("abc".utf8)) == 0x44bc_2cf5_ad77_0999)
        #expect(XXHash64.hash(Array("Nobody inspects the spammish repetition".utf8)) == 0xfbce_a83c_8a37_8bf1)
    }

    @Test func varintsAreTotalAtEveryWidth() {
        for shift in 0..<64 {
            for value in [UInt64(1) << UInt64(shift), UInt64.max >> UInt64(shift)] {
                var writer = ByteWriter()
                writer.varint(value)
                writer.zigzag(Int64(bitPattern: value))
                var reader = ByteReader(writer.bytes)
                #expect(reader.varint() == value)
                #expect(reader.zigzag() == Int64(bitPattern: value))
                #expect(reader.isAtEnd && !reader.failed)
            }
        }
        var overlong = ByteReader([UInt8](repeating: 0xff, count: 11))
        #expect(overlong.varint() == nil && overlong.failed)
    }

    @Test(arguments: [0, 1, 7, 40_000_000_000] as [Int64])
    func calibrationInvertsExactlyAtTheUnitRate(nanos: Int64) {
        let calibration = Calibration(
            ticksAnchor: 90_000_000_000_000, unixAnchor: 1_795_000_000_000_000_000, rate: Calibration.unitRate)
        let unix = calibration.unixAnchor + nanos
        #expect(calibration.unixNanos(calibration.ticks(unixNanos: unix)) == unix)
        #expect(calibration.unixNanos(calibration.ticks(unixNanos: unix - 2 * nanos)) == unix - 2 * nanos)
    }
}
