internal import CSpanreel

/// Where a stream's lanes lie.
enum LanePlace {
    /// `/dev/shm` spares the disk the ring's pages; it must have room for a few lanes and then some.
    static func choose(
        _ wish: Recorder.LanePlacement, stream: StreamID, streamPath: String, laneBytes: Int
    ) -> (path: String, isShared: Bool) {
        let shared = "/dev/shm"
        if wish == .automatic, POSIX.isDirectory(shared), sp_free_bytes(shared) >= Int64(laneBytes) * 8 + 64 << 20 {
            return ("\(StreamHead.sharedPrefix)\(POSIX.userID())/\(stream)", true)
        }
        return (Path.join(streamPath, "lanes"), false)
    }
}
