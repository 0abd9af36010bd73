// The facts of an inference pipeline. Each is a span, record or sample with the field's attribute names; nothing here
// could not be written by hand with the calls of Recorder.
extension Recorder {
    /// Something happened: shown as a mark on the time line.
    public func mark(_ text: String, parent: SpanContext? = nil, at: Ticks? = nil) {
        mark(role(Role(.other, name: text)), parent: parent, at: at)
    }

    /// Something happened, on a hot path: `role` is interned once, attributes go straight into the lane.
    @inlinable @inline(__always)
    public func mark(
        _ role: RoleHandle, parent: SpanContext? = nil, at: Ticks? = nil,
        _ attributes: (inout AttributeWriter) -> Void = { _ in }
    ) {
        instant(.mark, role, parent: parent, at: at, attributes)
    }

    /// `count` tokens were emitted (`.decode`) or computed (`.prefill`) for the request of `span`, now or at `at`.
    public func tokens(
        _ count: Int, phase: Phase, in span: SpanContext, at: Ticks? = nil,
        _ attributes: (inout AttributeWriter) -> Void = { _ in }
    ) {
        guard let core else { return }
        instant(.tokens, core.tokenRole(phase), value: UInt32(clamping: count), parent: span, at: at, attributes)
    }

    /// One look into the prefix cache, from `start` until now. A hit is any token found.
    public func cacheLookup(
        _ role: RoleHandle, from start: Ticks, hitTokens: Int, promptTokens: Int, entries: Int, sizeBytes: Int,
        parent: SpanContext?
    ) {
        record(role, from: start, parent: parent) { attributes in
            attributes.set(.cacheHit, hitTokens > 0)
            attributes.set(.cacheHitTokens, hitTokens)
            attributes.set(.cachePromptTokens, promptTokens)
            attributes.set(.cacheEntries, entries)
            attributes.set(.cacheSizeBytes, sizeBytes)
        }
    }

    /// Begins sending a message of `sizeBytes`; end the span when the system has taken it. `messageID` joins it to the
    /// receive and must not come twice on one link.
    public func hopSend(_ role: RoleHandle, messageID: UInt64, sizeBytes: Int, parent: SpanContext?) -> SpanContext {
        begin(role, kind: .producer, parent: parent) { attributes in
            attributes.set(.messageID, Int64(bitPattern: messageID))
            attributes.set(.sizeBytes, sizeBytes)
        }
    }

    /// A message was received from `start` until now, after `waitNanos` of idleness. `parent` is the sender's span.
    @discardableResult
    public func hopReceive(
        _ role: RoleHandle, from start: Ticks, messageID: UInt64, sizeBytes: Int, waitNanos: Int64, parent: SpanContext
    ) -> SpanContext {
        record(role, kind: .consumer, from: start, parent: parent) { attributes in
            attributes.set(.messageID, Int64(bitPattern: messageID))
            attributes.set(.sizeBytes, sizeBytes)
            attributes.set(.waitNanos, waitNanos)
        }
    }

    /// Gauges of memory, processor and queues, read now.
    public func sample(at: Ticks? = nil, _ attributes: (inout AttributeWriter) -> Void) {
        guard let core else { return }
        instant(.sample, core.sampleRole, parent: nil, at: at, attributes)
    }

    /// One clock probe: T0 and T3 are this stream's stamps, T1 and T2 the peer's, in Unix nanoseconds of its clock.
    /// Source of the names: NTP, RFC 5905, section 8.
    public func clockProbe(
        _ role: RoleHandle, peer: StringHandle, t0: Ticks, t1UnixNanos: Int64, t2UnixNanos: Int64, t3: Ticks
    ) {
        record(role, kind: .client, from: t0, to: t3, parent: nil) { attributes in
            attributes.set(.clockPeer, peer)
            attributes.set(.clockT0, unixNanos(t0))
            attributes.set(.clockT1, t1UnixNanos)
            attributes.set(.clockT2, t2UnixNanos)
            attributes.set(.clockT3, unixNanos(t3))
        }
    }
}

extension Recorder {
    /// Runs `body` inside a span that ends when it returns or throws; a thrown error sets the status.
    public func withSpan<R, E: Error>(
        _ role: RoleHandle, kind: SpanKind = .internal, parent: SpanContext? = SpanContext.current,
        _ body: (SpanContext) throws(E) -> R
    ) throws(E) -> R {
        let span = begin(role, kind: kind, parent: parent)
        do throws(E) {
            let result = try SpanContext.with(span, body)
            end(span)
            return result
        } catch {
            end(span, status: .error) { $0.set(.errorType, "\(type(of: error))") }
            throw error
        }
    }

    /// Runs `body` inside a span; ``SpanContext/current`` is that span in it and in its child tasks.
    public func withSpan<R: Sendable, E: Error>(
        _ role: RoleHandle, kind: SpanKind = .internal, parent: SpanContext? = SpanContext.current,
        isolation: isolated (any Actor)? = #isolation, _ body: (SpanContext) async throws(E) -> R
    ) async throws(E) -> R {
        let span = begin(role, kind: kind, parent: parent)
        let result: Result<R, E> = await SpanContext.$current.withValue(span) {
            do throws(E) { return .success(try await body(span)) } catch { return .failure(error) }
        }
        switch result {
        case .success(let value):
            end(span)
            return value
        case .failure(let error):
            end(span, status: .error) { $0.set(.errorType, "\(type(of: error))") }
            throw error
        }
    }
}

extension SpanContext {
    /// Task-local values are set through untyped throws; the result carries the type across.
    static func with<R, E: Error>(_ span: SpanContext, _ body: (SpanContext) throws(E) -> R) throws(E) -> R {
        let result: Result<R, E> = $current.withValue(span) {
            do throws(E) { return .success(try body(span)) } catch { return .failure(error) }
        }
        return try result.get()
    }
}
