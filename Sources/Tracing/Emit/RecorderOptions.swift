extension Recorder {
    /// How to open or join a session. Every field has a default.
    public struct Options: Sendable {
        /// The session's directory `NAME.reel`; made when missing, joined when there. Default: by `name` in the default place.
        public var path: String?
        /// The session's name, when it is made.
        public var name = "session"
        /// The label of what this process runs: `mini1`.
        public var device = POSIX.hostName()
        /// OpenTelemetry resource attributes: `service.name`, `host.name`, model facts, anything.
        public var resource: [String: String] = [:]
        /// The pipeline stage, from 0.
        public var stage: Int?
        /// The layers held, counted over the whole model.
        public var layers: ClosedRange<Int>?
        /// The model's name.
        public var model: String?
        /// A deliberate clock error, for demonstrations and tests.
        public var skew: ClockSkew?
        /// How far blocks are pushed.
        public var durability: Durability = .interval
        /// How much of the growing session is kept; by default `SPANREEL_KEEP`, else everything.
        public var retention: Retention?
        /// Slots of 32 bytes in each thread's ring, a power of two from 64 on. The default, 2 MiB, holds 65,536 short records.
        public var laneSlots = 1 << 16
        /// Where the threads' rings lie.
        public var lanePlacement = LanePlacement.automatic
        /// The most names and roles that fit, in bytes.
        public var namesBytes = 4 << 20

        /// All defaults.
        public init() {}
    }

    /// Where the threads' rings lie.
    public enum LanePlacement: Sendable {
        /// In `/dev/shm` when it has room, else beside the segments.
        case automatic
        /// Beside the segments: where shared memory is small, as in many containers.
        case besideSegments
    }

    /// Joins the session named by `SPANREEL_SESSION` (a path, or a name in `SPANREEL_DIR`); without it, ``disabled``.
    ///
    /// - Throws: when the variable is set and the session can be neither made nor joined.
    public static func fromEnvironment(device: String, resource: [String: String] = [:]) throws(TraceError) -> Recorder
    {
        guard let session = POSIX.environment("SPANREEL_SESSION") else { return disabled }
        var options = Options()
        options.path = SessionPlace.path(session)
        options.device = device
        options.resource = resource
        return try open(options)
    }
}
