import Foundation
import SpanreelTracing
import Synchronization

/// One device of the ring inside a process: its listener, its threads, its engine. The first device also schedules.
final class RingNode: Sendable {
    let configuration: PipelineConfiguration
    let index: Int
    let recorder: Recorder
    let roles: TraceRoles
    let gauges = StageGauges()
    /// Decides which requests may enter; only the first device's is asked.
    let gate: AdmissionGate
    /// Wakes the scheduler; only the first device has one.
    let inbox: Inbox<Scheduler.Input>
    private let listener: Socket
    // Set by the computing thread at its end, read by whoever stops the node; nothing else hangs on it.
    private let hasFinished = Atomic<Bool>(false)

    /// Listens on a free port, so that the previous device can connect whenever it is ready.
    init(configuration: PipelineConfiguration, index: Int, recorder: Recorder) throws(PipelineError) {
        self.configuration = configuration
        self.index = index
        self.recorder = recorder
        roles = TraceRoles(recorder: recorder, configuration: configuration, index: index)
        gate = AdmissionGate(limit: configuration.maxActive + configuration.maxWaiting)
        inbox = Inbox(now: { recorder.now() })
        listener = try Socket.listen(port: 0)
    }

    /// Where the previous device connects.
    var port: Int { listener.port }

    /// Makes the weights, joins the ring and starts the threads. Returns once both neighbours are connected.
    func start(ports: [Int]) throws(PipelineError) {
        let count = configuration.devices
        guard ports.count == count else {
            throw PipelineError(.invalid, "\(ports.count) ports were given for \(count) devices.")
        }
        guard count > 1 else { return startThread("scheduler") { self.schedule(sender: nil) } }
        // Everyone connects before anyone accepts: the listeners' backlogs hold the connections meanwhile.
        let outgoing = try Socket.connect(port: ports[(index + 1) % count])
        let name = configuration.deviceNames[index] + "-" + configuration.deviceNames[(index + 1) % count]
        let sender = RingSender(
            socket: outgoing, recorder: recorder, roles: roles,
            delayNanos: configuration.faults.slowHops[name] ?? 0)
        var hello = Frame(.hello)
        hello.request = UInt64(index)
        try sender.sendControl(hello)
        var receiver: RingReceiver
        repeat {
            receiver = RingReceiver(socket: try listener.accept(), recorder: recorder, roles: roles)
        } while !receiver.isGreeted(by: (index + count - 1) % count)
        let accepted = receiver
        let sending = Handover(sender)
        if index == 0 {
            startThread("scheduler") { self.schedule(sender: sending.value) }
            startThread("receive") { self.receiveForScheduler(accepted) }
        } else {
            let inbox = Inbox<RingReceiver.Delivery> { self.recorder.now() }
            startThread("stage") { self.computeStage(inbox, sender: sending.value) }
            startThread("receive") { self.receiveForStage(accepted, inbox) }
        }
    }

    /// Hands a request to the scheduler; the gate must have admitted it.
    func submit(_ generation: Generation) { inbox.put(.submit(generation)) }

    /// Tells the scheduler that a request's client is gone.
    func cancel(_ generation: Generation) { inbox.put(.cancel(generation.number)) }

    /// Ends the scheduler, and with the connections it closes the whole ring.
    func stop() { inbox.put(.stop) }

    /// Whether the computing thread has ended.
    var isFinished: Bool { hasFinished.load(ordering: .relaxed) }

    private func schedule(sender: RingSender?) {
        let engine = StageEngine(
            configuration: configuration, index: index, recorder: recorder, roles: roles, gauges: gauges)
        Scheduler(configuration: configuration, engine: engine, sender: sender, inbox: inbox, gate: gate).run()
        inbox.close()
        gate.shut("The pipeline is stopping.")
        hasFinished.store(true, ordering: .relaxed)
    }

    private func receiveForScheduler(_ receiver: RingReceiver) {
        var reason = "A device of the pipeline is gone."
        do throws(PipelineError) {
            try receiver.run(idleSince: { self.inbox.idleSince }) { self.inbox.put(.message($0)) }
        } catch {
            reason = error.message
        }
        inbox.put(.broken(reason))
    }

    private func computeStage(_ inbox: Inbox<RingReceiver.Delivery>, sender: RingSender) {
        let engine = StageEngine(
            configuration: configuration, index: index, recorder: recorder, roles: roles, gauges: gauges)
        let loop = StageLoop(engine: engine, sender: sender, isLast: index == configuration.devices - 1)
        do throws(PipelineError) {
            try loop.run(inbox: inbox)
        } catch {
            recorder.mark("stage stopped: \(error.message)")
        }
        inbox.close()
        hasFinished.store(true, ordering: .relaxed)
    }

    private func receiveForStage(_ receiver: RingReceiver, _ inbox: Inbox<RingReceiver.Delivery>) {
        do throws(PipelineError) {
            try receiver.run(idleSince: { inbox.idleSince }) { inbox.put($0) }
        } catch {
            recorder.mark("stage lost its previous device: \(error.message)")
        }
        inbox.close()
    }

    private func startThread(_ name: String, _ body: @escaping @Sendable () -> Void) {
        let thread = Thread(block: body)
        thread.name = "\(configuration.deviceNames[index])-\(name)"
        thread.stackSize = 1 << 20
        thread.start()
    }
}

/// Moves an object to the one thread that will own it.
private struct Handover<Value>: @unchecked Sendable {
    // Sound because the giver does not use the value after the thread that takes it has started.
    let value: Value
    init(_ value: Value) { self.value = value }
}
