import SpanreelTracing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// How much memory reading a session takes: in a process of its own, so that nothing else counts.
enum Peak {
    /// Reads everything and prints the process's greatest resident size.
    static func run(_ session: String) throws {
        var events = 0
        var damages = 0
        do {
            let reader = try SessionReader(path: session)
            try reader.poll { events += $0.events.count }
            damages = reader.damages.count
        } catch {
            complain("\(error)")
            damages = 1
        }
        say("peak \(try peakBytes()) events \(events) damages \(damages)")
    }

    private static func peakBytes() throws -> Int {
        #if canImport(Darwin)
            var usage = rusage()
            getrusage(RUSAGE_SELF, &usage)
            return Int(usage.ru_maxrss)
        #else
            // Not `ru_maxrss`: that begins with what the process had before it ran this program.
            guard let file = fopen("/proc/self/status", "r") else { throw KitError("cannot read my status") }
            defer { fclose(file) }
            var line = [CChar](repeating: 0, count: 256)
            while fgets(&line, 256, file) != nil {
                let words = String(cString: line).split { $0 == " " || $0 == "\t" }
                if words.first == "VmHWM:", words.count > 1, let kibibytes = Int(words[1]) { return kibibytes * 1024 }
            }
            throw KitError("my status says nothing of memory")
        #endif
    }
}
