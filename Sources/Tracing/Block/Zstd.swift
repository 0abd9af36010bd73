internal import CZstd

/// One zstd compressor. Frames carry zstd's own checksum: without it 99.9 % of single flipped bits decode to wrong data
/// without an error.
// @unchecked: a context is used by one owner at a time, which its two users (Sealer, SessionWriter) are.
package final class ZstdCompressor: @unchecked Sendable {
    /// From here on zstd looks for matches of three and four bytes unless it is told not to.
    private static let strongLevel = 13
    private let context: OpaquePointer

    package init(level: Int) throws(TraceError) {
        guard let context = ZSTD_createCCtx() else { throw TraceError(.system, "zstd could not allocate a compressor") }
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(level))
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, PlantedBug.isOn(.payloadUnchecked) ? 0 : 1)
        // Columns of small numbers are full of matches of three bytes that save next to nothing and cost a reader a third
        // of its time: docs/DECISIONS.md.
        if level >= Self.strongLevel { ZSTD_CCtx_setParameter(context, ZSTD_c_minMatch, 6) }
        self.context = context
    }

    deinit { ZSTD_freeCCtx(context) }

    /// Compresses `bytes` into one frame.
    package func compress(_ bytes: [UInt8]) throws(TraceError) -> [UInt8] {
        let bound = ZSTD_compressBound(bytes.count)
        var code = 0
        let frame = [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
            code = ZSTD_compress2(context, buffer.baseAddress, bound, bytes, bytes.count)
            count = ZSTD_isError(code) == 0 ? code : 0
        }
        guard ZSTD_isError(code) == 0 else {
            throw TraceError(.system, "zstd could not compress: \(String(cString: ZSTD_getErrorName(code)))")
        }
        return frame
    }
}

/// Decompression with a bound that is known before anything is allocated.
enum Zstd {
    /// Expands the frame at the beginning, which must hold exactly `rawLength` bytes; what follows it is the payload's
    /// raw tail. Nil for anything else. Never allocates more than the two.
    static func decompress(_ stored: [UInt8], rawLength: Int) -> BlockPayload? {
        var main: [UInt8] = []
        guard let frameBytes = ZstdDecompressor().decompress(stored, rawLength: rawLength, into: &main) else {
            return nil
        }
        return BlockPayload(main: main, tail: stored[frameBytes...])
    }
}

/// One zstd decompressor, for one owner at a time.
final class ZstdDecompressor {
    // Nil when there was no memory for it: then nothing decompresses.
    private let context = ZSTD_createDCtx()

    deinit { ZSTD_freeDCtx(context) }

    /// Expands the frame at the beginning of `stored` into `main`, which keeps its memory; returns the frame's bytes.
    func decompress(_ stored: [UInt8], rawLength: Int, into main: inout [UInt8]) -> Int? {
        stored.withUnsafeBytes { source in
            let frameBytes = ZSTD_findFrameCompressedSize(source.baseAddress, source.count)
            // Of the size that the header announced: no bomb. With a checksum of its own: bit 2 of the descriptor, which
            // follows the magic (RFC 8878, 3.1.1.1.1).
            guard ZSTD_isError(frameBytes) == 0, source.count > 4,
                source[4] & 4 != 0 || PlantedBug.isOn(.payloadUnchecked),
                ZSTD_getFrameContentSize(source.baseAddress, source.count) == UInt64(rawLength)
            else { return nil }
            main.resize(rawLength)
            let code = main.withUnsafeMutableBytes { target in
                ZSTD_decompressDCtx(context, target.baseAddress, rawLength, source.baseAddress, frameBytes)
            }
            return ZSTD_isError(code) == 0 && code == rawLength ? frameBytes : nil
        }
    }
}

extension [UInt8] {
    /// As many bytes, of any value, in the memory that there is when it suffices.
    mutating func resize(_ count: Int) {
        if count > capacity {
            self = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
                buffer.initialize(repeating: 0)
                filled = count
            }
        } else if count < self.count {
            removeLast(self.count - count)
        } else {
            append(contentsOf: repeatElement(0, count: count - self.count))
        }
    }
}

/// Compresses only to see how small a column gets.
final class ZstdTrial {
    private let context: OpaquePointer
    private var target = RawBytes()

    init() throws(TraceError) {
        guard let context = ZSTD_createCCtx() else { throw TraceError(.system, "zstd could not allocate a compressor") }
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 3)
        ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0)
        self.context = context
    }

    deinit { ZSTD_freeCCtx(context) }

    /// Bytes of one frame without its header; what does not shrink counts as it is.
    func sizeBytes(_ bytes: UnsafeRawBufferPointer) -> Int {
        let bound = ZSTD_compressBound(bytes.count)
        target.removeAll()
        let code = ZSTD_compress2(context, target.extend(bound), bound, bytes.baseAddress, bytes.count)
        guard ZSTD_isError(code) == 0 else { return bytes.count }
        return min(bytes.count, max(1, Int(code) - 9))
    }
}
