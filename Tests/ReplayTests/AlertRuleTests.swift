import SpanreelTracing
import Testing

@testable import SpanreelReplay

@Suite struct AlertRuleTests {
    private func parse(_ text: String) throws -> AlertRules {
        try AlertRules.parse(Array(text.utf8), file: "rules.json")
    }

    @Test("A file with every member gives the rules that it says")
    func complete() throws {
        let rules = try parse(
            """
            {"rules": [
              {"name": "slow layers", "metric": "spanP95", "where": {"operation": "layer", "phase": "decode", "layer": 3,
               "stage": 0, "device": "mini1"}, "above": "5ms", "for": "10s", "window": "30s", "severity": "critical"},
              {"name": "burn \\u00e4", "metric": "sloBurn", "atLeast": 2.5, "ttft": "500ms", "tpot": "40ms", "objective": 0.95},
              {"name": "big", "metric": "rssBytes", "above": "1.5GiB"},
              {"name": "thin", "metric": "gigabytesPerSecond", "where": {"from": "a", "to": "b"}, "below": 0.5},
              {"name": "host", "metric": "hostCPU", "where": {"host": "h"}, "atMost": -1e1}
            ]}
            """
        ).rules
        #expect(rules.count == 5)
        let first = try #require(rules.first)
        #expect(first.name == "slow layers" && first.metric == .spanP95 && first.severity == .critical)
        #expect(first.filter.operation == .layer && first.filter.phase == .decode && first.filter.layer == 3)
        #expect(first.filter.stage == 0 && first.filter.device == "mini1")
        #expect(first.comparison == .above && first.threshold == 5_000_000)
        #expect(first.forNanos == 10_000_000_000 && first.windowNanos == 30_000_000_000)
        #expect(rules[1].name == "burn ä" && rules[1].comparison == .atLeast && rules[1].threshold == 2.5)
        #expect(rules[1].goals.ttftNanos == 500_000_000 && rules[1].goals.tpotNanos == 40_000_000)
        #expect(rules[1].goals.objective == 0.95 && rules[1].severity == .warn && rules[1].forNanos == 0)
        #expect(rules[2].threshold == 1.5 * 1_073_741_824)
        #expect(rules[3].filter.from == "a" && rules[3].filter.to == "b" && rules[3].comparison == .below)
        #expect(rules[4].filter.host == "h" && rules[4].threshold == -10 && rules[4].comparison == .atMost)
        #expect(try parse("{\"rules\":[]}").rules.isEmpty)
    }

