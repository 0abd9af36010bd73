internal import CZstd
internal import SpanreelTracing

/// The content of a file in pieces, decompressed when it is zstd.
///
/// Memory is bounded: pieces of 256 KiB, a decompression window of at most 128 MiB, and a file that grows more
/// than a thousandfold is refused, so a few kilobytes cannot make the import run for ever.
final class PlainBytes {
    /// More raw bytes than this per stored byte is no trace.
    static let expansionMax = 1_000
    /// The expansion is judged only beyond this much.
    static let expansionFreeBytes = 64 << 20
    private static let pieceBytes = 256 << 10

    let file: FileBytes
    /// Why the content ended early, if it did: the compressed stream is cut or damaged.
    private(set) var damage: String?
    /// Raw bytes handed out so far.
    private(set) var rawBytes = 0
    /// Whether the file is zstd.
    let isCompressed: Bool

    private var input: [UInt8]
    private var inputUsed = 0
    private var fileEnded = false
    private var frameOpen = false
    private let context: OpaquePointer?

    /// Opens a file and looks at its first bytes.
    init(path: String) throws(TraceError) {
        file = try FileBytes(path: path)
        input = try file.read(limit: Self.pieceBytes)
        isCompressed = input.starts(with: [0x28, 0xB5, 0x2F, 0xFD])
        if !isCompressed {
            context = nil
        } else {
            guard let context = ZSTD_createDCtx() else {
                throw TraceError(.system, "There is no memory to decompress the file to import", path: path)
            }
            self.context = context
            _ = ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 27)
        }
    }

    deinit { ZSTD_freeDCtx(context) }

    /// The next piece; empty at the end, or where the content is damaged.
    func read() throws(TraceError) -> [UInt8] {
        guard let context else {
            let piece = input.isEmpty ? try file.read(limit: Self.pieceBytes) : input
            input = []
            rawBytes += piece.count
            return piece
        }
        while damage == nil {
            if inputUsed == input.count, !fileEnded {
                input = try file.read(limit: Self.pieceBytes)
                inputUsed = 0
                fileEnded = input.isEmpty
            }
            let piece = decompress(context)
            if !piece.isEmpty {
                rawBytes += piece.count
                try checkExpansion()
                return piece
            }
            if fileEnded {
                if frameOpen { damage = "the compressed content ends in the middle" }
                return []
            }
        }
        return []
    }

    private func decompress(_ context: OpaquePointer) -> [UInt8] {
        var result = 0
        var used = 0
        let piece = [UInt8](unsafeUninitializedCapacity: Self.pieceBytes) { target, count in
            input.withUnsafeBytes { source in
                var from = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: inputUsed)
                var into = ZSTD_outBuffer(dst: target.baseAddress, size: Self.pieceBytes, pos: 0)
                result = ZSTD_decompressStream(context, &into, &from)
                used = from.pos
                count = into.pos
            }
        }
        let moved = used > inputUsed || !piece.isEmpty
        inputUsed = used
        if ZSTD_isError(result) != 0 {
            damage = "the compressed content is damaged (\(String(cString: ZSTD_getErrorName(result))))"
        } else if moved {
            frameOpen = result != 0
        }
        return piece
    }

    private func checkExpansion() throws(TraceError) {
        guard rawBytes > Self.expansionFreeBytes, rawBytes / Self.expansionMax > file.positionBytes else { return }
        throw TraceError(
            .invalid,
            "The file grows more than \(Self.expansionMax)-fold when it is decompressed, which no trace does",
            path: file.path, offsetBytes: file.positionBytes)
    }
}
