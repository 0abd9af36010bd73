internal import Hummingbird
internal import SpanreelReplay
internal import SpanreelTracing

/// What the API answers instead of a result: a status, a stable code and one sentence.
struct APIError: Error, Equatable {
    /// The HTTP status.
    var status: HTTPResponse.Status
    /// The stable word of `error.code`.
    var code: String
    /// One sentence for people.
    var message: String

    init(_ status: HTTPResponse.Status, _ code: String, _ message: String) {
        self.status = status
        self.code = code
        self.message = message
    }

    static func invalid(_ message: String) -> APIError { APIError(.badRequest, "invalid-argument", message) }
    static func notFound(_ message: String) -> APIError { APIError(.notFound, "not-found", message) }

    /// Any error as one that may leave the process: paths and internals stay inside.
    init(_ error: any Error) {
        switch error {
        case let error as APIError:
            self = error
        case let error as TraceError:
            self.init(
                Self.status(error.code), error.code == .invalid ? "invalid-argument" : error.code.description,
                error.message)
        case let error as ReplayError:
            self.init(Self.status(error.code), error.code.description, error.message)
        default:
            self.init(.internalServerError, "internal", "The server could not answer; its error output says why.")
        }
    }

    private static func status(_ code: ReplayError.Code) -> HTTPResponse.Status {
        switch code {
        case .notFound: .notFound
        case .invalid: .badRequest
        default: .internalServerError
        }
    }

    private static func status(_ code: TraceError.Code) -> HTTPResponse.Status {
        switch code {
        case .notFound: .notFound
        case .invalid: .badRequest
        case .busy: .conflict
        default: .internalServerError
        }
    }

    /// `{"error":{"code":…,"message":…}}`.
    var json: String {
        "{\"error\":{\"code\":\(SafeText.json(code)),\"message\":\(SafeText.json(message))}}"
    }
}
