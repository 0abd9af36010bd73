internal import CZstd

/// One zstd compressor. Frames carry zstd's own checksum: without it 99.9 % of single flipped bits decode to wrong data
/// without an error.
// @unchecked: a context is used by one owner at a time, which its two users (Sealer, SessionWriter) are.
package final class ZstdCompressor: @unchecked Sendable {
    private let context: OpaquePointer

    package init(level: Int) throws(TraceError) {
        guard let context = ZSTD_createCCtx() else { throw TraceError(.system, "zstd could not allocate a compressor") }
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(level))
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, PlantedBug.isOn(.payloadUnchecked) ? 0 : 1)
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
    /// Expands one frame that must hold exactly `rawLength` bytes; nil for anything else. Never allocates more.
    static func decompress(_ frame: ArraySlice<UInt8>, rawLength: Int) -> [UInt8]? {
        var code = -1
        let bytes = frame.withUnsafeBytes { source in
            // One frame and nothing behind it, of the size that the header announced: no bomb, no stowaway.
            guard ZSTD_findFrameCompressedSize(source.baseAddress, source.count) == source.count,
                ZSTD_getFrameContentSize(source.baseAddress, source.count) == UInt64(rawLength)
            else { return [UInt8]() }
            return [UInt8](unsafeUninitializedCapacity: rawLength) { buffer, count in
                code = ZSTD_decompress(buffer.baseAddress, rawLength, source.baseAddress, source.count)
                count = ZSTD_isError(code) == 0 ? code : 0
            }
        }
        return ZSTD_isError(code) == 0 && bytes.count == rawLength ? bytes : nil
    }
}
