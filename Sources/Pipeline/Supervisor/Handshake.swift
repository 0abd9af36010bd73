import Foundation

/// What supervisor and children say to each other before the work begins, one line of text each way:
///
///     worker -> supervisor   spanreel-pipeline listening {"dataPort":1,"probePort":2}
///     supervisor -> worker   {"dataPorts":[1,3,5],"probePorts":[2,4,6],"inferencePort":0}
///     worker -> supervisor   spanreel-pipeline ready {"inferencePort":8000}      (0 on all but the first)
///     worker -> supervisor   spanreel-pipeline failed {"message":"..."}
///
/// The child reads from its standard input, which is also its lifeline: the write end is the supervisor's alone,
/// so its end of file means that the supervisor is gone, however it died.
enum Handshake {
    static let prefix = "spanreel-pipeline "

    struct Listening: Codable, Equatable {
        var dataPort: Int
        var probePort: Int
    }
    struct Peers: Codable, Equatable, Sendable {
        var dataPorts: [Int]
        var probePorts: [Int]
        var inferencePort: Int
    }
    struct Ready: Codable, Equatable {
        var inferencePort: Int
    }
    struct Failed: Codable, Equatable {
        var code: String
        var message: String
    }

    /// What a line of a child says.
    enum Report: Equatable {
        case listening(Listening)
        case ready(Ready)
        case failed(Failed)
    }

    /// Parses a line; nil when it is ordinary output.
    static func report(_ line: String) -> Report? {
        guard line.hasPrefix(prefix) else { return nil }
        let parts = line.dropFirst(prefix.count).split(separator: " ", maxSplits: 1)
        guard parts.count == 2, let word = parts.first, let text = parts.last else { return nil }
        func decode<T: Decodable>(_ type: T.Type) -> T? { try? JSONDecoder().decode(type, from: Data(text.utf8)) }
        switch word {
        case "listening": return decode(Listening.self).map(Report.listening)
        case "ready": return decode(Ready.self).map(Report.ready)
        case "failed": return decode(Failed.self).map(Report.failed)
        default: return nil
        }
    }

    /// A child's side: prints a report.
    static func say(_ word: String, _ value: some Encodable) {
        // Nobody listens any more when this fails; the lifeline then ends the process.
        try? FileHandle.standardOutput.write(
            contentsOf: Data((prefix + word + " " + JSONText.encode(value) + "\n").utf8))
    }
}
