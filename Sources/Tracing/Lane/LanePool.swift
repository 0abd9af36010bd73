internal import CSpanreel
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Keeps a lane's memory mapped while the stream or a thread holds it.
final class LaneBox: Sendable {
    let file: MappedFile
    let lane: Lane
    init(file: MappedFile, lane: Lane) {
        self.file = file
        self.lane = lane
    }
    deinit { file.unmap() }
}

/// The lanes of one stream. Threads claim by compare-and-swap; the sealer adds lanes before they are needed.
final class LanePool: Sendable {
    static let maxLanes = 256
    static let spare = 4

    let directory: String
    let slots: Int
    private let head: StreamHead
    private let boxes = Mutex<[LaneBox]>([])

    init(directory: String, slots: Int, head: StreamHead) {
        self.directory = directory
        self.slots = slots
        self.head = head
    }

    static func fileName(_ index: Int) -> String { "lane-\(index)" }

    var lanes: [LaneBox] { boxes.withLock { $0 } }

    /// Makes lanes until `LanePool.spare` are free. The sealer's business: it faults pages in.
    func replenish() throws(TraceError) {
        while true {
            let current = lanes
            let free = current.reduce(0) { $0 + ($1.lane.state == .free ? 1 : 0) }
            guard free < Self.spare, current.count < Self.maxLanes else { return }
            let path = Path.join(directory, Self.fileName(current.count))
            let file = try MappedFile.create(path, sizeBytes: LaneLayout.sizeBytes(slots: slots), populate: true)
            let box = LaneBox(file: file, lane: Lane.format(file.base, slots: UInt64(slots)))
            boxes.withLock { $0.append(box) }
            head.setLaneCount(current.count + 1)
        }
    }

    /// A free lane for the calling thread, or nil when none is ready.
    func claim() -> LaneBox? { lanes.first { $0.lane.claim() } }

    /// Removes the files. Lanes that a thread still holds stay mapped until it ends.
    func remove() {
        boxes.withLock { $0.removeAll() }
        POSIX.removeTree(directory)
    }
}

/// The lanes that one thread holds, by recorder. Found again through a pthread key, whose destructor releases them.
final class ThreadLanes {
    private var held: [(recorder: UInt64, box: LaneBox, generation: UInt64)] = []

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key) { pointer in
            #if canImport(Glibc)
                guard let pointer else { return }
            #endif
            let lanes = Unmanaged<ThreadLanes>.fromOpaque(pointer).takeRetainedValue()
            lanes.releaseAll()
        }
        return key
    }()

    /// The calling thread's.
    static var current: ThreadLanes {
        if let pointer = pthread_getspecific(key) {
            return Unmanaged<ThreadLanes>.fromOpaque(pointer).takeUnretainedValue()
        }
        let lanes = ThreadLanes()
        pthread_setspecific(key, Unmanaged.passRetained(lanes).toOpaque())
        return lanes
    }

    func lane(of recorder: UInt64) -> Lane? {
        let generation = sp_fork_generation()
        return held.first { $0.recorder == recorder && $0.generation == generation }?.box.lane
    }

    func add(_ box: LaneBox, recorder: UInt64, isOpen: (UInt64) -> Bool) {
        // Recorders that were closed give their memory back here at the latest.
        held.removeAll { !isOpen($0.recorder) }
        held.append((recorder, box, sp_fork_generation()))
    }

    private func releaseAll() {
        let generation = sp_fork_generation()
        for entry in held where entry.generation == generation { entry.box.lane.release() }
        held.removeAll()
        sp_set_thread_lane(0, UnsafeMutableRawPointer(bitPattern: 8))
    }
}
