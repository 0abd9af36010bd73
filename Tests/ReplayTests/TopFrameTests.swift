import Foundation
import SpanreelTracing
import Testing

@testable import SpanreelReplay

@Suite struct TopFrameTests {
    /// A session whose names are the worst there are.
    private func engine(_ folder: String) throws -> SessionEngine {
        let path = folder + "/x.reel"
        let symbols = Symbols()
        let writer = try SessionWriter(
            path: path, name: "名前がとても長いセッション\u{1b}[31m", createdUnixNanos: Sample.origin, symbols: symbols)
        let names = ["機械一号機械一号機械一号", "e\u{301}e\u{301}\u{200d}👩‍🚀x", String(repeating: "m", count: 300)]
        for (index, name) in names.enumerated() {
            let stream = try writer.addStream(StreamInfo(id: StreamID(high: 1, low: UInt64(index + 1)), device: name))
            var builder = StreamBuilder(symbols: symbols, stream: UInt32(index), incarnation: UInt64(index + 1) << 40)
            for number in 0..<40 {
                let start = AlertSession.at(Double(number) * 0.25)
                builder.add(
                    .span, Role(.layer, phase: .decode, layer: index, stage: index), at: start + 3_000_000, from: start)
                builder.add(
                    .span, Role(.hopSend, phase: .decode, link: Link(from: name, to: names[0])), at: start + 4_000_000,
                    from: start + 3_000_000, [(.messageID, .int(Int64(number))), (.sizeBytes, .int(100))])
                builder.add(.sample, Role(.memorySample), at: start + 5_000_000, [(.rssBytes, .int(1 << 30))])
            }
            try writer.append(builder.batch, stream: stream)
        }
        try writer.finish()
        var slow = AlertRule("slow", .spanP50, above: 1_000_000)
        slow.filter.operation = .layer
        return try SessionEngine(path: path, options: .init(rules: AlertRules([slow])))
    }

    @Test("A frame fits every width and height, and says less where there is less room")
    func fits() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("top-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let engine = try engine(folder)
        for columns in Array(1...130) {
            for rows in [1, 5, 24, 100] {
                let lines = try TopFrame.lines(engine, ViewQuery(window: .all), columns: columns, rows: rows)
                #expect(lines.count <= rows && !lines.isEmpty)
                for line in lines {
                    #expect(TextWidth.of(line) <= columns, "\(columns): \(line)")
                    // Counted again without its help: of these names only the Chinese and Japanese characters are wide.
                    let wide = line.unicodeScalars.count { (0x3000...0x9FFF).contains($0.value) }
                    #expect(line.count + wide <= columns, "\(columns): \(line)")
                    #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }, "\(line)")
                }
            }
        }
        let wide = try TopFrame.lines(engine, ViewQuery(window: .all), columns: 80, rows: 100).joined(separator: "\n")
        for word in [
            "tokens/s", "in flight 0 (0 queued)", "TTFT P50", "TPOT P50", "devices", "busy", "bubble", "mem 1.00 GiB",
            "slowest layers, decode", "links, transit in decode", "! warn slow: layer spanP50 of 機械一号",
            "[....................] busy",
        ] {
            #expect(wide.contains(word), "\(word) in\n\(wide)")
        }
        let narrow = try TopFrame.lines(engine, ViewQuery(window: .all), columns: 50, rows: 100).joined(separator: "\n")
        #expect(!narrow.contains("[...") && narrow.contains("busy"))
    }

    @Test("Columns are those of a terminal", arguments: [("abc", 3), ("機械", 4), ("e\u{301}", 1), ("👩‍🚀", 2), ("", 0)])
    func widths(text: String, columns: Int) {
        #expect(TextWidth.of(text) == columns)
        #expect(TextWidth.of(TextWidth.fit(text, 3)) == 3)
        #expect(TextWidth.of(TextWidth.cut(text + text, to: 3)) <= 3)
    }
}
