internal import CSpanreel

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The few system calls that files of the log need, with errors in words.
enum POSIX {
    static func open(_ path: String, _ flags: Int32, _ mode: mode_t = 0o600) -> Int32 {
        #if canImport(Glibc)
            Glibc.open(path, flags, mode)
        #else
            Darwin.open(path, flags, mode)
        #endif
    }

    /// Size of an open file, or -1.
    static func sizeBytes(_ fd: Int32) -> Int {
        var info = stat()
        return fstat(fd, &info) == 0 ? Int(info.st_size) : -1
    }

    static func isDirectory(_ path: String) -> Bool {
        var info = stat()
        return stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
    }

    static func exists(_ path: String) -> Bool {
        var info = stat()
        return stat(path, &info) == 0
    }

    static func fileSizeBytes(_ path: String) -> Int? {
        var info = stat()
        return stat(path, &info) == 0 ? Int(info.st_size) : nil
    }

    /// Names in a directory, sorted, without `.` and `..`; nil when it cannot be read.
    static func list(_ path: String) -> [String]? {
        guard let handle = opendir(path) else { return nil }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: tuple.pointee)) {
                    String(cString: $0)
                }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Creates a directory of mode 0700 and its parents. An existing one is fine.
    static func makeDirectories(_ path: String) throws(TraceError) {
        if isDirectory(path) { return }
        let parent = Path.parent(path)
        if parent != path && !parent.isEmpty { try makeDirectories(parent) }
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw .system("cannot create the directory", path) }
    }

    /// Removes a file or a whole tree; what is missing already is fine.
    static func removeTree(_ path: String) {
        var info = stat()
        guard lstat(path, &info) == 0 else { return }
        if info.st_mode & S_IFMT == S_IFDIR {
            for name in list(path) ?? [] { removeTree(Path.join(path, name)) }
            rmdir(path)
        } else {
            unlink(path)
        }
    }

    /// Makes a rename in `directory` survive power loss.
    static func syncDirectory(_ directory: String) {
        let fd = open(directory, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { return }
        fsync(fd)
        close(fd)
    }

    /// Writes all bytes; interrupted and short calls go on. Returns 0, or the `errno` that ended it.
    ///
    /// A file-size limit answers with a signal whose default action is death; the application's disposition is not ours to
    /// change, so the signal is blocked for the calling thread and taken back.
    static func write(_ fd: Int32, _ bytes: [UInt8]) -> Int32 {
        var blocked = sigset_t()
        var before = sigset_t()
        sigemptyset(&blocked)
        sigaddset(&blocked, SIGXFSZ)
        pthread_sigmask(SIG_BLOCK, &blocked, &before)
        let failure = bytes.withUnsafeBytes { writeBlocked(fd, $0) }
        if failure == EFBIG { discard(SIGXFSZ) }
        pthread_sigmask(SIG_SETMASK, &before, nil)
        return failure
    }

    private static func writeBlocked(_ fd: Int32, _ bytes: UnsafeRawBufferPointer) -> Int32 {
        var offset = 0
        while offset < bytes.count, let base = bytes.baseAddress {
            let count = systemWrite(fd, base + offset, bytes.count - offset)
            if count < 0 {
                if errno == EINTR { continue }
                return errno
            }
            // A call that takes nothing and says nothing would never end.
            if count == 0 { return ENOSPC }
            offset += count
            if PlantedBug.isOn(.shortWriteIgnored) { return 0 }
        }
        return 0
    }

    private static func systemWrite(_ fd: Int32, _ base: UnsafeRawPointer, _ count: Int) -> Int {
        #if canImport(Glibc)
            Glibc.write(fd, base, count)
        #else
            Darwin.write(fd, base, count)
        #endif
    }

    /// Takes a pending signal of the calling thread back.
    private static func discard(_ signal: Int32) {
        var pending = sigset_t()
        sigpending(&pending)
        guard sigismember(&pending, signal) == 1 else { return }
        var wanted = sigset_t()
        sigemptyset(&wanted)
        sigaddset(&wanted, signal)
        var taken: Int32 = 0
        sigwait(&wanted, &taken)
    }

    /// Reads `count` bytes at `offset`; fewer at the end of the file.
    static func read(_ fd: Int32, offset: Int, count: Int, path: String) throws(TraceError) -> [UInt8] {
        var failed: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            (filled, failed) = fill(UnsafeMutableRawBufferPointer(buffer), fd, offset, count)
        }
        guard failed == 0 else { throw .system("cannot read", path, code: failed) }
        return bytes
    }

    /// The same into `bytes`, which has `count` bytes: how many there were.
    static func read(
        _ fd: Int32, offset: Int, into bytes: inout [UInt8], path: String
    ) throws(TraceError) -> Int {
        let (filled, failed) = bytes.withUnsafeMutableBytes { fill($0, fd, offset, $0.count) }
        guard failed == 0 else { throw .system("cannot read", path, code: failed) }
        return filled
    }

    private static func fill(
        _ buffer: UnsafeMutableRawBufferPointer, _ fd: Int32, _ offset: Int, _ count: Int
    ) -> (filled: Int, failed: Int32) {
        var filled = 0
        while filled < count, let base = buffer.baseAddress {
            let got = pread(fd, base + filled, count - filled, off_t(offset + filled))
            if got < 0 {
                if errno == EINTR { continue }
                return (filled, errno)
            }
            if got == 0 { break }
            filled += got
        }
        return (filled, 0)
    }

    /// Makes a file's data survive power loss: 0, or -1 and `errno`.
    static func dataSync(_ fd: Int32) -> Int32 {
        if PlantedBug.isOn(.syncSkipped) { return 0 }
        #if canImport(Glibc)
            return fdatasync(fd)
        #else
            return fcntl(fd, F_FULLFSYNC)
        #endif
    }

    static func hostName() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static func environment(_ name: String) -> String? {
        guard let value = getenv(name) else { return nil }
        let text = String(cString: value)
        return text.isEmpty ? nil : text
    }

    /// The machine's boot, so that stamps of two boots are never put on one clock.
    static func bootID() -> String {
        #if canImport(Glibc)
            let fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
            guard fd >= 0 else { return "unknown" }
            defer { close(fd) }
            let bytes = (try? read(fd, offset: 0, count: 36, path: "boot_id")) ?? []
            return String(decoding: bytes, as: UTF8.self)
        #else
            var time = timeval()
            var size = MemoryLayout<timeval>.size
            guard sysctlbyname("kern.boottime", &time, &size, nil, 0) == 0 else { return "unknown" }
            return "\(time.tv_sec)"
        #endif
    }
}

extension TraceError {
    /// What the system said about `path`: `errno`, or the code given.
    static func system(_ what: String, _ path: String, code: Int32 = errno) -> TraceError {
        let reason = String(cString: strerror(code))
        return TraceError(code == ENOENT ? .unreadable : .system, "\(what): \(reason)", path: path)
    }
}

extension POSIX {
    /// Atomic on one file system. An existing directory that is not empty refuses.
    static func rename(_ from: String, _ to: String) -> Bool {
        #if canImport(Glibc)
            Glibc.rename(from, to) == 0
        #else
            Darwin.rename(from, to) == 0
        #endif
    }

    /// Two paths of one file system change places at once; false where the system cannot do that.
    static func exchange(_ a: String, _ b: String) -> Bool { sp_exchange_paths(a, b) == 0 }

    static func processID() -> Int { Int(getpid()) }
    static func userID() -> Int { Int(getuid()) }

    static func remove(_ path: String) { unlink(path) }

    static func closeFile(_ fd: Int32) { close(fd) }
}
