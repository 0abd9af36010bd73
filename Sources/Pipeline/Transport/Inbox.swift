import Foundation
import SpanreelTracing

/// A queue between threads that blocks takers while it is empty, and that knows since when its one consumer has waited.
final class Inbox<Element: Sendable>: @unchecked Sendable {
    // Every stored property below is read and written with `condition` held.
    private let condition = NSCondition()
    private var elements: [Element] = []
    private var isClosed = false
    private var waitingSince: Ticks?
    private let now: @Sendable () -> Ticks

    /// An empty queue; `now` is the clock that waits are stamped with.
    init(now: @escaping @Sendable () -> Ticks) { self.now = now }

    /// Adds an element; after `close()` it is dropped.
    func put(_ element: Element) {
        condition.lock()
        defer { condition.unlock() }
        guard !isClosed else { return }
        elements.append(element)
        condition.signal()
    }

    /// Takes everything that is there, in order; waits for something when `wait` is set. Nil once closed and empty.
    func takeAll(wait: Bool) -> [Element]? {
        condition.lock()
        defer { condition.unlock() }
        if elements.isEmpty, wait, !isClosed {
            waitingSince = now()
            while elements.isEmpty, !isClosed { condition.wait() }
            waitingSince = nil
        }
        if elements.isEmpty, isClosed { return nil }
        let taken = elements
        elements.removeAll(keepingCapacity: true)
        return taken
    }

    /// Waits for the next element; nil once closed and empty. Several threads may take.
    func take() -> Element? {
        condition.lock()
        defer { condition.unlock() }
        while elements.isEmpty, !isClosed { condition.wait() }
        return elements.isEmpty ? nil : elements.removeFirst()
    }

    /// Since when the consumer waits; nil while it works.
    var idleSince: Ticks? {
        condition.lock()
        defer { condition.unlock() }
        return waitingSince
    }

    /// Lets the consumer see the end after what is queued.
    func close() {
        condition.lock()
        defer { condition.unlock() }
        isClosed = true
        condition.broadcast()
    }
}
