import SpanreelTracing
import Testing

@testable import SpanreelServer

@Suite struct TextTests {
    @Test(arguments: [
        ("1ns", 1), ("1us", 1000), ("2ms", 2_000_000), ("12.5s", 12_500_000_000), ("0s", 0), ("1m", 60_000_000_000),
        ("1.5h", 5_400_000_000_000), ("0.000000001s", 1), ("3.999999999h", 14_399_999_996_400),
    ] as [(String, Int64)])
    func durationsAreExact(text: String, nanos: Int64) { #expect(DurationText.nanos(text) == nanos) }

    @Test(arguments: ["", "s", "1", "-1s", "+1s", ".5s", "1.s", "1.2.3s", "1e3s", "1 s", "١s", "0x1s", "1.0000000001s", "9999999999999s", "1d"])
    func otherTextIsNoDuration(text: String) { #expect(DurationText.nanos(text) == nil) }

    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2000-02-29T12:00:00Z", 951_825_600_000_000_000),
        ("2026-11-23T23:59:59.123456789Z", 1_795_478_399_123_456_789), ("2026-11-24T00:59:59.5+01:00", 1_795_478_399_500_000_000),
        ("2026-11-23T18:29:59-05:30", 1_795_478_399_000_000_000),
    ] as [(String, Int64)])
    func datesAreRead(text: String, nanos: Int64) { #expect(RFC3339.unixNanos(text) == nanos) }

    @Test(arguments: [
        "2026-11-23", "2026-11-23T23:59:59", "2026-02-29T00:00:00Z", "1969-12-31T23:59:59Z", "2026-11-23T24:00:00Z",
        "2026-11-23T23:59:59.Z", "2026-11-23T23:59:59+1:00", "2026-11-23T23:59:59Zjunk",
    ])
    func otherTextIsNoDate(text: String) { #expect(RFC3339.unixNanos(text) == nil) }

    @Test func jsonTextStaysOneLine() {
        #expect(JSONText.quoted("a\"b\\c\nd\r\u{1}\u{2028}é") == #""a\"b\\c\nd\r\u0001\u2028é""#)
    }

    @Test func sshHint() {
        let address = ViewerAddress(port: 8889, takenPort: 8888)
        #expect(address.sshHint(connection: "10.0.0.2 5000 10.0.0.1 22", user: "ada") == "ssh -L 8889:127.0.0.1:8889 ada@10.0.0.1")
        #expect(address.sshHint(connection: "::2 5000 ::1 2222", user: nil) == "ssh -p 2222 -L 8889:127.0.0.1:8889 [::1]")
        #expect(address.sshHint(connection: nil, user: "ada") == nil)
    }
}
