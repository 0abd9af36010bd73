internal import Foundation
internal import SpanreelTracing

/// Which sessions there are, and what a name in a request means.
///
/// A request's name is only ever looked up in the table that scanning made: it is never part of a path.
actor SessionCatalog {
    /// Where a session lies, and what its headers said.
    private struct Entry {
        var path: String
        var file: FileState
        var description: SessionDescription
    }

    private struct FileState: Equatable {
        var inode: UInt64
        var isDirectory: Bool
        var sizeBytes: Int
        var modified: Date
    }

    private struct OpenHandle {
        var inode: UInt64
        var handle: SessionHandle
        var used: ContinuousClock.Instant
    }

    /// Sessions kept open at once; the least recently asked for is let go.
    private static let openHandles = 8
    private static let scanInterval: Duration = .milliseconds(500)

    private let directories: [String]
    private let paths: [String]
    private let source: SessionSource
    private var entries: [Entry] = []
    private var scanned: ContinuousClock.Instant?
    private var handles: [String: OpenHandle] = [:]

    /// A catalog of the sessions in `directories` and at `paths`; either may come to be later.
    init(directories: [String], paths: [String], source: SessionSource) {
        self.directories = directories.map(Self.standard)
        self.paths = paths.map(Self.standard)
        self.source = source
    }

    // MARK: Questions

    /// Every session that can be read, newest first.
    func list() -> [SessionDescription] {
        scan()
        return entries.map(\.description).sorted {
            ($0.createdUnixNanos, $1.name, $1.id) > ($1.createdUnixNanos, $0.name, $0.id)
        }
    }

    /// The session of that id or name; `current` is the newest live one, else the one opened, else the newest.
    func find(_ name: String) async throws -> SessionHandle {
        scan()
        let found = name == "current" ? current() : entries.first { $0.description.id == name } ?? named(name)
        guard let found else {
            throw APIError.notFound(
                name == "current" ? "There is no session yet." : "There is no session of that id or name.")
        }
        return try await handle(of: found)
    }

    /// The session that `current` means; nil while there is none.
    func currentHandle() async throws -> SessionHandle? {
        scan()
        guard let found = current() else { return nil }
        return try await handle(of: found)
    }

    /// Where the session of that id or name lies.
    func path(of name: String) throws -> String {
        scan()
        let found = name == "current" ? current() : entries.first { $0.description.id == name } ?? named(name)
        guard let found else { throw APIError.notFound("There is no session of that id or name.") }
        return found.path
    }

    private func named(_ name: String) -> Entry? {
        let matching = entries.filter { $0.description.name == name }
        return matching.first { paths.contains($0.path) }
            ?? matching.max { $0.description.createdUnixNanos < $1.description.createdUnixNanos }
    }

    private func current() -> Entry? {
        func newest(_ some: [Entry]) -> Entry? {
            some.max { $0.description.createdUnixNanos < $1.description.createdUnixNanos }
        }
        // Paths were given and none is there yet: older sessions of the directory are not what is waited for.
        if !paths.isEmpty, !entries.contains(where: { paths.contains($0.path) || $0.description.state == .live }) {
            return nil
        }
        return newest(entries.filter { $0.description.state == .live })
            ?? paths.lazy.compactMap { path in self.entries.first { $0.path == path } }.first
            ?? newest(entries)
    }

    // MARK: Open sessions

    private func handle(of entry: Entry) async throws -> SessionHandle {
        let now = ContinuousClock.now
        // Another inode at the same path: the directory was packed, or the file replaced.
        if let open = handles[entry.path], open.inode == entry.file.inode {
            handles[entry.path]?.used = now
            return open.handle
        }
        let handle = try await SessionHandle.open(entry.path, source)
        // While this waited another request may have opened it too; one of them has to win, so that refreshes are shared.
        if let open = handles[entry.path], open.inode == entry.file.inode { return open.handle }
        handles[entry.path] = OpenHandle(inode: entry.file.inode, handle: handle, used: now)
        if handles.count > Self.openHandles, let oldest = handles.min(by: { $0.value.used < $1.value.used }) {
            handles[oldest.key] = nil
        }
        return handle
    }

    // MARK: Scanning

    private func scan() {
        let now = ContinuousClock.now
        if let scanned, now - scanned < Self.scanInterval { return }
        scanned = now
        let known = Dictionary(entries.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        var found: [Entry] = []
        for path in candidates() {
            guard let file = Self.fileState(path) else { continue }
            // A packed file's headers never change. A directory's streams end and die without touching it; a new one
            // changes the folder of streams.
            if let entry = known[path], entry.file == file, entry.description.state == .saved {
                found.append(entry)
            } else if let description = try? source.describe(path) {
                found.append(Entry(path: path, file: file, description: description))
            }
        }
        entries = found
        for (path, open) in handles where !found.contains(where: { $0.path == path && $0.file.inode == open.inode }) {
            handles[path] = nil
        }
    }

    private func candidates() -> [String] {
        var all = paths
        for directory in directories {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
            // A leading dot: a session that is being created or packed.
            for name in names.sorted() where name.hasSuffix(".reel") && !name.hasPrefix(".") {
                let path = Self.standard(directory + "/" + name)
                if !all.contains(path) { all.append(path) }
            }
        }
        return all
    }

    private static func fileState(_ path: String) -> FileState? {
        let path = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        guard let facts = try? FileManager.default.attributesOfItem(atPath: path) else { return nil }
        let isDirectory = facts[.type] as? FileAttributeType == .typeDirectory
        let content = isDirectory ? try? FileManager.default.attributesOfItem(atPath: path + "/streams") : facts
        return FileState(
            inode: (facts[.systemFileNumber] as? NSNumber)?.uint64Value ?? 0,
            isDirectory: isDirectory,
            sizeBytes: (facts[.size] as? NSNumber)?.intValue ?? 0,
            modified: content?[.modificationDate] as? Date ?? .distantPast)
    }

    private static func standard(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }
}
