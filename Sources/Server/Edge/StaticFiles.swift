internal import Foundation
internal import Hummingbird

/// The page's files, read once into a table: a request can name an entry, never a path.
struct StaticFiles: Sendable {
    private struct Entry {
        var bytes: ByteBuffer
        var contentType: String
        var tag: String
    }

    private var entries: [String: Entry] = [:]

    /// Reads every file below `directory`; an unknown directory gives an empty table.
    init(directory: String?) {
        guard let directory, let names = FileManager.default.enumerator(atPath: directory) else { return }
        while let name = names.nextObject() as? String {
            guard let type = Self.contentTypes[(name as NSString).pathExtension.lowercased()],
                let data = FileManager.default.contents(atPath: directory + "/" + name)
            else { continue }
            entries["/" + name] = Entry(bytes: ByteBuffer(bytes: data), contentType: type, tag: Self.tag(data))
        }
        entries["/"] = entries["/index.html"]
    }

    /// Whether the page is there.
    var hasPage: Bool { entries["/"] != nil }

    /// The file of that name, or 304 when the browser has it already.
    func response(path: String, ifNoneMatch: String?) -> Response? {
        guard let entry = entries[path] else { return nil }
        // Revalidated every time: after an upgrade the page must not mix old modules with new ones.
        let headers: HTTPFields = [.eTag: entry.tag, .cacheControl: "no-cache", .contentType: entry.contentType]
        if ifNoneMatch == entry.tag { return Response(status: .notModified, headers: headers) }
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: entry.bytes))
    }

    /// FNV-1a over the content: the tag has to change with the file, not to resist anybody.
    private static func tag(_ data: Data) -> String {
        let hash = data.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return "\"\(String(hash, radix: 16))-\(data.count)\""
    }

    private static let contentTypes = [
        "html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8",
        "svg": "image/svg+xml", "png": "image/png", "ico": "image/x-icon", "json": "application/json",
        "woff2": "font/woff2", "txt": "text/plain; charset=utf-8",
    ]

    /// Where the page's files are: beside the executable, wherever it and its resources were moved together.
    ///
    /// The accessor that SwiftPM generates traps when the folder is missing, and knows the build folder's path; an
    /// installed binary must do without both.
    static func bundledDirectory() -> String? {
        let names = ["spanreel_SpanreelServer.resources", "spanreel_SpanreelServer.bundle"]
        var places: [URL] = [Bundle.main.bundleURL]
        if let executable = Bundle.main.executableURL?.resolvingSymlinksInPath() {
            let folder = executable.deletingLastPathComponent()
            places += [folder, folder.deletingLastPathComponent().appendingPathComponent("share/spanreel")]
        }
        // Test bundles: the resources lie beside the bundle, while the main bundle is the test runner.
        places += Bundle.allBundles.map { $0.bundleURL.deletingLastPathComponent() }
        for place in places {
            for name in names {
                let root = place.appendingPathComponent(name)
                for folder in [
                    root.appendingPathComponent("Public"), root.appendingPathComponent("Contents/Resources/Public"),
                ]
                where FileManager.default.fileExists(atPath: folder.path) {
                    return folder.path
                }
            }
        }
        return nil
    }
}
