#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A line on standard error.
func complain(_ text: String) {
    let line = Array((text + "\n").utf8)
    _ = write(2, line, line.count)
}

/// A line on standard output, at once.
func say(_ text: String) {
    let line = Array((text + "\n").utf8)
    _ = write(1, line, line.count)
}

/// What a system call of the kit itself failed with.
struct KitError: Error, CustomStringConvertible {
    var description: String
    init(_ what: String) { description = "\(what): \(String(cString: strerror(errno)))" }
}

/// Monotonic nanoseconds.
func nanos() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// xorshift64*, so that a printed seed repeats a run.
struct Seeded {
    private var state: UInt64
    init(_ seed: UInt64) { state = (seed &+ 1) &* 0x9E37_79B9_7F4A_7C15 | 1 }
    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_F491_4F6C_DD1D
    }
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(bound, 1))) }
}

/// Counters in a shared mapping: a SIGKILL cannot lose them. One cache line each; 0 is for states.
struct Oracle: @unchecked Sendable {
    // The mapping lives as long as the process; each counter has one writer.
    static let lines = 32
    let base: UnsafeMutablePointer<UInt64>

    init(_ path: String) throws {
        let bytes = Self.lines * 64
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0, ftruncate(descriptor, off_t(bytes)) == 0,
            let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), memory != MAP_FAILED
        else { throw KitError("cannot map \(path)") }
        close(descriptor)
        base = memory.bindMemory(to: UInt64.self, capacity: bytes / 8)
    }

    subscript(_ line: Int) -> UInt64 {
        get { base[line * 8] }
        nonmutating set { base[line * 8] = newValue }
    }

    /// Back to zero, for the next process.
    func clear() { for line in 0..<Self.lines { self[line] = 0 } }
}

/// Starts a thread that runs for ever, or as long as `body` does.
func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    let box = Unmanaged.passRetained(Box(body)).toOpaque()
    #if canImport(Glibc)
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { pointer in
                if let pointer { Unmanaged<Box>.fromOpaque(pointer).takeRetainedValue().body() }
                return nil
            }, box)
        pthread_detach(thread)
    #else
        var thread: pthread_t?
        pthread_create(
            &thread, nil,
            { pointer in
                Unmanaged<Box>.fromOpaque(pointer).takeRetainedValue().body()
                return nil
            }, box)
        if let thread { pthread_detach(thread) }
    #endif
}

/// Runs this executable again with other arguments.
func spawnSelf(_ arguments: [String]) throws -> pid_t {
    let argv = ([CommandLine.arguments[0]] + arguments).map { strdup($0) } + [nil]
    defer { argv.forEach { free($0) } }
    var process: pid_t = 0
    let status = posix_spawn(&process, CommandLine.arguments[0], nil, nil, argv, environ)
    guard status == 0 else { throw KitError("cannot start myself (\(status))") }
    return process
}

/// Files of the kit: in memory where that is possible, gone afterwards.
final class Workplace {
    let path: String
    nonisolated(unsafe) private static var count = 0
    // Made on the main thread alone.

    init() throws {
        let parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        Self.count += 1
        path = "\(parent)/spanreel-torture-\(getpid())-\(Self.count)"
        removeTree(path)
        guard mkdir(path, 0o700) == 0 else { throw KitError("cannot make \(path)") }
    }
    deinit { removeTree(path) }
    func callAsFunction(_ name: String) -> String { path + "/" + name }
}

func removeTree(_ path: String) {
    var info = stat()
    guard lstat(path, &info) == 0 else { return }
    guard info.st_mode & S_IFMT == S_IFDIR else {
        unlink(path)
        return
    }
    for name in names(path) { removeTree(path + "/" + name) }
    rmdir(path)
}

func names(_ path: String) -> [String] {
    guard let handle = opendir(path) else { return [] }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
            tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
}

func readFile(_ path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw KitError("cannot open \(path)") }
    defer { close(descriptor) }
    var info = stat()
    fstat(descriptor, &info)
    let size = Int(info.st_size)
    return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
        count = max(0, read(descriptor, buffer.baseAddress, size))
    }
}
