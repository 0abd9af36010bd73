import Foundation

/// One HTTP/1.1 exchange with a loopback server over a connection of its own, read as it arrives. Blocking: the load
/// generator runs each on a thread, and hanging up is closing the socket, exactly as a client that goes away does.
final class HTTPExchange {
    /// The status code; 0 before the answer's head has come.
    private(set) var status = 0
    /// Header fields by lower-case name.
    private(set) var headers: [String: String] = [:]
    private let socket: Socket
    private var buffer: [UInt8] = []
    private var isClosed = false

    /// Sends the request over a connected socket and reads the head of the answer.
    init(
        socket: Socket, port: Int, method: String, path: String, headers: [(String, String)], body: String
    ) throws(PipelineError) {
        self.socket = socket
        socket.setReceiveTimeout(milliseconds: 600_000)
        var text = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        text += "Content-Length: \(body.utf8.count)\r\n\r\n"
        try socket.send(Array((text + body).utf8))
        try readHead()
    }

    private func readHead() throws(PipelineError) {
        guard let first = try line() else { throw PipelineError(.network, "The server closed without an answer.") }
        let parts = first.split(separator: " ")
        guard parts.count >= 2, parts[0].hasPrefix("HTTP/1."), let code = Int(parts[1]) else {
            throw PipelineError(.network, "The server did not answer with HTTP.")
        }
        status = code
        while let field = try line(), !field.isEmpty {
            guard let colon = field.firstIndex(of: ":") else { continue }
            let value = field[field.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            headers[field[..<colon].lowercased()] = value
        }
    }

    /// The next line without its end; nil at the end of the connection. Chunk sizes of a chunked body are lines too:
    /// a reader of server-sent events passes over whatever does not begin with `data:`.
    func line() throws(PipelineError) -> String? {
        while true {
            if let end = buffer.firstIndex(of: 0x0a) {
                var text = buffer[..<end]
                if text.last == 0x0d { text.removeLast() }
                let result = String(decoding: text, as: UTF8.self)
                buffer.removeSubrange(...end)
                return result
            }
            guard try fill() else { return nil }
        }
    }

    /// The body of an answer with a length, or what comes until the end of the connection.
    func body() throws(PipelineError) -> [UInt8] {
        let length = headers["content-length"].flatMap { Int($0) } ?? Int.max
        while buffer.count < length {
            guard try fill() else { break }
        }
        return Array(buffer.prefix(length))
    }

    /// Goes away in the middle of whatever the server is doing.
    func hangUp() { socket.shutDown() }

    private func fill() throws(PipelineError) -> Bool {
        guard !isClosed else { return false }
        let bytes = try socket.receive(upTo: 16384)
        guard buffer.count + bytes.count <= 8 << 20 else {
            throw PipelineError(.network, "The server's answer is longer than 8 MiB.")
        }
        buffer += bytes
        isClosed = bytes.isEmpty
        return !isClosed
    }
}
