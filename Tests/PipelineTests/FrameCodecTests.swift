import SpanreelTracing
import Testing

@testable import SpanreelPipeline

@Suite struct FrameCodecTests {
    private var frame: Frame {
        var frame = Frame(.activations)
        frame.phase = .prefill
        frame.messageID = 0x1122_3344_5566_7788
        frame.request = 42
        frame.position = 17
        frame.rows = 2
        frame.tokenIndex = -1
        frame.sampling = SamplingOptions(temperature: 0.5, topK: 3, seed: .max)
        frame.step = SpanID(0xabcd)
        frame.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        frame.keepPrefix = 9
        frame.tokens = [0, 1, 511, 65535]
        frame.payload = Array(0...63)
        return frame
    }

    @Test(arguments: [Frame.Kind.activations, .token, .end, .hello], [0, 1, 7])
    func decodingGivesTheFrameBack(kind: Frame.Kind, tokens: Int) throws {
        var frame = frame
        frame.kind = kind
        frame.tokens = Array(frame.tokens.prefix(tokens))
        frame.payload = Array(frame.payload.prefix(tokens * 3))
        if tokens == 0 { frame.traceparent = "" }
        #expect(try FrameCodec.decode(FrameCodec.encode(frame)) == frame)
    }

    @Test func everyTruncationIsAnError() {
        let bytes = FrameCodec.encode(frame)
        for length in 0..<bytes.count {
            #expect(throws: PipelineError.self) { try FrameCodec.decode(Array(bytes.prefix(length))) }
        }
        #expect(throws: PipelineError.self) { try FrameCodec.decode(bytes + [0]) }
    }

    @Test func everyFlippedBitGivesAFrameOrAnError() {
        let bytes = FrameCodec.encode(frame)
        for index in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[index] ^= 1 << UInt8(bit)
                _ = try? FrameCodec.decode(damaged)
            }
        }
    }

    @Test func lengthsAreCheckedBeforeMemoryIsTaken() {
        let magic: [UInt8] = [0x53, 0x52, 0x50, 0x30]
        #expect(throws: PipelineError.self) { try FrameCodec.lengths(magic + [255, 255, 255, 255, 0, 0, 0, 0]) }
        #expect(throws: PipelineError.self) { try FrameCodec.lengths(magic + [64, 0, 0, 0, 255, 255, 255, 255]) }
        #expect(throws: PipelineError.self) { try FrameCodec.lengths([0, 0, 0, 0, 64, 0, 0, 0, 0, 0, 0, 0]) }
    }

    @Test(arguments: [-1, 0, 511, 65535])
    func tokensTravelAsFourBytes(token: Int) {
        #expect(TokenPayload.token(TokenPayload.bytes(token)) == token)
        #expect(TokenPayload.token([1, 2, 3]) == nil)
    }
}
