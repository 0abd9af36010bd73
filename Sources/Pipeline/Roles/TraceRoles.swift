import SpanreelTracing

/// Every role that a device records, interned once before the first request.
struct TraceRoles: Sendable {
    let request, queue, prefill, decode: RoleHandle
    let prefillStep, decodeStep: RoleHandle
    let stagePrefill, stageDecode: RoleHandle
    /// By absolute layer minus the stage's first one.
    let layersPrefill, layersDecode: [RoleHandle]
    let embedPrefill, embedDecode: RoleHandle
    let headPrefill, headDecode, samplingPrefill, samplingDecode: RoleHandle
    let cacheLookup, cacheInsert, cacheEvict, clockProbe: RoleHandle
    let sendPrefill, sendDecode, receivePrefill, receiveDecode: RoleHandle

    /// Interns the roles of device `index`.
    init(recorder: Recorder, configuration: PipelineConfiguration, index: Int) {
        let names = configuration.deviceNames
        let count = names.count
        let here = names[index]
        let out = Link(from: here, to: names[(index + 1) % count])
        let into = Link(from: names[(index + count - 1) % count], to: here)
        func role(_ operation: Operation, name: String? = nil, _ phase: Phase = .none, link: Link? = nil) -> RoleHandle
        {
            recorder.role(Role(operation, name: name, phase: phase, link: link))
        }
        func layers(_ phase: Phase) -> [RoleHandle] {
            configuration.layerRange(of: index).map {
                recorder.role(Role(.layer, phase: phase, layer: $0, stage: index))
            }
        }
        func stage(_ phase: Phase) -> RoleHandle { recorder.role(Role(.stage, phase: phase, stage: index)) }
        request = role(.request, name: "POST /v1/completions")
        queue = role(.queue)
        prefill = role(.prefill, .prefill)
        decode = role(.decode, .decode)
        prefillStep = role(.step, name: "prefill.chunk", .prefill)
        decodeStep = role(.step, name: "decode.step", .decode)
        stagePrefill = stage(.prefill)
        stageDecode = stage(.decode)
        layersPrefill = layers(.prefill)
        layersDecode = layers(.decode)
        embedPrefill = role(.embed, .prefill)
        embedDecode = role(.embed, .decode)
        headPrefill = role(.head, .prefill)
        headDecode = role(.head, .decode)
        samplingPrefill = role(.sampling, .prefill)
        samplingDecode = role(.sampling, .decode)
        cacheLookup = role(.cacheLookup)
        cacheInsert = role(.cacheInsert)
        cacheEvict = role(.cacheEvict)
        clockProbe = role(.clockProbe)
        sendPrefill = role(.hopSend, .prefill, link: out)
        sendDecode = role(.hopSend, .decode, link: out)
        receivePrefill = role(.hopReceive, .prefill, link: into)
        receiveDecode = role(.hopReceive, .decode, link: into)
    }
}