    /// One rule with `members` in place of the good ones, and what the sentence must name: what, where, expected, found.
    private static let bad: [(text: String, words: [String])] = [
        ("", ["line 1", "expected a value", "end of the file"]),
        ("[]", ["expected an object", "found an object"].dropLast() + ["found"]),
        ("{\"rules\":[]} x", ["expected the end of the file", "\"x\""]),
        ("{\"rules\":[],\"rules\":[]}", ["each key once", "\"rules\" again"]),
        ("{\n\n\"rules\":[,]}", ["line 3", "expected a value"]),
        ("{\"rules\":{}}", ["rules", "a list", "an object"]),
        ("{\"rule\":[]}", ["one of rules", "\"rule\""]),
        ("{}", ["rules", "this member", "none"]),
        ("{\"rules\":[1]}", ["rule 1", "expected an object", "found 1"]),
        ("{\"rules\":[{\"metric\":\"queued\",\"above\":1}]}", ["name", "this member", "none"]),
        ("{\"rules\":[{\"name\":\"\",\"metric\":\"queued\",\"above\":1}]}", ["name", "1 to 64 bytes"]),
        ("{\"rules\":[{\"name\":\"a\\u001b\",\"metric\":\"queued\",\"above\":1}]}", ["name", "printable"]),
        (rule("\"metric\":\"foo\",\"above\":1"), ["metric", "queuedNoneRunning", "spanErrorRatio", "\"foo\""]),
        (rule("\"metric\":1,\"above\":1"), ["metric", "text", "found 1"]),
        (rule("\"metric\":\"queued\""), ["exactly one of above, below, atLeast, atMost", "none"]),
        (rule("\"metric\":\"queued\",\"above\":1,\"below\":2"), ["exactly one", "above and below"]),
        (rule("\"metric\":\"queued\",\"above\":\"1\""), ["above", "a number", "\"1\""]),
        (rule("\"metric\":\"ttftP95\",\"above\":1000"), ["above", "a time", "1000"]),
        (rule("\"metric\":\"ttftP95\",\"above\":\"1\""), ["above", "a time", "\"1\""]),
        (rule("\"metric\":\"ttftP95\",\"above\":\"2h\""), ["above", "to 1h", "\"2h\""]),
        (rule("\"metric\":\"rssBytes\",\"above\":\"1GB\""), ["above", "a size", "\"1GB\""]),
        (rule("\"metric\":\"queued\",\"above\":1,\"for\":\"-1s\""), ["for", "a time", "\"-1s\""]),
        (rule("\"metric\":\"queued\",\"above\":1,\"window\":\"10s\""), ["window", "queued", "instant"]),
        (rule("\"metric\":\"ttftP95\",\"above\":\"1s\",\"window\":\"10ms\""), ["window", "from 1.00 s"]),
        (
            rule("\"metric\":\"queued\",\"above\":1,\"severity\":\"bad\""),
            ["severity", "info, warn, critical", "\"bad\""]
        ),
        (rule("\"metric\":\"queued\",\"above\":1,\"ttft\":\"1s\""), ["ttft", "sloBurn", "queued"]),
        (rule("\"metric\":\"sloBurn\",\"above\":1,\"objective\":1"), ["objective", "0.99999"]),
        (rule("\"metric\":\"queued\",\"above\":1,\"colour\":1"), ["one of name, metric", "\"colour\""]),
        (
            rule("\"metric\":\"queued\",\"above\":1,\"where\":{\"device\":\"a\"}"),
            ["where", "one of model, variant of queued", "\"device\""]
        ),
        (
            rule("\"metric\":\"rssBytes\",\"above\":1,\"where\":{\"host\":\"a\"}"),
            ["one of device of rssBytes", "\"host\""]
        ),
        (rule("\"metric\":\"spanP50\",\"above\":\"1s\",\"where\":{}"), ["where", "operation", "none", "layer"]),
        (
            rule("\"metric\":\"spanP50\",\"above\":\"1s\",\"where\":{\"operation\":\"x\"}"),
            ["operation", "hopSend", "\"x\""]
        ),
        (
            rule("\"metric\":\"spanP50\",\"above\":\"1s\",\"where\":{\"operation\":\"layer\",\"layer\":1.5}"),
            ["layer", "whole number", "1.500"]
        ),
        (
            rule("\"metric\":\"spanP50\",\"above\":\"1s\",\"where\":{\"operation\":\"layer\",\"phase\":\"x\"}"),
            ["phase", "prefill, decode", "\"x\""]
        ),
        (
            "{\"rules\":[{\"name\":\"x\",\"metric\":\"queued\",\"above\":1},\n{\"name\":\"x\",\"metric\":\"queued\",\"above\":1}]}",
            ["line 2", "rule 2", "\"x\" again"]
        ),
        ("{\"rules\":[01]}", ["a number", "\"01\""]),
        ("{\"rules\":[1.]}", ["a number", "\"1.\""]),
        ("{\"rules\":[\"\\x\"]}", ["an escape", "\"x\""]),
        ("{\"rules\":[\"\\ud800\"]}", ["a character behind \\u"]),
        ("{\"rules\":[\"a\n\"]}", ["closing quote"]),
        ("{\"rules\":[\"a", ["closing quote", "end of the file"]),
        (String(repeating: "[", count: 100), ["32 levels"]),
        ("{\"rules\":[" + String(repeating: "1,", count: 64) + "1]}", ["at most 64 rules", "65"]),
    ]

    private static func rule(_ members: String) -> String { "{\"rules\":[{\"name\":\"x\",\(members)}]}" }

    @Test("What is wrong with a file is said in one sentence: where, expected, found", arguments: 0..<bad.count)
    func refused(index: Int) throws {
        let (text, words) = Self.bad[index]
        do {
            _ = try parse(text)
            Issue.record("accepted: \(text)")
        } catch let error as ReplayError {
            #expect(error.code == .invalid && error.message.hasPrefix("rules.json"), "\(error)")
            #expect(error.message.hasSuffix(".") && !error.message.contains("\n"), "\(error)")
            for word in words { #expect(error.message.contains(word), "\(error) lacks \(word)") }
        }
    }

    @Test("No cut and no flipped byte of a file traps", arguments: [1, 2, 3] as [UInt64])
    func total(seed: UInt64) throws {
        var random = Seeded(seed)
        let good = Array(
            "{\"rules\":[{\"name\":\"é\\u00e4\",\"metric\":\"spanP95\",\"where\":{\"operation\":\"layer\"},\"above\":\"5ms\"}]}"
                .utf8)
        #expect(try AlertRules.parse(good).rules.first?.name == "éä")
        for length in 0..<good.count {
            #expect(throws: ReplayError.self) { try AlertRules.parse(Array(good[..<length])) }
        }
        for _ in 0..<3000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                if let index = bytes.indices.randomElement(using: &random) {
                    bytes[index] = UInt8.random(in: 0...255, using: &random)
                }
            }
            do { _ = try AlertRules.parse(bytes) } catch { #expect(error.code == .invalid) }
        }
        #expect(throws: ReplayError.self) { try AlertRules.parse([UInt8](repeating: 0x20, count: 2 << 20)) }
    }

    @Test("The standard rules are what a file could say")
    func standard() {
        let rules = AlertRules.standard.rules
        #expect(Set(rules.map(\.name)).count == rules.count && rules.count == 8)
        for rule in rules {
            #expect(rule.forNanos <= AlertRules.longestNanos && rule.windowNanos <= AlertRules.longestNanos)
        }
    }
}
