import Foundation

/// HTTP by hand over a socket: a client library would correct the very requests that matter here.
struct RawClient {
    let port: Int

    struct Answer: Sendable {
        var status: Int
        var headers: [String: String]
        var body: String

        /// The body as JSON; an empty dictionary when it is none.
        var json: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(body.utf8))) as? [String: Any] ?? [:]
        }

        var errorCode: String? { (json["error"] as? [String: Any])?["code"] as? String }
        var errorMessage: String? { (json["error"] as? [String: Any])?["message"] as? String }
    }

    /// `GET` with the headers given besides `Host` and `Connection`.
    func get(_ path: String, host: String? = nil, headers: [String] = [], method: String = "GET", body: String = "")
        async throws -> Answer
    {
        let lines =
            ["\(method) \(path) HTTP/1.1", "Host: \(host ?? "127.0.0.1:\(port)")", "Connection: close"] + headers
        return try await send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }

    /// Sends `text` as it is and reads until the server closes.
    func send(_ text: String) async throws -> Answer {
        let port = port
        return try await offPool {
            let connection = try Connection(port: port)
            defer { connection.close() }
            try connection.write(text)
            var data: [UInt8] = []
            while let part = connection.read(), !part.isEmpty { data += part }
            return try Self.parse(data)
        }
    }

    private static func parse(_ data: [UInt8]) throws -> Answer {
        let text = String(decoding: data, as: UTF8.self)
        guard let end = text.range(of: "\r\n\r\n") else { throw Failure("no complete head in: \(text.prefix(200))") }
        let lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
        guard let first = lines.first, let status = first.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else {
            throw Failure("no status in: \(text.prefix(200))")
        }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces) }
        }
        return Answer(status: status, headers: headers, body: String(text[end.upperBound...]))
    }

    struct Failure: Error, CustomStringConvertible {
        var description: String
        init(_ description: String) { self.description = description }
    }
}

/// Blocking calls on a thread of their own: the pool has one thread for each core, and the server needs them.
func offPool<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
    }
}

/// One TCP connection. A read waits two minutes: on two cores the tests beside it may hold every thread for one.
final class Connection {
    private let socket: Int32

    init(port: Int) throws {
        #if canImport(Darwin)
            socket = Darwin.socket(AF_INET, SOCK_STREAM, 0)
        #else
            socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #endif
        var timeout = timeval(tv_sec: 120, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, size) }
        }
        guard result == 0 else { throw RawClient.Failure("cannot connect to port \(port)") }
    }

    func write(_ text: String) throws {
        let bytes = Array(text.utf8)
        guard send(socket, bytes, bytes.count, 0) == bytes.count else { throw RawClient.Failure("cannot write") }
    }

    /// What has come, empty at the end, nil after two minutes of silence.
    func read() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = recv(socket, &buffer, buffer.count, 0)
        return count < 0 ? nil : Array(buffer.prefix(count))
    }

    func close() { _ = shutdown(socket, Int32(SHUT_RDWR)); _ = Foundation.close(socket) }
}
