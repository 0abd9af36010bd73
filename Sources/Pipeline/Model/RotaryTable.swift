import Foundation

/// Cosines and sines of rotary position embedding (Su et al., 2021), base 10000, for every position.
final class RotaryTable {
    private let half: Int
    private let cosines: FloatBuffer
    private let sines: FloatBuffer

    /// The table for heads of `headWidth` floats and `positions` positions.
    init(headWidth: Int, positions: Int) {
        half = headWidth / 2
        cosines = FloatBuffer(half * positions)
        sines = FloatBuffer(half * positions)
        for position in 0..<positions {
            for i in 0..<half {
                let angle = Double(position) * pow(10_000, -2 * Double(i) / Double(headWidth))
                cosines.base[position * half + i] = Float(cos(angle))
                sines.base[position * half + i] = Float(sin(angle))
            }
        }
    }

    /// Turns `heads` heads at `x` to `position`, in place; pairs are (i, i + half), as Llama stores them.
    func rotate(_ x: UnsafeMutablePointer<Float>, heads: Int, position: Int) {
        let c = cosines.pointer(at: position * half, count: half)
        let s = sines.pointer(at: position * half, count: half)
        for head in 0..<heads {
            let p = x + head * 2 * half
            for i in 0..<half {
                let a = p[i], b = p[i + half]
                p[i] = a * c[i] - b * s[i]
                p[i + half] = a * s[i] + b * c[i]
            }
        }
    }
}
