internal import CSpanreel

// A growing session:
//
//   NAME.reel/
//     session                     who it is: a description block
//     streams/<id>-<epoch>/       one for each process
//       lock                      held by the owner (OFD lock)
//       head names contexts       mapped: state and heartbeat, strings and roles, traces
//       0000.seg 0001.seg ...     blocks
//       lanes/                    when there is no room in /dev/shm

/// Where things are inside a session directory.
struct SessionDirectory {
    let path: String

    init(_ path: String) { self.path = Path.strip(path) }

    var sessionFile: String { Path.join(path, "session") }
    var streamsPath: String { Path.join(path, "streams") }

    static func segmentName(_ index: Int) -> String {
        let digits = String(index)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits + ".seg"
    }

    /// Paths of a stream's segments, sorted.
    static func segmentPaths(_ stream: String) -> [String] {
        (POSIX.list(stream) ?? []).filter { $0.hasSuffix(".seg") }.map { Path.join(stream, $0) }
    }

    /// A stream's directory and what its name says.
    struct Stream {
        var path: String
        var id: StreamID
        var epoch: UInt32
    }

    /// The stream directories, sorted by path; what is named otherwise is none.
    var streams: [Stream] {
        (POSIX.list(streamsPath) ?? []).compactMap { name in
            let parts = name.split(separator: "-")
            guard parts.count == 2, let id = StreamID(hex: parts[0]), let epoch = UInt32(parts[1]) else { return nil }
            return Stream(path: Path.join(streamsPath, name), id: id, epoch: epoch)
        }
    }

    /// Identity of a session, and the one clock of the boot that made it.
    struct Identity {
        var info: SessionInfo
        var bootID: String
        /// What every process of that boot stamps with, so that their stamps compare exactly.
        var clock: ClockSource
    }

    /// Creates the directory, or joins the one that is there. Two processes may race: one creates, the other joins.
    static func openOrCreate(_ path: String, name: String?) throws(TraceError) -> Identity {
        let directory = SessionDirectory(path)
        if POSIX.exists(directory.path) { return try directory.identity() }
        try POSIX.makeDirectories(Path.parent(directory.path))
        let temporary = Path.join(
            Path.parent(directory.path), ".\(Path.last(directory.path)).\(Hex.string(Random.bits()))")
        try POSIX.makeDirectories(Path.join(temporary, "streams"))
        do throws(TraceError) {
            try SessionDirectory(temporary).writeIdentity(name: name ?? SessionPlace.name(ofPath: directory.path))
        } catch {
            POSIX.removeTree(temporary)
            throw error
        }
        if !POSIX.rename(temporary, directory.path) {
            POSIX.removeTree(temporary)
            guard POSIX.exists(directory.path) else { throw .system("cannot create the session", directory.path) }
        }
        POSIX.syncDirectory(Path.parent(directory.path))
        return try directory.identity()
    }

    private func writeIdentity(name: String) throws(TraceError) {
        let clock = ClockSource.measure()
        let session = SessionID.random()
        let header = FileHeader(
            kind: .session, epoch: 0, session: session, stream: .none, syncMarker: .random(),
            createdUnixNanos: clock.calibration.unixAnchor)
        let writer = try BlockFileWriter(creating: sessionFile, header: header, compressor: ZstdCompressor(level: 3))
        let description = Description(
            values: [
                "session": session.description, "created": String(clock.calibration.unixAnchor),
                "name": name, "boot": POSIX.bootID(),
            ].merging(clock.facts) { $1 })
        try writer.append(description.payload, BlockHeader(type: .description, stream: .none))
        try writer.sync()
        // The names in the new directory have to survive before the directory gets its own.
        POSIX.syncDirectory(path)
    }

    /// Reads the `session` file.
    func identity() throws(TraceError) -> Identity {
        guard POSIX.exists(sessionFile) else {
            throw TraceError(
                .notASession,
                "expected a session (a directory with a file `session`, or a packed .reel file), found neither",
                path: path)
        }
        let reader = try BlockFileReader(path: sessionFile)
        var description = Description()
        for block in try reader.newBlocks() where block.header.type == .description {
            if let payload = try reader.payload(block), let part = Description.parse(payload) {
                description.merge(part)
            }
        }
        guard let clock = ClockSource(facts: description.values), reader.damages.isEmpty, reader.tail == nil else {
            throw TraceError(.corrupt, "expected who the session is, found a damaged file", path: sessionFile)
        }
        let info = SessionInfo(
            id: reader.header.session, name: description.values["name"] ?? SessionPlace.name(ofPath: path), path: path,
            isPacked: false, createdUnixNanos: reader.header.createdUnixNanos)
        return Identity(info: info, bootID: description.values["boot"] ?? "", clock: clock)
    }

    /// As `identity`, also when the `session` file is damaged: its segments repeat whose they are. For reading only; who
    /// would write into the session needs its clock's anchor.
    func salvagedIdentity() throws(TraceError) -> (identity: Identity, damages: [Damage]) {
        let failure: TraceError
        do throws(TraceError) { return (try identity(), []) } catch { failure = error }
        guard failure.code != .unsupportedVersion, POSIX.exists(sessionFile) || POSIX.isDirectory(streamsPath) else {
            throw failure
        }
        var header = try? BlockFileReader(path: sessionFile).header
        for stream in streams where header?.session.isNone ?? true {
            let segments = Self.segmentPaths(stream.path).lazy
            header = segments.compactMap { try? BlockFileReader(path: $0) }.first?.header ?? header
        }
        guard let header else { throw failure }
        let info = SessionInfo(
            id: header.session, name: SessionPlace.name(ofPath: path), path: path, isPacked: false,
            createdUnixNanos: header.createdUnixNanos)
        let clock = ClockSource(
            name: "", calibration: Calibration(ticksAnchor: 0, unixAnchor: 0, rate: Calibration.unitRate), step: 1)
        let damage = Damage(
            kind: .fileHeader, path: sessionFile, offsetBytes: 0, lengthBytes: POSIX.fileSizeBytes(sessionFile) ?? 0,
            level: .durable, message: "\(failure.message); who the session is was taken from its segments")
        return (Identity(info: info, bootID: "", clock: clock), [damage])
    }
}

/// Where sessions live and what a name stands for.
public enum SessionPlace {
    /// `SPANREEL_DIR`, else `~/.local/share/spanreel` (macOS: Application Support).
    public static var defaultDirectory: String {
        if let directory = POSIX.environment("SPANREEL_DIR") { return directory }
        let home = POSIX.environment("HOME") ?? "."
        #if canImport(Darwin)
            return Path.join(home, "Library/Application Support/spanreel")
        #else
            return Path.join(POSIX.environment("XDG_DATA_HOME") ?? Path.join(home, ".local/share"), "spanreel")
        #endif
    }

    /// The path of a session given by path or by name: anything with a slash or ending in `.reel` is a path.
    public static func path(_ nameOrPath: String, in directory: String? = nil) -> String {
        if nameOrPath.contains("/") || nameOrPath.hasSuffix(".reel") { return Path.strip(nameOrPath) }
        return Path.join(directory ?? defaultDirectory, nameOrPath + ".reel")
    }

    /// The session's name that a path suggests.
    public static func name(ofPath path: String) -> String {
        let last = Path.last(path)
        return last.hasSuffix(".reel") ? String(last.dropLast(5)) : last
    }
}
