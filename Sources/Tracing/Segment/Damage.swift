/// How far a fact had come: what it survives. Every statement about loss names its level.
public enum AcknowledgementLevel: String, Sendable, Comparable {
    /// Emitted: survives the process, not the boot.
    case emitted = "A0"
    /// Sealed in a block: survives the loss of the lanes.
    case sealed = "A1"
    /// `fdatasync`ed: survives power loss.
    case durable = "A2"
    /// Acknowledged by a collector: survives the machine.
    case shipped = "A3"

    /// Weaker.
    public static func < (a: AcknowledgementLevel, b: AcknowledgementLevel) -> Bool { a.rawValue < b.rawValue }
}

/// Bytes of a session that could not be read, and what was in them as far as the neighbours tell.
public struct Damage: Sendable, Equatable {
    /// What is wrong. Raw values are the words in JSON.
    public enum Kind: String, Sendable {
        /// The file ends inside a block: normal after a crash or a power loss, damage in a file that was closed.
        case tornTail = "torn-tail"
        /// The file's own header is damaged; it was rebuilt from the blocks, or the whole file is lost.
        case fileHeader = "file-header"
        /// A block header is damaged; the scan went on at the next intact block.
        case header
        /// A payload fails its hash or does not decode.
        case payload
        /// A block of another file, session or stream, which an older file or a stray write left here.
        case stale
        /// A block that belongs to another offset of this file: swapped sectors, or bytes inserted or removed.
        case misplaced
        /// A second copy of a block that also lies where it belongs.
        case duplicate
        /// Sequence numbers are missing between two blocks, or events against the closing totals.
        case gap
        /// Lanes of a dead process are gone, with what was not sealed: normal after a reboot.
        case lanesLost = "lanes-lost"
    }
    /// What is wrong.
    public var kind: Kind
    /// The file.
    public var path: String
    /// Where in the file.
    public var offsetBytes: Int
    /// How many bytes are affected.
    public var lengthBytes: Int
    /// The incarnation whose events are lost, where known.
    public var incarnation: UInt64?
    /// The sequences lost, where known.
    public var lostSequences: ClosedRange<UInt64>?
    /// Events known to be lost without knowing which: from closing totals. What `lostSequences` covers is not in it.
    public var lostUnnumbered: Int = 0
    /// The level that the lost events had certainly reached.
    public var level: AcknowledgementLevel = .sealed
    /// One sentence.
    public var message: String

    /// How many events are lost for certain. Never overflows, whatever a file claims.
    public var lostEvents: Int {
        let numbered = lostSequences.map { Int(clamping: $0.upperBound - $0.lowerBound) } ?? -1
        let sum = numbered.addingReportingOverflow(lostUnnumbered)
        return sum.overflow || sum.partialValue == .max ? .max : sum.partialValue + 1
    }

    /// As JSON, with stable keys.
    public var json: String {
        let lost =
            lostSequences.map {
                "\"firstSequence\":\"\($0.lowerBound)\",\"lastSequence\":\"\($0.upperBound)\""
            } ?? "\"firstSequence\":null,\"lastSequence\":null"
        return "{\"kind\":\"\(kind.rawValue)\",\"path\":\(SafeText.json(path)),\"offsetBytes\":\(offsetBytes),"
            + "\"lengthBytes\":\(lengthBytes),\"incarnation\":\(incarnation.map { "\"\(Hex.string($0))\"" } ?? "null"),"
            + "\(lost),\"lost\":\(lostEvents),\"level\":\"\(level.rawValue)\",\"message\":\(SafeText.json(message))}"
    }

    /// `path: byte N: message [kind, A1]`, for a terminal that the caller protects.
    public var text: String { "\(path): byte \(offsetBytes): \(message) [\(kind.rawValue), \(level.rawValue)]" }
}

extension Sequence<Damage> {
    /// The sum of what is lost for certain; stays at the greatest number rather than overflow.
    public var lostEvents: Int {
        reduce(0) { sum, damage in
            let next = sum.addingReportingOverflow(damage.lostEvents)
            return next.overflow ? .max : next.partialValue
        }
    }
}
