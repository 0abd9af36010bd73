import SpanreelTracing
import Synchronization

/// The first device's thread: admits requests, computes the first stage, keeps one micro-batch of every active request
/// in the ring, and turns the tokens that come back into answers.
///
/// It never waits for one request while another could go on: with as many requests as stages, all stages work at once.
final class Scheduler {
    /// What wakes the scheduler.
    enum Input: Sendable {
        /// A new request that passed the gate.
        case submit(Generation)
        /// The client of a request went away.
        case cancel(UInt64)
        /// A message from the last device.
        case message(RingReceiver.Delivery)
        /// The ring broke.
        case broken(String)
        /// The process ends.
        case stop
    }

    // Touched by this thread alone; the extensions in the files beside this one are the only other readers.
    let configuration: PipelineConfiguration
    let engine: StageEngine
    let sender: RingSender?
    let inbox: Inbox<Input>
    let gate: AdmissionGate
    let recorder: Recorder
    let roles: TraceRoles
    let tokenizer: Tokenizer
    var waiting: [Generation] = []
    var active: [ActiveRequest] = []
    var isDown = false
    private var isStopping = false

    /// A scheduler over its device's engine; without a sender the whole model is here.
    init(
        configuration: PipelineConfiguration, engine: StageEngine, sender: RingSender?, inbox: Inbox<Input>,
        gate: AdmissionGate
    ) {
        self.configuration = configuration
        self.engine = engine
        self.sender = sender
        self.inbox = inbox
        self.gate = gate
        recorder = engine.recorder
        roles = engine.roles
        tokenizer = Tokenizer(vocabulary: configuration.model.vocabulary)
    }

    /// Works until it is told to stop; every request then has its end.
    func run() {
        while !isStopping, let inputs = inbox.takeAll(wait: ready == nil) {
            for input in inputs { handle(input) }
            admit()
            if let request = ready {
                // To the back of the line: the next turn belongs to another request.
                active.removeAll { $0 === request }
                active.append(request)
                start(request)
            }
        }
        fail("The pipeline is stopping.")
        sender?.shutDown()
    }

    /// The request whose turn it is.
    private var ready: ActiveRequest? { active.first { !$0.isBusy && !$0.isOver } }

    private func handle(_ input: Input) {
        switch input {
        case .submit(let generation):
            waiting.append(generation)
            if isDown { fail(gate.down ?? "The pipeline is down.") }
        case .cancel(let number): cancel(number)
        case .message(let delivery): complete(delivery.frame)
        case .broken(let reason): breakDown(reason)
        case .stop: isStopping = true
        }
        publish()
    }

    /// Gives free places to those who wait longest.
    private func admit() {
        while !waiting.isEmpty, active.count < configuration.maxActive {
            let generation = waiting.removeFirst()
            let request = ActiveRequest(generation)
            let now = recorder.now()
            recorder.end(generation.queueSpan, at: now)
            request.prefillSpan = recorder.begin(roles.prefill, parent: generation.span, at: now)
            active.append(request)
        }
        publish()
    }

    /// Shows the queue lengths to the memory samples.
    func publish() {
        engine.gauges.waiting.store(waiting.count, ordering: .relaxed)
        engine.gauges.running.store(active.count, ordering: .relaxed)
    }
}
