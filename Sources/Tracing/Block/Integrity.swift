/// The one place where a checksum decides.
enum Integrity {
    /// Whether a checksum holds. Fuzzing builds say yes, so that mutations get past it to what they are meant for.
    @inline(__always) static func holds(_ isEqual: Bool) -> Bool {
        #if SPANREEL_FUZZING
            true
        #else
            isEqual
        #endif
    }
}
