internal import HTTPTypes
internal import Hummingbird
internal import SpanreelTracing

extension Response {
    /// A JSON answer.
    static func json(_ bytes: ByteBuffer, status: HTTPResponse.Status = .ok) -> Response {
        Response(status: status, headers: [.contentType: "application/json"], body: .init(byteBuffer: bytes))
    }

    /// A JSON answer from text.
    static func json(_ text: String, status: HTTPResponse.Status = .ok) -> Response {
        json(ByteBuffer(string: text), status: status)
    }

    /// Shorter than this, compression saves no packet.
    private static let compressionBytes = 4096

    /// A JSON answer that may be long: compressed with zstd for clients that take it, which matters over ssh.
    static func json(_ bytes: ByteBuffer, for request: Request) -> Response {
        var response = json(bytes)
        response.headers[.vary] = "accept-encoding"
        guard bytes.readableBytes >= compressionBytes, accepts(request.headers[.acceptEncoding] ?? ""),
            let compressor = try? ZstdCompressor(level: 3),
            let frame = try? compressor.compress(Array(bytes.readableBytesView))
        else { return response }
        response.headers[.contentEncoding] = "zstd"
        response.body = .init(byteBuffer: ByteBuffer(bytes: frame))
        return response
    }

    /// Whether `zstd` is among the codings, and not with weight 0.
    private static func accepts(_ header: String) -> Bool {
        header.lowercased().split(separator: ",").contains { coding in
            let parts = coding.split(separator: ";").map { $0.filter { $0 != " " } }
            return parts.first == "zstd"
                && !parts.dropFirst().contains { $0.hasPrefix("q=0") && !$0.contains { ("1"..."9").contains($0) } }
        }
    }
}
