internal import CSpanreel

/// Random bits from the system.
enum Random {
    static func bits() -> UInt64 {
        var value: UInt64 = 0
        if sp_random(&value, 8) != 0 { value = UInt64.random(in: 1 ... .max) }
        return value == 0 ? 1 : value
    }
}

extension RandomID {
    /// A new random id.
    public static func random() -> RandomID { RandomID(high: Random.bits(), low: Random.bits()) }
}
