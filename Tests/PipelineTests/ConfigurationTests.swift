import Testing

@testable import SpanreelPipeline

@Suite struct FaultSyntaxTests {
    @Test(
        arguments: [
            ("11=2ms", 11, 2_000_000), ("0=500us", 0, 500_000), ("3=1.5s", 3, 1_500_000_000), ("3=7ns", 3, 7),
            ("3=2µs", 3, 2000), ("1=0ms", 1, 0),
        ] as [(String, Int, Int64)])
    func slowLayers(text: String, layer: Int, nanos: Int64) throws {
        var faults = PipelineFaults()
        try faults.addSlowLayer(text)
        #expect(faults.slowLayers == [layer: nanos])
    }

    @Test(arguments: [
        "", "11", "11=", "=2ms", "x=2ms", "-1=2ms", "11=2", "11=ms", "11=-2ms", "11=1e3ms", "11=61s", "11=infs",
        "11=nans", "11=0x2ms", "11=2 ms",
    ])
    func brokenSlowLayers(text: String) {
        var faults = PipelineFaults()
        #expect(throws: PipelineError.self) { try faults.addSlowLayer(text) }
        #expect(faults == PipelineFaults())
    }

    @Test func slowHopsAndDevices() throws {
        var faults = PipelineFaults()
        try faults.addSlowHop("mini1-mini2=2ms")
        try faults.addSlowDevice("mini2=500us")
        #expect(faults.slowHops == ["mini1-mini2": 2_000_000])
        #expect(faults.slowDevices == ["mini2": 500_000])
    }

    @Test(arguments: ["mini1=2ms", "-mini2=2ms", "mini1-=2ms", "a-b-c=2ms", "mini1-mini2", "mini1-mini2=fast"])
    func brokenSlowHops(text: String) {
        var faults = PipelineFaults()
        #expect(throws: PipelineError.self) { try faults.addSlowHop(text) }
    }

    @Test(
        arguments: [
            ("mini2=37.5ms,40ppm", 37_500_000, 40), ("mini2=-2ms", -2_000_000, 0), ("mini2=0ns,-12.5ppm", 0, -12.5),
        ] as [(String, Int64, Double)])
    func skews(text: String, offset: Int64, drift: Double) throws {
        var faults = PipelineFaults()
        try faults.addSkew(text)
        #expect(faults.skews == ["mini2": .init(offsetNanos: offset, driftPPM: drift)])
    }

    @Test(arguments: [
        "mini2", "mini2=", "mini2=,40ppm", "mini2=1ms,40", "mini2=1ms,ppm", "mini2=1ms,nanppm", "mini2=1ms,1ppm,2ppm",
        "mini2=1ms,99999ppm",
    ])
    func brokenSkews(text: String) {
        var faults = PipelineFaults()
        #expect(throws: PipelineError.self) { try faults.addSkew(text) }
    }

    @Test func faultsMustNameWhatExists() throws {
        var faults = PipelineFaults()
        try faults.addSlowLayer("24=2ms")
        #expect(throws: PipelineError.self) { try faults.validate(devices: ["mini1", "mini2"], layers: 24) }
        faults = PipelineFaults()
        try faults.addSlowHop("mini2-mini1=2ms")
        try faults.validate(devices: ["mini1", "mini2"], layers: 24)
        #expect(throws: PipelineError.self) { try faults.validate(devices: ["mini1", "mini2", "mini3"], layers: 24) }
        faults = PipelineFaults()
        try faults.addSkew("client1=1ms")
        try faults.validate(devices: ["mini1"], layers: 24)
        try faults.addSlowDevice("mini9=1ms")
        #expect(throws: PipelineError.self) { try faults.validate(devices: ["mini1"], layers: 24) }
    }
}

@Suite struct ConfigurationTests {
    @Test func jsonGivesTheConfigurationBack() throws {
        var configuration = PipelineConfiguration()
        configuration.durationSeconds = 12.5
        configuration.viewerURL = "http://localhost:8888"
        try configuration.faults.addSlowLayer("11=2ms")
        try configuration.faults.addSkew("mini2=37.5ms,40ppm")
        #expect(try PipelineConfiguration.parse(configuration.json()) == configuration)
        #expect(throws: PipelineError.self) { try PipelineConfiguration.parse("{}") }
        #expect(throws: PipelineError.self) { try PipelineConfiguration.parse("") }
    }

    @Test(arguments: 1...8, 8...27)
    func everyLayerLiesOnOneDevice(devices: Int, layers: Int) {
        var configuration = PipelineConfiguration()
        configuration.devices = devices
        configuration.layers = layers
        let ranges = (0..<devices).map { configuration.layerRange(of: $0) }
        #expect(ranges.flatMap(Array.init) == Array(0..<layers))
        let sizes = ranges.map(\.count)
        #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
    }

    @Test(
        arguments: [
            { $0.devices = 0 }, { $0.devices = 25 }, { $0.devices = 33 }, { $0.rate = 0 }, { $0.rate = .nan },
            { $0.durationSeconds = 0 }, { $0.durationSeconds = .infinity }, { $0.requests = 0 },
            { $0.inferencePort = 70000 },
            { $0.variants = ["a", ""] }, { $0.variants = ["a b"] }, { $0.variants = ["ä"] },
            { $0.variants = [String(repeating: "x", count: 65)] },
            { $0.inferencePort = -1 }, { $0.layers = 0 }, { $0.chunkTokens = 0 },
        ] as [@Sendable (inout PipelineConfiguration) -> Void])
    func impossibleConfigurationsAreRefused(change: @Sendable (inout PipelineConfiguration) -> Void) {
        var configuration = PipelineConfiguration()
        change(&configuration)
        #expect(throws: PipelineError.self) { try configuration.validate() }
    }
}

@Suite struct LoadPlanTests {
    @Test func equalSeedsPlanEqualLoads() {
        #expect(Array(LoadPlan(seed: 3, rate: 2).prefix(50)) == Array(LoadPlan(seed: 3, rate: 2).prefix(50)))
        #expect(Array(LoadPlan(seed: 3, rate: 2).prefix(50)) != Array(LoadPlan(seed: 4, rate: 2).prefix(50)))
    }

    @Test func arrivalsComeAtTheRateAsked() {
        let plan = Array(LoadPlan(seed: 1, rate: 5).prefix(5000))
        let mean = (plan.last?.dueSeconds ?? 0) / 5000
        // The standard error of the mean of 5000 exponential gaps is 1.4 %.
        #expect(abs(mean - 0.2) < 0.012)
        for kind in [PlannedRequest.Kind.normal, .followUp, .cancelled, .invalid] {
            #expect(plan.contains { $0.kind == kind })
        }
        #expect(Set(plan.map { $0.prompt.prefix(20) }).count == 5)
    }
}

@Suite struct AdmissionGateTests {
    @Test func asManyAsAllowedMayBeInside() {
        let gate = AdmissionGate(limit: 2)
        #expect(gate.enter() == .admitted && gate.enter() == .admitted && gate.enter() == .full)
        gate.leave()
        #expect(gate.enter() == .admitted)
        gate.shut("gone")
        gate.shut("later")
        #expect(gate.enter() == .down("gone"))
    }
}
