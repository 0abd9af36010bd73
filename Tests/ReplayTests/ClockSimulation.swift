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

    struct Hop {
        var from: Int
        var to: Int
        /// On the sender's clock.
        var sent: Int64
        /// On the receiver's clock.
        var received: Int64
    }

    static let origin: Int64 = 1_700_000_000_000_000_000
    static let lengthNanos: Int64 = 60_000_000_000
    let domains = ["a", "b", "c", "d"]
    private(set) var hops: [Hop] = []
    private var offsets: [Int64] = []
    /// Parts per billion.
    private var drifts: [Int64] = []

    init(_ shape: Shape, seed: UInt64) {
        var random = Seeded(seed)
        for _ in domains {
            offsets.append(Int64.random(in: -10_000_000_000...10_000_000_000, using: &random))
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
        while time < Self.origin + Self.lengthNanos {
            time += Int64.random(in: 20_000_000...60_000_000, using: &random)
            for (edge, floor) in zip(edges, least) {
                let sent = time + Int64.random(in: 0...5_000_000, using: &random)
                // A Pareto tail with index 1.5: its variance is infinite.
                let uniform = Double.random(in: 1e-6...1, using: &random)
                let delay = floor + Int64(min(5e9, 30_000 * (1 / (uniform * uniform.squareRoot())).squareRoot()))
                hops.append(
                    Hop(
                        from: edge.0, to: edge.1, sent: stamp(sent, domain: edge.0),
                        received: stamp(sent + delay, domain: edge.1)))
            }
        }
    }

    /// What the domain's clock shows at a true time.
    func stamp(_ time: Int64, domain: Int) -> Int64 {
        time + offsets[domain] + Int64(Int128(time - Self.origin) * Int128(drifts[domain]) / 1_000_000_000)
    }

    /// The alignment from all hops, given in the order in which they were received; the first domain is the root.
    func solved() -> ClockAlignment {
        var fold = ClockFold()
        fold.noteRequest(domain: 0)
        for hop in hops.sorted(by: { ($0.received, $0.to) < ($1.received, $1.to) }) {
            fold.hop(from: hop.from, to: hop.to, transit: hop.received - hop.sent, at: hop.received)
        }
        return fold.solve(domains: domains)
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

    func score(_ clocks: ClockAlignment) -> Score {
        var score = Score()
        for second in 0..<60 {
            let time = Self.origin + Int64(second) * 1_000_000_000 + 500_000_000
            for domain in 1..<domains.count {
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
        where clocks.aligned(hop.received, domain: hop.to) < clocks.aligned(hop.sent, domain: hop.from) {
            score.acausal += 1
        }
        return score
    }
}
