import Foundation
import Testing

@testable import SpanreelServer

@Suite struct EdgeTests {
    @Test(arguments: [
        "127.0.0.1", "127.0.0.1:8888", "localhost", "LOCALHOST:1", "localhost:65535", "[::1]", "[::1]:8888",
        "viewer.example",
        "Viewer.Example:80",
    ])
    func loopbackNamesAreAnswered(host: String) { #expect(HostRule(allowing: ["viewer.example"]).allows(host)) }

    @Test(arguments: [
        "", "localhost.", "127.0.0.1.", "127.1", "127.0.0.2", "0.0.0.0", "0", "2130706433", "0x7f.1", "localhost.evil",
        "evil.localhost",
        "xlocalhost", "localhostx", "localhost:", "localhost:x", "localhost:-1", "localhost:+80", "localhost:99999",
        "localhost:123456",
        "localhost:80:80", "user@localhost", "localhost@evil", "user:pass@localhost", "localhost/", "localhost#",
        "localhost%00",
        "[::1", "::1", "::1:80", "[::1]x", "[::1]:", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::]", "localhost,evil",
        "local host",
        "ⅼocalhost", "localhost\u{200B}", "viewer.example.evil", "http://localhost",
    ])
    func otherNamesAreNot(host: String) { #expect(!HostRule(allowing: ["viewer.example"]).allows(host)) }

    @Test(arguments: [
        "/", "/api/sessions", "/api/sessions/current/stream", "/app.css", "/healthz", "/no/such", "/api/metrics",
    ])
    func everyPathChecksTheHost(path: String) async throws {
        try await TestServer.run(sessions: ["a"]) { (server: TestServer) async throws in
            let answer = try await server.client.get(path, host: "evil.example")
            #expect(answer.status == 421)
            #expect(answer.errorCode == "wrong-host")
            #expect(answer.headers["content-security-policy"] != nil)
        }
    }

    @Test func twoHostsNoHostAndOddTargetsAreRefused() async throws {
        try await TestServer.run { (server: TestServer) async throws in
            let host = "Host: 127.0.0.1"
            #expect(
                try await server.client.send("GET / HTTP/1.1\r\n\(host)\r\nHost: evil\r\nConnection: close\r\n\r\n")
                    .status == 421)
            #expect(
                try await server.client.send("GET / HTTP/1.1\r\nHost: evil\r\n\(host)\r\nConnection: close\r\n\r\n")
                    .status == 421)
            #expect(try await server.client.send("GET / HTTP/1.0\r\nConnection: close\r\n\r\n").status == 421)
            #expect(
                try await server.client.send("GET * HTTP/1.1\r\n\(host)\r\nConnection: close\r\n\r\n").status == 400)
        }
    }

    @Test func pagesOfOtherSitesAreRefused() async throws {
        try await TestServer.run(sessions: ["a"]) { (server: TestServer) async throws in
            let client = server.client
            func status(_ path: String, _ headers: String...) async throws -> Int {
                try await client.get(path, headers: headers).status
            }
            #expect(try await status("/api/sessions", "Sec-Fetch-Site: cross-site") == 403)
            #expect(
                try await status(
                    "/api/sessions", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate",
                    "Sec-Fetch-Dest: document") == 403)
            #expect(
                try await status("/", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image")
                    == 403)
            #expect(
                try await status(
                    "/", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe") == 403)
            #expect(
                try await status(
                    "/", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document") == 200)
            #expect(try await status("/api/sessions", "Sec-Fetch-Site: same-origin") == 200)
            #expect(try await status("/api/sessions", "Sec-Fetch-Site: none") == 200)
            #expect(try await status("/api/sessions", "Origin: http://evil.example") == 403)
            #expect(try await status("/api/sessions", "Origin: null") == 403)
            #expect(try await status("/api/sessions", "Origin: http://127.0.0.1:1") == 403)
            #expect(try await status("/api/sessions", "Origin: https://127.0.0.1:\(client.port)") == 403)
            #expect(try await status("/api/sessions", "Origin: http://127.0.0.1:\(client.port)") == 200)
        }
    }

    @Test(arguments: ["/", "/api/sessions", "/api/nothing", "/healthz", "/app.js"])
    func everyResponseCarriesTheSecurityHeaders(path: String) async throws {
        try await TestServer.run(page: ["index.html": "x", "app.js": "y"]) { (server: TestServer) async throws in
            let answer = try await server.client.get(path)
            let policy = try #require(answer.headers["content-security-policy"])
            for part in [
                "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'",
                "img-src 'self' data:",
                "base-uri 'none'", "frame-ancestors 'none'", "form-action 'none'", "require-trusted-types-for 'script'",
            ] {
                #expect(policy.contains(part))
            }
            #expect(!policy.contains("unsafe"))
            #expect(answer.headers["x-content-type-options"] == "nosniff")
            #expect(answer.headers["referrer-policy"] == "no-referrer")
            #expect(answer.headers["cross-origin-resource-policy"] == "same-origin")
            #expect(answer.headers["access-control-allow-origin"] == nil)
            #expect(answer.headers["cache-control"] == (path == "/" || path == "/app.js" ? "no-cache" : "no-store"))
        }
    }

    @Test(arguments: ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
    func onlyReadingIsAllowed(method: String) async throws {
        try await TestServer.run(sessions: ["a"]) { (server: TestServer) async throws in
            let answer = try await server.client.get(
                "/api/sessions", headers: ["Content-Length: 2", "Content-Type: application/json"], method: method,
                body: "{}")
            #expect(answer.status == 405)
            #expect(answer.errorCode == "method-not-allowed")
            #expect(answer.headers["allow"] == "GET, HEAD")
        }
    }

    @Test func bodiesAndHugeHeadersAreRefused() async throws {
        try await TestServer.run { (server: TestServer) async throws in
            #expect(try await server.client.get("/healthz", headers: ["Content-Length: 2"], body: "{}").status == 413)
            #expect(
                try await server.client.get("/healthz", headers: ["X: " + String(repeating: "x", count: 100_000)])
                    .status >= 400)
            #expect(try await server.client.send("nonsense\r\n\r\n").status == 400)
            #expect(try await server.client.get("/healthz").status == 200)
        }
    }

    @Test func headAnswersWithoutABody() async throws {
        try await TestServer.run { (server: TestServer) async throws in
            let answer = try await server.client.get("/healthz", method: "HEAD")
            #expect(answer.status == 200)
            #expect(answer.body.isEmpty)
        }
    }

    @Test(arguments: [
        "/../canary.txt", "/../../canary.txt", "/%2e%2e/canary.txt", "/%2e%2e%2fcanary.txt", "/..%2fcanary.txt",
        "/%252e%252e/canary.txt",
        "/..\\canary.txt", "/..%5ccanary.txt", "/./../canary.txt", "//canary.txt", "//etc/passwd", "/etc/passwd",
        "/%00", "/index.html%00.js",
        "/page/../../canary.txt", "/index.html/../../canary.txt", "/proc/self/environ", "/file:///etc/passwd",
        "/%c0%ae%c0%ae/canary.txt",
        "/api/sessions/..%2f..%2fcanary.txt/views/overview", "/api/sessions/%2fetc%2fpasswd/views/overview",
        "/api/sessions/../canary/views/overview", "/api/sessions/canary.txt/views/overview",
        "/api/sessions/a.reel/views/overview",
        "/api/diff?a=../canary.txt&b=a", "/api/diff?a=%2fetc%2fpasswd&b=a",
    ])
    func noPathLeavesTheTables(path: String) async throws {
        try await TestServer.run(sessions: ["a"]) { (server: TestServer) async throws in
            let answer = try await server.client.get(path)
            #expect((400...404).contains(answer.status))
            #expect(!answer.body.contains("canary") && !answer.body.contains("root:"))
        }
    }

    @Test func thePageIsServedAndRevalidated() async throws {
        try await TestServer.run(page: ["index.html": "hello", "app.js": "1", "notes.xyz": "no"]) {
            (server: TestServer) async throws in
            let page = try await server.client.get("/")
            #expect(page.status == 200 && page.body == "hello")
            #expect(page.headers["content-type"] == "text/html; charset=utf-8")
            #expect(try await server.client.get("/app.js").headers["content-type"] == "text/javascript; charset=utf-8")
            #expect(try await server.client.get("/notes.xyz").status == 404)
            let tag = try #require(page.headers["etag"])
            #expect(try await server.client.get("/", headers: ["If-None-Match: \(tag)"]).status == 304)
        }
    }

    @Test func aMissingPageIsSaidAndTheAPIWorks() async throws {
        try await TestServer.run(page: [:]) { (server: TestServer) async throws in
            let page = try await server.client.get("/")
            #expect(page.errorCode == "no-page")
            #expect(try await server.client.get("/healthz").body == #"{"status":"ok"}"#)
        }
    }
}
