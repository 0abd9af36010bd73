/// Integer channels over time in buckets of one tick: the recent past tick by tick, the whole session coarser.
///
/// Bucket 0 begins at the session's start. The fine part keeps the last `fineLimit` ticks; the coarse part always has
/// at most 512 buckets over everything and doubles their width when it runs out. So a series is bounded whatever the
/// stamps say: one event in the year 2262 costs nothing but resolution.
public struct Series: Sendable {
    /// How two numbers of one bucket join.
    enum Combine: Sendable { case sum, max }

    static let coarseLimit = 512
    let channels: Int
    let fineLimit: Int
    let combine: Combine

    private var fine: ContiguousArray<Int64> = []
    private var fineFirst = 0
    private var hasTrimmed = false
    private var coarse: ContiguousArray<Int64> = []
    private var coarseShift = 0

    /// An empty series.
    init(channels: Int, fineLimit: Int = 640, combine: Combine = .sum) {
        self.channels = Swift.max(1, channels)
        self.fineLimit = Swift.max(2, fineLimit)
        self.combine = combine
    }

    /// Adds `value` to a channel of the bucket. Buckets before the session's start count as the first one.
    mutating func add(_ value: Int64, bucket: Int, channel: Int) {
        let bucket = Swift.min(Swift.max(0, bucket), Int.max / 4)
        if let row = fineRow(bucket) { Self.join(&fine[row * channels + channel], value, combine) }
        let row = coarseRow(bucket)
        Self.join(&coarse[row * channels + channel], value, combine)
    }

    /// Static: a method of `self` would keep a copy of `self` alive beside the slot and copy the whole array.
    @inline(__always) private static func join(_ slot: inout Int64, _ value: Int64, _ combine: Combine) {
        switch combine {
        case .sum: slot = slot &+ value
        case .max: if value > slot { slot = value }
        }
    }

    private mutating func fineRow(_ bucket: Int) -> Int? {
        let count = fine.count / channels
        if count == 0 {
            fineFirst = bucket
            fine.append(contentsOf: repeatElement(0, count: channels))
            return 0
        }
        if bucket < fineFirst {
            guard !hasTrimmed, fineFirst - bucket + count <= fineLimit else { return nil }
            fine.insert(contentsOf: repeatElement(0, count: (fineFirst - bucket) * channels), at: 0)
            fineFirst = bucket
            return 0
        }
        var row = bucket - fineFirst
        if row < count { return row }
        if row >= 2 * fineLimit {
            fine.removeAll(keepingCapacity: true)
            fineFirst = bucket
            hasTrimmed = true
            fine.append(contentsOf: repeatElement(0, count: channels))
            return 0
        }
        fine.append(contentsOf: repeatElement(0, count: (row + 1 - count) * channels))
        if row + 1 > fineLimit + fineLimit / 4 {
            let excess = row + 1 - fineLimit
            fine.removeFirst(excess * channels)
            fineFirst += excess
            hasTrimmed = true
            row -= excess
        }
        return row
    }

    private mutating func coarseRow(_ bucket: Int) -> Int {
        while bucket >> coarseShift >= Self.coarseLimit {
            halveCoarse()
        }
        let row = bucket >> coarseShift
        let count = coarse.count / channels
        if row >= count { coarse.append(contentsOf: repeatElement(0, count: (row + 1 - count) * channels)) }
        return row
    }

    private mutating func halveCoarse() {
        let rows = coarse.count / channels
        var halved = ContiguousArray<Int64>(repeating: 0, count: (rows + 1) / 2 * channels)
        for row in 0..<rows {
            for channel in 0..<channels {
                Self.join(&halved[row / 2 * channels + channel], coarse[row * channels + channel], combine)
            }
        }
        coarse = halved
        coarseShift += 1
    }

    /// The sum of a channel over buckets `from...to`, as far as they are held.
    func total(_ channel: Int, from: Int, to: Int) -> Int64 {
        var sum: Int64 = 0
        guard from <= to else { return 0 }
        let count = fine.count / channels
        if from < fineFirst, hasTrimmed {
            let width = 1 << coarseShift
            for row in 0..<(coarse.count / channels) where (row + 1) * width > from && row * width <= to {
                sum = sum &+ coarse[row * channels + channel]
            }
            return sum
        }
        let low = Swift.max(from, fineFirst)
        let high = Swift.min(to, fineFirst + count - 1)
        guard low <= high else { return 0 }
        for bucket in low...high { sum = sum &+ fine[(bucket - fineFirst) * channels + channel] }
        return sum
    }

    /// One bucket of the fine part.
    func value(_ channel: Int, bucket: Int) -> Int64 {
        let row = bucket - fineFirst
        guard row >= 0, row < fine.count / channels else { return 0 }
        return fine[row * channels + channel]
    }

    /// The buckets that the fine part still holds.
    var fineRange: Range<Int> { fineFirst..<(fineFirst + fine.count / channels) }

    /// Columns over buckets `from...to`, merged into at most `limit` of equal width.
    ///
    /// From the fine part while that reaches back to `from`, else from the coarse one (whose buckets are wider).
    func columns(from: Int, to: Int, limit: Int) -> Columns {
        let from = Swift.min(Swift.max(0, from), Int.max - 1)
        let to = Swift.max(from, Swift.min(to, Int.max - 1))
        let usesFine = !hasTrimmed || from >= fineFirst
        var width = usesFine ? 1 : 1 << coarseShift
        while (to / width) - (from / width) + 1 > limit { width *= 2 }
        let first = from / width
        let count = to / width - first + 1
        var result = Columns(
            firstBucket: first * width, width: width, count: count, channels: channels,
            values: ContiguousArray(repeating: 0, count: count * channels))
        if usesFine {
            let rows = fine.count / channels
            let low = Swift.max(from, fineFirst)
            let high = Swift.min(to, fineFirst + rows - 1)
            guard low <= high else { return result }
            for bucket in low...high {
                for channel in 0..<channels {
                    Self.join(
                        &result.values[(bucket / width - first) * channels + channel],
                        fine[(bucket - fineFirst) * channels + channel], combine)
                }
            }
        } else {
            for row in 0..<(coarse.count / channels) {
                let column = (row << coarseShift) / width - first
                guard column >= 0, column < count else { continue }
                for channel in 0..<channels {
                    Self.join(&result.values[column * channels + channel], coarse[row * channels + channel], combine)
                }
            }
        }
        return result
    }

    /// A stretch of a series, ready to print.
    struct Columns: Sendable {
        var firstBucket: Int
        var width: Int
        var count: Int
        var channels: Int
        var values: ContiguousArray<Int64>

        func value(_ channel: Int, _ column: Int) -> Int64 { values[column * channels + channel] }
    }
}
