#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif
internal import SpanreelTracing

/// A regular file, read from front to back in pieces.
final class FileBytes {
    let path: String
    /// The file's size when it was opened.
    let sizeBytes: Int
    /// Bytes handed out so far.
    private(set) var positionBytes = 0
    private let descriptor: Int32

    /// Opens a file; anything but a readable regular file is refused in one sentence.
    init(path: String) throws(TraceError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let reason = errno == ENOENT ? "there is no such file" : String(cString: strerror(errno))
            throw TraceError(.unreadable, "Cannot read the file to import: \(reason)", path: path)
        }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw TraceError(.invalid, "Cannot import this: expected a file, found something else", path: path)
        }
        self.path = path
        self.descriptor = descriptor
        sizeBytes = Int(facts.st_size)
    }

    deinit { close(descriptor) }

    /// The next piece, at most `limit` bytes; empty at the end.
    func read(limit: Int) throws(TraceError) -> [UInt8] {
        var failure: Int32 = 0
        let piece = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            while true {
                #if canImport(Darwin)
                    let got = Darwin.read(descriptor, buffer.baseAddress, limit)
                #elseif canImport(Glibc)
                    let got = Glibc.read(descriptor, buffer.baseAddress, limit)
                #elseif canImport(Musl)
                    let got = Musl.read(descriptor, buffer.baseAddress, limit)
                #endif
                if got < 0, errno == EINTR { continue }
                failure = got < 0 ? errno : 0
                count = max(0, got)
                return
            }
        }
        guard failure == 0 else {
            throw TraceError(
                .unreadable, "Reading the file to import failed: \(String(cString: strerror(failure)))", path: path,
                offsetBytes: positionBytes)
        }
        positionBytes += piece.count
        return piece
    }
}
