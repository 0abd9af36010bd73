/// A payload before compression: what zstd sees, and what it would only be slowed down by.
struct BlockPayload {
    /// Becomes one zstd frame.
    var main: [UInt8]
    /// Stored as it is behind the frame.
    var tail: ArraySlice<UInt8> = []
}
