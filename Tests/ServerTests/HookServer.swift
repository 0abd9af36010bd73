import Foundation
import Synchronization

/// A real HTTP server on a free port of loopback that answers each request with the next status of a script.
final class HookServer: Sendable {
    let port: Int
    private let socket: Int32
    private let script: [Int]
    private let seen = Mutex<[String]>([])

    /// Answers 200 when the script has come to its end.
    init(_ script: [Int]) throws {
        self.script = script
        #if canImport(Darwin)
            socket = Darwin.socket(AF_INET, SOCK_STREAM, 0)
        #else
            socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let socket = socket
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, size) == 0 && listen(socket, 16) == 0 && getsockname(socket, $0, &size) == 0
            }
        }
        guard isBound else { throw RawClient.Failure("cannot listen") }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { self.serve() }
    }

    /// The bodies so far, in order, those that were refused too.
    var bodies: [String] { seen.withLock { $0 } }

    func close() { _ = shutdown(socket, Int32(SHUT_RDWR)); _ = Foundation.close(socket) }

    private func serve() {
        while true {
            let connection = accept(socket, nil, nil)
            guard connection >= 0 else { return }
            let count = answer(connection)
            _ = Foundation.close(connection)
            if count < 0 { return }
        }
    }

    private func answer(_ connection: Int32) -> Int {
        var data: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let text = String(decoding: data, as: UTF8.self)
            if let end = text.range(of: "\r\n\r\n") {
                let length = text.lowercased().range(of: "content-length: ").flatMap {
                    Int(text.lowercased()[$0.upperBound...].prefix { $0.isNumber })
                }
                let body = String(text[end.upperBound...])
                if body.utf8.count >= length ?? 0 {
                    let number = seen.withLock { bodies in
                        bodies.append(body)
                        return bodies.count
                    }
                    let status = number <= script.count ? script[number - 1] : 200
                    let reply = "HTTP/1.1 \(status) X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    return send(connection, Array(reply.utf8), reply.utf8.count, Int32(MSG_NOSIGNAL))
                }
            }
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return 0 }
            data += buffer.prefix(count)
        }
    }
}
