import SpanreelTracing
import Testing

@testable import SpanreelReplay

@Suite struct TextTests {
    private func written(_ body: (inout JSONWriter) -> Void) -> String {
        var json = JSONWriter()
        body(&json)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    @Test("Strings escape what breaks JSON, scripts and terminals")
    func escapes() {
        #expect(written { $0.string("a\"b\\c\n\r\t") } == #""a\"b\\c\n\r\t""#)
        #expect(written { $0.string("\u{0}\u{1b}[31m\u{7f}\u{9b}") } == #""\u0000\u001b[31m\u007f\u009b""#)
        #expect(written { $0.string("\u{2028}\u{2029}") } == #""\u2028\u2029""#)
        #expect(written { $0.string("é日本🙂") } == "\"é日本🙂\"")
        #expect(written { $0.object { $0.field("k\n", "v") } } == #"{"k\n":"v"}"#)
    }

    @Test(
        "Numbers have fixed decimals",
        arguments: [
            (1.0, 3, "1.000"), (-0.0004, 3, "0.000"), (0.0005, 3, "0.001"), (1234.5678, 2, "1234.57"), (-2.5, 0, "-3"),
            (.nan, 3, "null"), (.infinity, 3, "null"), (1e300, 3, "null"), (0.05, 4, "0.0500"),
        ])
    func decimals(value: Double, decimals: Int, expected: String) {
        #expect(written { $0.double(value, decimals: decimals) } == expected)
    }

    @Test("Commas stand between members and elements only")
    func structure() {
        let text = written { json in
            json.object { json in
                json.field("a", 1)
                json.array("b") { json in
                    json.int(1)
                    json.array { _ in }
                    json.object { _ in }
                    json.null()
                }
                json.field("c", nil as String?)
            }
        }
        #expect(text == #"{"a":1,"b":[1,[],{},null],"c":null}"#)
    }

    @Test("A cut prints and parses", arguments: 1...20 as ClosedRange<UInt64>)
    func cutRoundTrip(seed: UInt64) {
        var random = Seeded(seed)
        let entries = (0..<Int.random(in: 0...9, using: &random)).map { _ in
            Cut.Entry(incarnation: random.next(), sequence: random.next() >> UInt64.random(in: 0...63, using: &random))
        }
        let cut = Cut(
            entries, dropped: random.next(),
            silent: seed % 2 == 0 ? [Watermark.Silence(device: "mini é", silentNanos: 4_100_000_000)] : [])
        #expect(Cut(cut.description) == cut, "seed \(seed)")
        // Any change of the text gives nil or another cut, never a trap.
        var characters = Array(cut.description)
        for _ in 0..<200 {
            var changed = characters
            changed[Int.random(in: 0..<changed.count, using: &random)] = Character(
                UnicodeScalar(UInt8(random.next() & 127)))
            if Bool.random(using: &random) { changed.removeLast(Int.random(in: 0...changed.count, using: &random)) }
            _ = Cut(String(changed))
        }
        characters.append("0")
        #expect(Cut(String(characters)) == nil)
    }

    @Test(
        "Times",
        arguments: [
            ("12.5s", 12_500_000_000 as Int64?), ("-5s", -5_000_000_000), ("123ns", 123), ("1.5ms", 1_500_000),
            ("2m", 120_000_000_000),
            ("7", 7_000_000_000), ("0.000000001s", 1), ("", nil), ("s", nil), ("-", nil), ("1e9s", nil),
            ("1.2.3s", nil),
            ("99999999999999999999s", nil), ("nan", nil), ("٣s", nil), (".", nil),
        ])
    func durations(text: String, nanos: Int64?) {
        #expect(TimeText.duration(text) == nanos)
    }

    @Test(
        "RFC 3339",
        arguments: [
            ("1970-01-01T00:00:00Z", 0 as Int64?), ("2026-03-01T12:00:00.5Z", 1_772_366_400_500_000_000),
            ("2026-03-01T13:00:00+01:00", 1_772_366_400_000_000_000),
            ("2024-02-29T00:00:00Z", 1_709_164_800_000_000_000),
            ("2026-13-01T00:00:00Z", nil), ("2026-03-01T12:00:00", nil), ("2026-03-01T12:00:00.Z", nil),
            ("9999-12-31T23:59:59Z", nil),
            ("2026-03-01T12:00:00Zx", nil), ("", nil),
        ])
    func rfc3339(text: String, nanos: Int64?) {
        #expect(TimeText.rfc3339(text)?.nanos == nanos)
    }

    @Test("Bad questions are answered with one sentence")
    func badQuestions() {
        #expect(throws: ReplayError.self) { try ViewName.parse("throughput,nope") }
        #expect(throws: ReplayError.self) { try ViewName.parse(",") }
        #expect(throws: ReplayError.self) { try ViewQuery.WindowChoice(parsing: "-3s") }
        #expect(throws: ReplayError.self) { try ClockMode(parsing: "wall") }
        #expect(throws: ReplayError.self) {
            try TimeText.instant("yesterday", start: Timestamp(nanos: 0), end: Timestamp(nanos: 1))
        }
    }

    @Test("P99 of fewer than 300 observations is not known in text; JSON gives it", arguments: [299, 300])
    func unknownP99(count: Int) {
        let statistics = Statistics(exact: (1...count).map { Int64($0) * 1_000_000 })
        #expect(Human.p99(statistics) == (count < 300 ? "not known" : "297 ms"))
        let text = written { $0.object { $0.statistics("x", statistics) } }
        #expect(text.contains(count < 300 ? "\"p99Nanos\":296020000" : "\"p99Nanos\":297010000"))
        #expect(text.contains("\"count\":\(count)") && text.contains("\"known\":\(count >= 300)"))
        #expect(Human.p99(.none) == "-")
    }

    @Test("Numbers for people have three significant digits")
    func human() {
        #expect(Human.duration(999) == "999 ns" && Human.duration(12_340) == "12.3 us")
        #expect(Human.duration(1_500_000) == "1.50 ms" && Human.duration(nil) == "-")
        #expect(Human.bytes(1536) == "1.50 KiB" && Human.count(-1_234_567) == "-1,234,567")
        #expect(Human.safe("a\u{1b}[0m\u{202e}") == "a?[0m?")
    }
}
