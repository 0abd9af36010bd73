import Foundation

#if canImport(Darwin)
    import Darwin
#endif

/// Reads what the system tells about this process and its host. What a platform does not tell is nil.
struct HostGauges {
    private var lastBusy: UInt64 = 0
    private var lastTotal: UInt64 = 0

    /// Physical memory of the host in bytes.
    let hostTotalBytes = Int(clamping: ProcessInfo.processInfo.physicalMemory)

    /// User and system time of this process so far, and its largest resident size.
    static func usage() -> (cpuNanos: Int64, peakBytes: Int) {
        var usage = rusage()
        #if canImport(Glibc)
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            let unit = 1024
        #else
            getrusage(RUSAGE_SELF, &usage)
            // Darwin counts bytes where Linux counts KiB.
            let unit = 1
        #endif
        func nanos(_ time: timeval) -> Int64 { Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_usec) * 1000 }
        return (nanos(usage.ru_utime) + nanos(usage.ru_stime), Int(usage.ru_maxrss) * unit)
    }

    #if os(Linux)
        /// Resident bytes of this process.
        func residentBytes() -> Int? {
            let fields = Self.text("/proc/self/statm").split(separator: " ")
            guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
            return pages * sysconf(Int32(_SC_PAGESIZE))
        }

        /// Bytes of the host's memory that are in use: total minus available.
        func hostUsedBytes() -> Int? {
            for line in Self.text("/proc/meminfo").split(separator: "\n") where line.hasPrefix("MemAvailable:") {
                let kibibytes = line.split(separator: " ").dropFirst().first.flatMap { Int($0) }
                return kibibytes.map { hostTotalBytes - $0 * 1024 }
            }
            return nil
        }

        /// Share of the last ten seconds in which something waited for memory, 0 to 1 (pressure stall information).
        func memoryPressure() -> Double? {
            let line = Self.text("/proc/pressure/memory").split(separator: "\n").first { $0.hasPrefix("some") }
            let field = line?.split(separator: " ").first { $0.hasPrefix("avg10=") }
            return field.flatMap { Double($0.dropFirst(6)) }.map { $0 / 100 }
        }

        /// Share of all cores that was busy since the last call, 0 to 1.
        mutating func hostCPU() -> Double? {
            guard let line = Self.text("/proc/stat").split(separator: "\n").first, line.hasPrefix("cpu ") else {
                return nil
            }
            let ticks = line.split(separator: " ").dropFirst().prefix(8).compactMap { UInt64($0) }
            guard ticks.count >= 5 else { return nil }
            let total = ticks.reduce(0, +)
            // The fourth is idle, the fifth waits for disks.
            return share(busy: total - ticks[3] - ticks[4], total: total)
        }

        private static func text(_ path: String) -> String {
            (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        }
    #elseif canImport(Darwin)
        /// Resident bytes of this process.
        func residentBytes() -> Int? {
            var info = mach_task_basic_info()
            var count = mach_msg_type_number_t(MemoryLayout<mach_task_basic_info>.size / MemoryLayout<natural_t>.size)
            let status = withUnsafeMutablePointer(to: &info) { pointer in
                pointer.withMemoryRebound(to: integer_t.self, capacity: Int(count)) {
                    task_info(mach_task_self_, task_flavor_t(MACH_TASK_BASIC_INFO), $0, &count)
                }
            }
            return status == KERN_SUCCESS ? Int(info.resident_size) : nil
        }

        /// Bytes of the host's memory that are in use: active, wired and compressed pages.
        func hostUsedBytes() -> Int? {
            var info = vm_statistics64()
            var count = mach_msg_type_number_t(MemoryLayout<vm_statistics64>.size / MemoryLayout<integer_t>.size)
            let status = withUnsafeMutablePointer(to: &info) { pointer in
                pointer.withMemoryRebound(to: integer_t.self, capacity: Int(count)) {
                    host_statistics64(mach_host_self(), HOST_VM_INFO64, $0, &count)
                }
            }
            guard status == KERN_SUCCESS else { return nil }
            let pages = Int(info.active_count) + Int(info.wire_count) + Int(info.compressor_page_count)
            return pages * Int(getpagesize())
        }

        /// The kernel's pressure level as a share: normal 0, warning 0.5, critical 1.
        func memoryPressure() -> Double? {
            var level: Int32 = 0
            var size = MemoryLayout<Int32>.size
            guard sysctlbyname("kern.memorystatus_vm_pressure_level", &level, &size, nil, 0) == 0 else { return nil }
            return level >= 4 ? 1 : level >= 2 ? 0.5 : 0
        }

        /// Share of all cores that was busy since the last call, 0 to 1.
        mutating func hostCPU() -> Double? {
            var info = host_cpu_load_info()
            var count = mach_msg_type_number_t(MemoryLayout<host_cpu_load_info>.size / MemoryLayout<integer_t>.size)
            let status = withUnsafeMutablePointer(to: &info) { pointer in
                pointer.withMemoryRebound(to: integer_t.self, capacity: Int(count)) {
                    host_statistics(mach_host_self(), HOST_CPU_LOAD_INFO, $0, &count)
                }
            }
            guard status == KERN_SUCCESS else { return nil }
            let (user, system, idle, nice) = info.cpu_ticks
            let busy = UInt64(user) + UInt64(system) + UInt64(nice)
            return share(busy: busy, total: busy + UInt64(idle))
        }
    #else
        func residentBytes() -> Int? { nil }
        func hostUsedBytes() -> Int? { nil }
        func memoryPressure() -> Double? { nil }
        mutating func hostCPU() -> Double? { nil }
    #endif

    private mutating func share(busy: UInt64, total: UInt64) -> Double? {
        defer { (lastBusy, lastTotal) = (busy, total) }
        guard lastTotal > 0, total > lastTotal, busy >= lastBusy else { return nil }
        return min(1, Double(busy - lastBusy) / Double(total - lastTotal))
    }
}
