import SpanreelTracing
import Testing

@testable import SpanreelServer

@Suite struct TextTests {
    @Test func jsonTextStaysOneLine() {
        #expect(SafeText.json("a\"b\\c\nd\r\u{1}\u{2028}é") == #""a\"b\\c\nd\r\u0001\u2028é""#)
    }

    @Test func sshHint() {
        let address = ViewerAddress(port: 8889, takenPort: 8888)
        #expect(
            address.sshHint(connection: "10.0.0.2 5000 10.0.0.1 22", user: "ada")
                == "ssh -L 8889:127.0.0.1:8889 ada@10.0.0.1")
        #expect(
            address.sshHint(connection: "::2 5000 ::1 2222", user: nil) == "ssh -p 2222 -L 8889:127.0.0.1:8889 [::1]")
        #expect(address.sshHint(connection: nil, user: "ada") == nil)
    }
}
