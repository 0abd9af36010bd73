internal import CSpanreel

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The lock that makes one process a stream's owner. Its file names the holder, for the sentence that a second one gets.
enum OwnerLock {
    /// Takes the lock and returns its file; whoever closes that gives the lock up.
    ///
    /// - Throws: `busy`, with the holder named, when another has it.
    static func take(_ path: String) throws(TraceError) -> Int32 {
        let fd = POSIX.open(path, O_RDWR | O_CREAT | O_CLOEXEC)
        guard fd >= 0 else { throw .system("cannot open the stream's lock", path) }
        guard sp_lock_exclusive(fd) == 0 || PlantedBug.isOn(.lockIgnored) else {
            let bytes = (try? POSIX.read(fd, offset: 0, count: 256, path: path)) ?? []
            close(fd)
            let holder = SafeText.visible(String(decoding: bytes.prefix { $0 != 10 }, as: UTF8.self))
            throw TraceError(
                .busy,
                "expected a stream without an owner, found one that \(holder.isEmpty ? "another process" : holder) writes",
                path: Path.parent(path))
        }
        // A label only: the kernel's lock decides. A full disk does not take it away.
        let label = Array("process \(POSIX.processID()) on \(POSIX.hostName())\n".utf8)
        if ftruncate(fd, 0) == 0 { _ = POSIX.write(fd, label) }
        return fd
    }
}
