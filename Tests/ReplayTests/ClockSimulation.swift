@testable import SpanreelReplay

/// Clocks whose truth is known, and the hops between them: what the alignment has to go by, and what it should find.
struct ClockSimulation {
    /// How the domains are linked.
    enum Shape: String, CaseIterable, Sendable {
        /// Hops around, one way only.
        case ring
        /// Hops between the first domain and each other one, both ways.
        case star
        /// Hops between neighbours, both ways.
        case chain
        /// Hops from each domain to the next one, and never back.
        case oneWay
    }

    /// What goes wrong besides.
    struct Trouble {
        /// Messages whose receive is stamped up to two seconds early: a mismatched id, a wild answer.
        var wild = 0
        /// A clock that is set forward or, with a negative number, back.
        var step: (domain: Int, at: Int64, nanos: Int64)?
        /// The last domain says nothing before this instant.
        var lastJoinsAt = Int64.min
        /// Offsets lie within plus and minus this.
        var offsets: Int64 = 10_000_000_000
    }

    struct Hop {
        var from: Int
        var to: Int
        /// On the sender's clock.
        var sent: Int64
        /// On the receiver's clock.
        var received: Int64
        var isWild = false
        /// When it was really received.
        var time: Int64

        /// When canonical order has met both stamps.
        var arrival: Int64 { max(sent, received) }
    }

    static let origin: Int64 = 1_700_000_000_000_000_000
    let seconds: Int64
    let domains = ["a", "b", "c", "d"]
    private(set) var hops: [Hop] = []
    private var offsets: [Int64] = []
    /// Parts per billion.
    private var drifts: [Int64] = []
    private let trouble: Trouble

    /// `paceNanos`: the longest time between two rounds of hops, at least a third of it passes.
    init(
        _ shape: Shape, seed: UInt64, seconds: Int64 = 60, paceNanos: Int64 = 60_000_000, _ trouble: Trouble = Trouble()
    ) {
        var random = Seeded(seed)
        self.seconds = seconds
        self.trouble = trouble
        for _ in domains {
            offsets.append(Int64.random(in: -trouble.offsets...trouble.offsets, using: &random))
            drifts.append(Int64.random(in: -200_000...200_000, using: &random))
        }
        let last = domains.count - 1
        let forward: [(Int, Int)] =
            switch shape {
            case .ring: (0...last).map { ($0, $0 == last ? 0 : $0 + 1) }
            case .star: (1...last).map { (0, $0) }
            case .chain, .oneWay: (0..<last).map { ($0, $0 + 1) }
            }
        let isTwoWay = shape == .star || shape == .chain
        let edges = forward + (isTwoWay ? forward.map { ($0.1, $0.0) } : [])
        // Each direction of a link has its own least delay: no symmetry to rely on.
        let least = edges.map { _ in Int64.random(in: 50_000...500_000, using: &random) }
        var time = Self.origin
        while time < Self.origin + seconds * 1_000_000_000 {
            time += Int64.random(in: paceNanos / 3...paceNanos, using: &random)
            for (edge, floor) in zip(edges, least) {
                let sent = time + Int64.random(in: 0...5_000_000, using: &random)
                // A Pareto tail with index 1.5: its variance is infinite.
                let uniform = Double.random(in: 1e-6...1, using: &random)
                let delay = floor + Int64(min(5e9, 30_000 * (1 / (uniform * uniform.squareRoot())).squareRoot()))
                if edge.0 == last || edge.1 == last, time < trouble.lastJoinsAt { continue }
                hops.append(
                    Hop(
                        from: edge.0, to: edge.1, sent: stamp(sent, domain: edge.0),
                        received: stamp(sent + delay, domain: edge.1), time: sent + delay))
            }
        }
        for _ in 0..<trouble.wild {
            let index = Int.random(in: hops.indices, using: &random)
            hops[index].received -= Int64.random(in: 100_000_000...2_000_000_000, using: &random)
            hops[index].isWild = true
        }
    }

    /// What the domain's clock shows at a true time.
    func stamp(_ time: Int64, domain: Int) -> Int64 {
        let step = trouble.step.map { $0.domain == domain && time >= $0.at ? $0.nanos : 0 } ?? 0
        return time + offsets[domain] + step
            + Int64(Int128(time - Self.origin) * Int128(drifts[domain]) / 1_000_000_000)
    }

    /// The hops in canonical order: each when the later one of its two stamps was met.
    var inOrder: [Hop] { hops.sorted { ($0.arrival, $0.to, $0.sent) < ($1.arrival, $1.to, $1.sent) } }

    /// The fold over all hops whose later stamp does not lie after `end`. The first domain is the root.
    func fold(until end: Int64 = .max) -> ClockFold {
        var fold = ClockFold()
        fold.noteRequest(domain: 0)
        for hop in inOrder where hop.arrival <= end { take(hop, &fold) }
        return fold
    }

    /// Gives a hop to a fold.
    func take(_ hop: Hop, _ fold: inout ClockFold) {
        fold.advance(to: hop.arrival, domains: domains)
        fold.hop(from: hop.from, to: hop.to, transit: hop.received - hop.sent, at: hop.received)
    }

    /// How an alignment does against the truth.
    struct Score {
        /// Instants and domains looked at.
        var looks = 0
        /// Those outside the printed band, and those without any band.
        var outside = 0
        var unknown = 0
        /// Hops that are received before they were sent, once aligned.
        var acausal = 0
        var widestBand: Int64 = 0
        var worstError: Int64 = 0
    }

    /// Looks once a second where `counts` says so, and at all hops received then; wild ones are not held against it.
    func score(
        _ clocks: ClockAlignment, domains chosen: [Int]? = nil, where counts: (Int64) -> Bool = { _ in true }
    ) -> Score {
        var score = Score()
        let chosen = chosen ?? Array(1..<domains.count)
        for second in 0..<seconds {
            let time = Self.origin + second * 1_000_000_000 + 500_000_000
            guard counts(time) else { continue }
            for domain in chosen {
                let shown = stamp(time, domain: domain)
                let (offset, error) = clocks.offset(domain: domain, at: shown)
                score.looks += 1
                guard let error else {
                    score.unknown += 1
                    continue
                }
                let wrong = abs(offset - (shown - stamp(time, domain: 0)))
                if wrong > error { score.outside += 1 }
                score.worstError = max(score.worstError, wrong)
                score.widestBand = max(score.widestBand, error)
            }
        }
        for hop in hops
        where !hop.isWild && counts(hop.time)
            && clocks.aligned(hop.received, domain: hop.to) < clocks.aligned(hop.sent, domain: hop.from)
        { score.acausal += 1 }
        return score
    }
}
