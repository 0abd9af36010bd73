/// Faults to look for with a viewer. Each slows something down by sleeping inside the span concerned,
/// so that the processor stays free and the trace alone tells where the time goes.
public struct PipelineFaults: Codable, Sendable, Equatable {
    /// A device's own clock domain: an offset and a drift against the host's clock.
    public struct Skew: Codable, Sendable, Equatable {
        /// Added to the device's clock.
        public var offsetNanos: Int64
        /// Parts per million by which it runs fast.
        public var driftPPM: Double

        /// A skew from its parts.
        public init(offsetNanos: Int64, driftPPM: Double) {
            self.offsetNanos = offsetNanos
            self.driftPPM = driftPPM
        }
    }

    /// Nanoseconds slept in a layer, by absolute layer index.
    public var slowLayers: [Int: Int64] = [:]
    /// Nanoseconds slept while sending, by `from-to`.
    public var slowHops: [String: Int64] = [:]
    /// Nanoseconds slept in every layer of a device, by device label.
    public var slowDevices: [String: Int64] = [:]
    /// Clock skews by device label.
    public var skews: [String: Skew] = [:]
    /// Whether the prompt-prefix cache is off.
    public var noPrefixCache = false

    /// No fault.
    public init() {}

    /// Adds `LAYER=DURATION`, such as `11=2ms`.
    public mutating func addSlowLayer(_ text: String) throws(PipelineError) {
        let (name, value) = try FaultSyntax.split(text, option: "--slow-layer", example: "11=2ms")
        guard let layer = Int(name), layer >= 0 else {
            throw PipelineError(.invalid, "--slow-layer needs a layer number before the equals sign, not '\(name)'.")
        }
        slowLayers[layer] = try FaultSyntax.nanos(value, option: "--slow-layer")
    }

    /// Adds `FROM-TO=DURATION`, such as `mini1-mini2=2ms`.
    public mutating func addSlowHop(_ text: String) throws(PipelineError) {
        let (name, value) = try FaultSyntax.split(text, option: "--slow-hop", example: "mini1-mini2=2ms")
        let ends = name.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, ends.allSatisfy({ !$0.isEmpty }) else {
            throw PipelineError(.invalid, "--slow-hop needs two devices such as mini1-mini2, not '\(name)'.")
        }
        slowHops[name] = try FaultSyntax.nanos(value, option: "--slow-hop")
    }

    /// Adds `DEVICE=DURATION`, such as `mini2=500us`.
    public mutating func addSlowDevice(_ text: String) throws(PipelineError) {
        let (name, value) = try FaultSyntax.split(text, option: "--slow-device", example: "mini2=500us")
        slowDevices[name] = try FaultSyntax.nanos(value, option: "--slow-device")
    }

    /// Adds `DEVICE=OFFSET[,DRIFTppm]`, such as `mini2=37.5ms,40ppm`; both may be negative.
    public mutating func addSkew(_ text: String) throws(PipelineError) {
        let (name, value) = try FaultSyntax.split(text, option: "--skew", example: "mini2=37.5ms,40ppm")
        let parts = value.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard let offset = parts.first, parts.count <= 2 else {
            throw PipelineError(.invalid, "--skew needs an offset and at most one drift, not '\(value)'.")
        }
        let offsetNanos = try FaultSyntax.signedNanos(offset, option: "--skew")
        var drift = 0.0
        if parts.count == 2 {
            let text = parts[1]
            guard text.hasSuffix("ppm"), let ppm = Double(text.dropLast(3)), ppm.isFinite, abs(ppm) <= 10_000 else {
                throw PipelineError(.invalid, "--skew needs a drift such as 40ppm, at most 10000ppm, not '\(text)'.")
            }
            drift = ppm
        }
        skews[name] = Skew(offsetNanos: offsetNanos, driftPPM: drift)
    }

    /// Throws when a fault names a layer, device or hop that the pipeline does not have.
    func validate(devices: [String], layers: Int) throws(PipelineError) {
        for layer in slowLayers.keys.sorted() where layer >= layers {
            throw PipelineError(.invalid, "--slow-layer names layer \(layer), but the layers are 0 to \(layers - 1).")
        }
        let known = "the devices are \(devices.joined(separator: ", "))"
        for device in slowDevices.keys.sorted() where !devices.contains(device) {
            throw PipelineError(.invalid, "--slow-device names '\(device)', but \(known).")
        }
        for device in skews.keys.sorted()
        where !devices.contains(device) && device != PipelineConfiguration.clientDevice {
            throw PipelineError(.invalid, "--skew names '\(device)', but \(known).")
        }
        let hops = devices.indices.map { "\(devices[$0])-\(devices[($0 + 1) % devices.count])" }
        for hop in slowHops.keys.sorted() where devices.count < 2 || !hops.contains(hop) {
            let choice = devices.count < 2 ? "one device has no hop" : "the hops are \(hops.joined(separator: ", "))"
            throw PipelineError(.invalid, "--slow-hop names '\(hop)', but \(choice).")
        }
    }
}
