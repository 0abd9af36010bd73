internal import HTTPTypes
internal import Hummingbird

/// The first and last to see every request: admits or refuses it before routing, and seals the response with headers.
struct EdgeResponder<Inner: HTTPResponder>: HTTPResponder where Inner.Context == BasicRequestContext {
    let hosts: HostRule
    let inner: Inner
    /// Told of errors that are ours, for the server's error output.
    let report: @Sendable (any Error) -> Void

    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        var response: Response
        do {
            try admit(request)
            response = try await inner.respond(to: request, context: context)
        } catch {
            let answer = APIError(error)
            if answer.status == .internalServerError { report(error) }
            response = .json(answer.json, status: answer.status)
            if answer.status == .methodNotAllowed { response.headers[.allow] = "GET, HEAD" }
            // What is left of a body that nobody asked for is not read to its end.
            if Self.hasBody(request) { response.headers[.connection] = "close" }
        }
        for (name, value) in Self.sealing { response.headers[name] = value }
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        return request.method == .head ? response.createHeadResponse() : response
    }

    // MARK: Admission

    private func admit(_ request: Request) throws(APIError) {
        // The codec makes the first Host the authority and leaves any further one among the fields.
        guard let authority = request.head.authority, request.headers[values: .host].isEmpty, hosts.allows(authority)
        else {
            throw APIError(
                .misdirectedRequest, "wrong-host",
                "This server answers only to 127.0.0.1, localhost and names given with --allow-host.")
        }
        guard request.head.path?.hasPrefix("/") == true else {
            throw .invalid("The request target must be a path that begins with a slash.")
        }
        if let origin = request.headers[.origin], !Self.isOwn(origin, authority) {
            throw APIError(.forbidden, "cross-origin", "Pages of another origin may not use this server.")
        }
        if request.headers[.fetchSite] == "cross-site", !Self.isLinkToPage(request) {
            throw APIError(.forbidden, "cross-site", "Pages of another site may not use this server.")
        }
        guard request.method == .get || request.method == .head else {
            throw APIError(.methodNotAllowed, "method-not-allowed", "The API is read only: use GET.")
        }
        if Self.hasBody(request) {
            throw APIError(.contentTooLarge, "body", "A GET request needs no body.")
        }
    }

    /// Same scheme, name and port as this server was asked under.
    private static func isOwn(_ origin: String, _ authority: String) -> Bool {
        origin.lowercased() == "http://\(authority.lowercased())"
    }

    /// A person who follows a link on another site opens the page itself; that shows nothing to the other site.
    private static func isLinkToPage(_ request: Request) -> Bool {
        request.method == .get && request.uri.path == "/"
            && request.headers[.fetchMode] == "navigate" && request.headers[.fetchDestination] == "document"
    }

    private static func hasBody(_ request: Request) -> Bool {
        if request.headers[.transferEncoding] != nil { return true }
        return request.headers[.contentLength].map { $0 != "0" } ?? false
    }

    // MARK: Headers of every response

    private static var sealing: [(HTTPField.Name, String)] {
        [
            (.contentSecurityPolicy, contentSecurityPolicy),
            (.xContentTypeOptions, "nosniff"),
            (.crossOriginResourcePolicy, "same-origin"),
            (.referrerPolicy, "no-referrer"),
        ]
    }
}

/// Own files only, no inline script or style, no frames, no forms, and no markup from strings.
private let contentSecurityPolicy = [
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self' data:",
    "base-uri 'none'", "frame-ancestors 'none'", "form-action 'none'", "require-trusted-types-for 'script'",
].joined(separator: "; ")

extension HTTPField.Name {
    fileprivate static let host = named("host")
    fileprivate static let fetchSite = named("sec-fetch-site")
    fileprivate static let fetchMode = named("sec-fetch-mode")
    fileprivate static let fetchDestination = named("sec-fetch-dest")
    fileprivate static let referrerPolicy = named("referrer-policy")

    private static func named(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("not a header name: \(text)") }
        return name
    }
}
