internal import CSpanreel

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A file mapped into memory, shared with other processes.
///
/// Never unmapped while a thread may still write through it: the owner decides when `unmap` is safe.
// @unchecked: the pointer is immutable; who may write where is the business of Lane, Arena and StreamHead.
final class MappedFile: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let sizeBytes: Int
    let path: String
    private var isMapped = true

    /// Creates the file at full size. Space is reserved before the first store, because a store into a hole of a full
    /// disk is SIGBUS, which nobody can catch.
    static func create(_ path: String, sizeBytes: Int, populate: Bool) throws(TraceError) -> MappedFile {
        let fd = POSIX.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC)
        guard fd >= 0 else { throw .system("cannot create a mapped file", path) }
        defer { close(fd) }
        let failure =
            PlantedBug.isOn(.laneSparse) ? ftruncate(fd, off_t(sizeBytes)) : sp_reserve_space(fd, Int64(sizeBytes))
        guard failure == 0 else {
            unlink(path)
            throw .system("cannot reserve \(sizeBytes) bytes", path, code: failure)
        }
        guard let base = mmap(nil, sizeBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), base != MAP_FAILED else {
            unlink(path)
            throw .system("cannot map \(sizeBytes) bytes", path)
        }
        if populate { sp_populate(base, sizeBytes) }
        return MappedFile(base: base, sizeBytes: sizeBytes, path: path)
    }

    /// Opens an existing file for reading. A file shorter than `minimumBytes` is refused; these files never shrink.
    static func openForReading(_ path: String, minimumBytes: Int) throws(TraceError) -> MappedFile {
        try open(path, minimumBytes: minimumBytes, writable: false)
    }

    /// Opens an existing file for a new owner, such as the sealer of a dead process.
    static func openForWriting(_ path: String, minimumBytes: Int) throws(TraceError) -> MappedFile {
        try open(path, minimumBytes: minimumBytes, writable: true)
    }

    private static func open(_ path: String, minimumBytes: Int, writable: Bool) throws(TraceError) -> MappedFile {
        let fd = POSIX.open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC)
        guard fd >= 0 else { throw .system("cannot open", path) }
        defer { close(fd) }
        let size = POSIX.sizeBytes(fd)
        guard size >= minimumBytes else {
            throw TraceError(.corrupt, "expected at least \(minimumBytes) bytes, found \(size)", path: path)
        }
        let protection = writable ? PROT_READ | PROT_WRITE : PROT_READ
        guard let base = mmap(nil, size, protection, MAP_SHARED, fd, 0), base != MAP_FAILED else {
            throw .system("cannot map \(size) bytes", path)
        }
        return MappedFile(base: base, sizeBytes: size, path: path)
    }

    private init(base: UnsafeMutableRawPointer, sizeBytes: Int, path: String) {
        self.base = base
        self.sizeBytes = sizeBytes
        self.path = path
    }

    /// Gives the memory back. Only when no thread can still hold a pointer into it.
    func unmap() {
        guard isMapped else { return }
        isMapped = false
        munmap(base, sizeBytes)
    }
}
