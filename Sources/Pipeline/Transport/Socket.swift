import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
    private let streamType = Int32(SOCK_STREAM.rawValue)
    private let datagramType = Int32(SOCK_DGRAM.rawValue)
    private let sendFlags = Int32(MSG_NOSIGNAL)
    private let bothDirections = Int32(SHUT_RDWR)
#elseif canImport(Musl)
    import Musl
    private let streamType = SOCK_STREAM
    private let datagramType = SOCK_DGRAM
    private let sendFlags = MSG_NOSIGNAL
    private let bothDirections = SHUT_RDWR
#else
    import Darwin
    private let streamType = SOCK_STREAM
    private let datagramType = SOCK_DGRAM
    private let sendFlags: Int32 = 0
    private let bothDirections = SHUT_RDWR
#endif

/// A blocking loopback socket. One thread may read while another writes; any thread may `shutDown()`, which wakes
/// both. The descriptor closes with the last reference.
final class Socket: Sendable {
    /// The descriptor, open for as long as the object lives.
    let descriptor: Int32

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    private static func make(type: Int32) throws(PipelineError) -> Socket {
        let descriptor = socket(AF_INET, type, 0)
        guard descriptor >= 0 else { throw failure("No socket could be made") }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        #if canImport(Darwin)
            var on: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
        #endif
        return Socket(descriptor)
    }

    /// Listens for connections on loopback; port 0 takes a free one.
    static func listen(port: Int) throws(PipelineError) -> Socket {
        let result = try make(type: streamType)
        try result.bindLoopback(port: port)
        guard Self.listenCall(result.descriptor, 16) == 0 else { throw failure("Port \(port) cannot be listened on") }
        return result
    }

    /// A datagram socket on a free loopback port.
    static func datagram() throws(PipelineError) -> Socket {
        let result = try make(type: datagramType)
        try result.bindLoopback(port: 0)
        return result
    }

    /// Connects to a loopback port.
    static func connect(port: Int) throws(PipelineError) -> Socket {
        let result = try make(type: streamType)
        var address = loopback(port)
        let status = withSockaddr(&address) { connectCall(result.descriptor, $0, $1) }
        guard status == 0 else { throw failure("Nothing answers on port \(port)") }
        result.setNoDelay()
        return result
    }

    /// Waits for the next connection to a listening socket.
    func accept() throws(PipelineError) -> Socket {
        while true {
            let descriptor = Self.acceptCall(self.descriptor)
            if descriptor >= 0 {
                _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
                let result = Socket(descriptor)
                result.setNoDelay()
                return result
            }
            guard errno == EINTR || errno == ECONNABORTED else { throw Self.failure("No connection could be accepted") }
        }
    }

    /// The port that the socket is bound to.
    var port: Int {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// Writes all bytes; blocks while the peer's window is full.
    func send(_ bytes: [UInt8]) throws(PipelineError) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { Self.sendCall(descriptor, $0, sent) }
            if count > 0 {
                sent += count
            } else if errno != EINTR {
                throw Self.failure("The other end does not take what is sent")
            }
        }
    }

    /// Reads exactly `count` bytes; nil when the peer closed before the first one.
    func receive(exactly count: Int) throws(PipelineError) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = bytes.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress.map { $0 + filled }, count - filled, 0)
            }
            if got > 0 {
                filled += got
            } else if got == 0 {
                guard filled == 0 else { throw PipelineError(.network, "The connection closed inside a message.") }
                return nil
            } else if errno != EINTR {
                throw Self.failure("The connection broke")
            }
        }
        return bytes
    }

    /// Reads what is there, at most `count` bytes; empty when the peer closed.
    func receive(upTo count: Int) throws(PipelineError) -> [UInt8] {
        while true {
            var got = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
                got = recv(descriptor, buffer.baseAddress, count, 0)
                filled = max(0, got)
            }
            if got >= 0 { return bytes }
            guard errno == EINTR else { throw Self.failure("The connection broke") }
        }
    }

    /// Makes reads fail after that long without a byte.
    func setReceiveTimeout(milliseconds: Int) {
        var time = timeval()
        time.tv_sec = .init(milliseconds / 1000)
        time.tv_usec = .init(milliseconds % 1000 * 1000)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Ends both directions: blocked readers and writers of either end return.
    func shutDown() { shutdown(descriptor, bothDirections) }
}

// Datagrams, for clock probes.
extension Socket {
    /// Sends one datagram to a loopback port; a full queue or a dead peer loses it, as UDP may.
    func send(datagram bytes: [UInt8], to port: Int) {
        var address = Self.loopback(port)
        bytes.withUnsafeBytes { buffer in
            _ = Self.withSockaddr(&address) { sendto(descriptor, buffer.baseAddress, buffer.count, sendFlags, $0, $1) }
        }
    }

    /// Waits for one datagram of at most 512 bytes; nil at a timeout or when the socket was shut down.
    func receiveDatagram() -> (bytes: [UInt8], port: Int)? {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        var got = -1
        let bytes = [UInt8](unsafeUninitializedCapacity: 512) { buffer, filled in
            got = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    recvfrom(descriptor, buffer.baseAddress, buffer.count, 0, $0, &length)
                }
            }
            filled = max(0, got)
        }
        return got > 0 ? (bytes, Int(UInt16(bigEndian: address.sin_port))) : nil
    }
}

// The system calls whose names the methods above hide, and addresses.
extension Socket {
    private static func listenCall(_ descriptor: Int32, _ backlog: Int32) -> Int32 {
        #if canImport(Glibc)
            Glibc.listen(descriptor, backlog)
        #elseif canImport(Musl)
            Musl.listen(descriptor, backlog)
        #else
            Darwin.listen(descriptor, backlog)
        #endif
    }

    private static func acceptCall(_ descriptor: Int32) -> Int32 {
        #if canImport(Glibc)
            Glibc.accept(descriptor, nil, nil)
        #elseif canImport(Musl)
            Musl.accept(descriptor, nil, nil)
        #else
            Darwin.accept(descriptor, nil, nil)
        #endif
    }

    private static func connectCall(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t)
        -> Int32
    {
        #if canImport(Glibc)
            Glibc.connect(descriptor, address, length)
        #elseif canImport(Musl)
            Musl.connect(descriptor, address, length)
        #else
            Darwin.connect(descriptor, address, length)
        #endif
    }

    private static func sendCall(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, _ from: Int) -> Int {
        let base = bytes.baseAddress.map { $0 + from }
        #if canImport(Glibc)
            return Glibc.send(descriptor, base, bytes.count - from, sendFlags)
        #elseif canImport(Musl)
            return Musl.send(descriptor, base, bytes.count - from, sendFlags)
        #else
            return Darwin.send(descriptor, base, bytes.count - from, sendFlags)
        #endif
    }

    private func bindLoopback(port: Int) throws(PipelineError) {
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = Self.loopback(port)
        guard Self.withSockaddr(&address, { bind(descriptor, $0, $1) }) == 0 else {
            if errno == EADDRINUSE { throw PipelineError(.portInUse, "Port \(port) is used by another program.") }
            throw Self.failure("Port \(port) cannot be bound")
        }
    }

    private func setNoDelay() {
        // Frames are small and latency is what the traces show: never wait to fill a segment.
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        #if canImport(Darwin)
            setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
        #endif
    }

    private static func loopback(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private static func withSockaddr<R>(
        _ address: inout sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R
    ) -> R {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private static func failure(_ what: String) -> PipelineError {
        PipelineError(.network, "\(what): \(String(cString: strerror(errno))).")
    }
}
