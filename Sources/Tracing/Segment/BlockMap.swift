/// Where the blocks of a file lie: for tools and tests that look at bytes.
package struct BlockMap {
    /// One block.
    package struct Block: Sendable {
        /// Header and payload, in bytes of the file.
        package var range: Range<Int>
        /// The incarnation of its events; 0 for a description.
        package var incarnation: UInt64
        /// The sequences it holds; nil for a description.
        package var sequences: ClosedRange<UInt64>?
    }

    /// The intact blocks of the file at `path`, in order.
    package static func blocks(ofFile path: String) throws(TraceError) -> [Block] {
        try BlockFileReader(path: path).newBlocks().map { block in
            let isEvents = block.header.type == .events
            return Block(
                range: block.payloadOffset - BlockHeader.sizeBytes..<block.endOffset,
                incarnation: isEvents ? block.header.incarnation : 0,
                sequences: isEvents ? block.header.firstSequence...block.header.lastSequence : nil)
        }
    }
}
