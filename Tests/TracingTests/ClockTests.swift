import Foundation
import Testing

@testable import SpanreelTracing

@Suite struct ClockSourceTests {
    /// Against the system's own clock over half a second: the rate is measured to a few millionths, and 50 are asked.
    @Test func ticksAreTiedToTheWallClock() throws {
        let clock = ClockSource.measure()
        let first = ClockSource.comparison()
        usleep(500_000)
        let second = ClockSource.comparison()
        let measured = clock.calibration.nanos(from: first.monotonicTicks, to: second.monotonicTicks)
        let truth = second.monotonicNanos - first.monotonicNanos
        #expect(abs(measured - truth) < 25_000, "\(measured) ns by ticks, \(truth) ns by the system")
        #expect(abs(clock.calibration.unixNanos(second.ticks) - second.unixNanos) < 1_000_000)
    }

    @Test func everyStampIsAMultipleOfTheStep() throws {
        let folder = NSTemporaryDirectory() + "spanreel-step-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var options = Recorder.Options()
        options.path = folder + "/step.reel"
        options.device = "mini1"
        let recorder = try Recorder.open(options)
        let step = ClockSource.measure().step
        let stamps = (0..<10_000).map { _ in recorder.now() }
        #expect(step >= 1 && Set(stamps).count > 1)
        #expect(stamps.allSatisfy { $0.rawValue % step == 0 })
        try recorder.close()
    }

    @Test func aDisabledRecorderReadsNoClock() {
        #expect(Recorder.disabled.now() == Ticks(0))
    }

    @Test func aSessionKeepsItsClockAndWhatItWasComparedWith() throws {
        let folder = NSTemporaryDirectory() + "spanreel-clock-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var options = Recorder.Options()
        options.path = folder + "/clock.reel"
        options.device = "mini1"
        let recorder = try Recorder.open(options)
        let role = recorder.role(Role(.layer))
        let start = recorder.orderedNow()
        let middle = recorder.chain(role, from: start, parent: nil)
        let end = recorder.chain(role, from: middle, parent: nil)
        #expect(start <= middle && middle <= end)
        let instant = recorder.ticks(unixNanos: recorder.unixNanos(end))
        #expect(abs(recorder.nanos(from: instant, to: end)) <= 1)
        try recorder.close()
        try SessionPacker.pack(path: folder + "/clock.reel")
        let reader = try SessionReader(path: folder + "/clock.reel")
        let stream = try #require(reader.streams.first)
        #expect(stream.clockName == recorder.clockName)
        #expect(stream.clockComparisons.count == 2)
        #expect(stream.clockComparisons[0].ticks < stream.clockComparisons[1].ticks)
    }

    @Test(arguments: ["", "clock.compared.", "clock.compared.x", "clock.compared.7", "clock.compared.-1"])
    func aMalformedComparisonIsNone(_ key: String) {
        #expect(ClockComparison(key: key, value: "1 2 3") == nil || key == "clock.compared.7")
        #expect(ClockComparison(key: key, value: "1 2") == nil)
        #expect(ClockComparison(key: key, value: "1 2 99999999999999999999999") == nil)
    }
}
