import Foundation

/// Everything that the processes of one pipeline must agree on. The supervisor hands it to them as JSON in
/// the environment variable ``environmentName``.
public struct PipelineConfiguration: Codable, Sendable, Equatable {
    /// The environment variable that carries the JSON form to workers and load generator.
    public static let environmentName = "SPANREEL_PIPELINE"

    /// The device label of the load generator's stream.
    public static let clientDevice = "client1"

    /// Worker processes, `mini1` to `miniN`; the layers are split evenly over them.
    public var devices = 3
    /// The decoder's sizes.
    public var model = ModelShape()
    /// Seeds weights, sampling and load: equal seeds give equal texts.
    public var seed: UInt64 = 1
    /// How long the load generator sends new requests; nil means until it is stopped.
    public var durationSeconds: Double?
    /// How many requests the load generator sends at most; nil means no limit.
    public var requests: Int?
    /// Mean arrivals per second of the load.
    public var rate = 1.2
    /// Whether no load is generated.
    public var noLoad = false
    /// Port of the inference server on loopback; 0 takes any free one.
    public var inferencePort = 8000
    /// Whether a taken ``inferencePort`` makes the server take the next free one instead of failing.
    public var takesNextFreePort = true
    /// Base URL of the viewer, for the `x-spanreel-url` header; nil leaves the header out.
    public var viewerURL: String?
    /// Faults to inject.
    public var faults = PipelineFaults()
    /// Requests in flight at once; each has at most one micro-batch in the ring.
    public var maxActive = 4
    /// Requests that may wait; one more is rejected with 429.
    public var maxWaiting = 8
    /// Prompt tokens computed in one prefill step.
    public var chunkTokens = 32
    /// Prompts that the prefix cache keeps at most.
    public var cacheEntries = 12
    /// Bytes of keys and values, over all layers, that the prefix cache keeps at most.
    public var cacheSizeBytes = 48 << 20
    /// The arm of an A/B comparison that requests are marked with which name none in `x-spanreel-variant`.
    public var variant: String?
    /// The arms that the load generator's requests name in turn.
    public var variants: [String] = []
    /// Bytes of a variant at most.
    static let longestVariant = 64

    /// The defaults: three devices and a load of about 25 generated tokens a second.
    public init() {}

    /// Layers of the model.
    public var layers: Int {
        get { model.layers }
        set { model.layers = newValue }
    }

    /// The devices' labels in ring order.
    public var deviceNames: [String] { (1...max(1, devices)).map { "mini\($0)" } }

    /// The absolute layers that a device holds; earlier devices take the remainder of an uneven split.
    public func layerRange(of index: Int) -> Range<Int> {
        let share = layers / devices
        let extra = layers % devices
        let start = index * share + min(index, extra)
        return start..<(start + share + (index < extra ? 1 : 0))
    }

    /// Throws one sentence unless the pipeline can run with this configuration.
    public func validate() throws(PipelineError) {
        try model.validate()
        guard (1...32).contains(devices) else {
            throw PipelineError(.invalid, "The pipeline needs 1 to 32 devices, not \(devices).")
        }
        guard devices <= layers else {
            throw PipelineError(.invalid, "\(devices) devices cannot share \(layers) layers: each needs one.")
        }
        guard rate > 0, rate <= 1000 else {
            throw PipelineError(.invalid, "The rate must be above 0 and at most 1000 requests a second, not \(rate).")
        }
        if let durationSeconds, !(durationSeconds > 0 && durationSeconds.isFinite) {
            throw PipelineError(.invalid, "The duration must be more than zero seconds.")
        }
        if let requests, requests < 1 {
            throw PipelineError(.invalid, "The number of requests must be at least 1, not \(requests).")
        }
        guard (0...65535).contains(inferencePort) else {
            throw PipelineError(.invalid, "The inference port must be 0 to 65535, not \(inferencePort).")
        }
        guard maxActive >= 1, maxWaiting >= 0, chunkTokens >= 1, cacheEntries >= 0, cacheSizeBytes >= 0 else {
            throw PipelineError(.invalid, "Limits of requests, chunk and cache must not be negative.")
        }
        for variant in variants {
            guard (1...Self.longestVariant).contains(variant.utf8.count),
                variant.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ",") })
            else {
                throw PipelineError(
                    .invalid,
                    "A variant is 1 to \(Self.longestVariant) printable ASCII characters without blank or comma.")
            }
        }
        try faults.validate(devices: deviceNames, layers: layers)
    }

    /// The JSON form for ``environmentName``.
    public func json() -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Every stored property is plain data with finite numbers once validated.
        guard let data = try? encoder.encode(self) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }

    /// Reads the JSON form, from ``environmentName`` of this process when no text is given.
    public static func parse(_ text: String? = nil) throws(PipelineError) -> PipelineConfiguration {
        guard let text = text ?? ProcessInfo.processInfo.environment[environmentName] else {
            throw PipelineError(.invalid, "\(environmentName) is not set; this command is started by the demo.")
        }
        let configuration: PipelineConfiguration
        do {
            configuration = try JSONDecoder().decode(PipelineConfiguration.self, from: Data(text.utf8))
        } catch {
            throw PipelineError(.invalid, "\(environmentName) does not hold a pipeline configuration.")
        }
        try configuration.validate()
        return configuration
    }
}
