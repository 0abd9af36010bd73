import Foundation
import SpanreelTracing
import Testing

@testable import SpanreelReplay

@Suite struct FilterAlertTests: FilterSuite {
    private static func rules(_ text: String) throws -> AlertRules { try AlertRules.parse(Array(text.utf8)) }

    @Test(
        "A rule of a variant sees what a session of that variant alone shows",
        arguments: [MixedSession.Words.begin, .end])
    func rulesOfAVariant(words: MixedSession.Words) throws {
        let one = """
            {"name":"flight","metric":"inFlight","atLeast":1},{"name":"pace","metric":"tokensPerSecond","above":1,"window":"2s"},
            {"name":"busy","metric":"busyRatio","above":0.01,"window":"2s"},
            {"name":"hop","metric":"linkP50","above":"1us","window":"5s"},
            {"name":"layers","metric":"spanMean","above":"1us","where":{"operation":"layer"}},
            {"name":"failed","metric":"failureRatio","above":0.01,"window":"1h"}
            """
        let narrow = try Self.rules(
            "{\"rules\":["
                + one.replacingOccurrences(of: "\"where\":{", with: "\"where\":{\"variant\":\"b\",")
                .replacingOccurrences(of: "\"},\n", with: "\",\"where\":{\"variant\":\"b\"}},\n")
                .replacingOccurrences(of: ":1},{", with: ":1,\"where\":{\"variant\":\"b\"}},{")
                .replacingOccurrences(of: "\"1h\"}", with: "\"1h\",\"where\":{\"variant\":\"b\"}}") + "]}")
        #expect(narrow.rules.allSatisfy { $0.filter.requests == RequestFilter(variant: "b") })
        let plain = try Self.rules("{\"rules\":[\(one)]}")
        try inFolder { folder in
            let path = try MixedSession(seed: 14, requests: 80, words: words).save(folder + "/w.reel")
            let alone = MixedSession(seed: 14, requests: 80, words: words, only: { $1 == "b" })
            let part = try SessionEngine(path: try alone.save(folder + "/p.reel"), options: .init(rules: plain))
            let whole = try SessionEngine(path: path, options: .init(rules: narrow))
            let filtered = try SessionEngine(path: path, options: .init(rules: plain))
            func story(_ report: AlertReport) -> [String] {
                report.alerts.map {
                    "\($0.rule.name) \($0.subject.label) \($0.sinceNanos) \($0.resolvedAtNanos ?? -1) \($0.worst)"
                }
            }
            let expected = story(try part.alerts())
            #expect(Set(expected.compactMap { $0.split(separator: " ").first }).count >= 5)
            #expect(story(try whole.alerts()) == expected)
            #expect(story(try filtered.alerts(ViewQuery(filter: RequestFilter(variant: "b")))) == expected)
            #expect(story(try filtered.alerts()) != expected)
            // Of other requests a rule of this variant says nothing.
            #expect(try whole.alerts(ViewQuery(filter: RequestFilter(variant: "a"))).alerts.isEmpty)
            let text = try whole.alerts().alerts.first { $0.rule.name == "pace" }?.text
            #expect(text?.hasSuffix(" (variant b).") == true)
            let json = String(decoding: try whole.alertsJSON(), as: UTF8.self)
            #expect(json.contains("\"where\":{\"operation\":\"layer\",\"variant\":\"b\"}"))
            #expect(json.contains("\"filter\":{\"model\":null,\"variant\":null}"))
        }
    }

    @Test(
        "What is of no request cannot be of a model",
        arguments: ["rssBytes", "silence", "memoryPressure", "wrongLink", "droppedEvents", "cpuRatio"])
    func metricsOfNoRequest(metric: String) {
        let threshold = metric == "silence" ? "\"5s\"" : "1"
        let error = #expect(throws: ReplayError.self) {
            try Self.rules(
                "{\"rules\":[{\"name\":\"x\",\"metric\":\"\(metric)\",\"above\":\(threshold),\"where\":{\"model\":\"m\"}}]}"
            )
        }
        #expect(error?.message.contains("of \(metric), which is of no request, found \"model\"") == true)
    }

    @Test("A rules file names eight models and variants at most")
    func bound() throws {
        func file(_ count: Int) -> String {
            let rules = (0..<count).map {
                "{\"name\":\"r\($0)\",\"metric\":\"queued\",\"above\":1,\"where\":{\"model\":\"m\($0)\"}}"
            }
            return "{\"rules\":[\(rules.joined(separator: ","))]}"
        }
        #expect(try Self.rules(file(8)).rules.count == 8)
        let error = #expect(throws: ReplayError.self) { try Self.rules(file(9)) }
        #expect(error?.message.contains("at most 8 different models and variants, found 9") == true)
    }
}
