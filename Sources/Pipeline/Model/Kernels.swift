import Foundation

// The arithmetic of the decoder. All of it is written so that a row's result does not depend on how many rows
// are computed together: every dot product keeps one four-wide accumulator and adds in index order. So a prompt
// gives the same bits computed at once, in chunks, or token by token, and on any number of devices.
//
// Speed comes from computing several outputs at once: eight (weight row x input row) pairs are in flight, enough
// to hide the latency of an addition (4 cycles, two a cycle) without changing any of the sums.

enum Kernels {
    /// y[r, o] = sum over i of x[r, i] * w[o, i]; `inputs` is a multiple of 4, buffers are 16-byte aligned.
    static func matmul(
        _ x: UnsafePointer<Float>, rows: Int, _ w: UnsafePointer<Float>, inputs: Int, outputs: Int,
        into y: UnsafeMutablePointer<Float>
    ) {
        precondition(inputs % 4 == 0, "inputs must be a multiple of 4")
        var row = 0
        while row + 4 <= rows {
            fourRows(x + row * inputs, w, inputs: inputs, outputs: outputs, into: y + row * outputs)
            row += 4
        }
        while row < rows {
            oneRow(x + row * inputs, w, inputs: inputs, outputs: outputs, into: y + row * outputs)
            row += 1
        }
    }

    /// Four input rows against two weight rows at a time: weights are loaded once for four tokens.
    private static func fourRows(
        _ x: UnsafePointer<Float>, _ w: UnsafePointer<Float>, inputs: Int, outputs: Int,
        into y: UnsafeMutablePointer<Float>
    ) {
        let steps = inputs / 4
        let x0 = vector(x), x1 = vector(x + inputs), x2 = vector(x + 2 * inputs), x3 = vector(x + 3 * inputs)
        var o = 0
        while o + 2 <= outputs {
            let wa = vector(w + o * inputs), wb = vector(w + (o + 1) * inputs)
            var a0 = SIMD4<Float>(), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0
            for i in 0..<steps {
                let va = wa[i], vb = wb[i]
                let u0 = x0[i], u1 = x1[i], u2 = x2[i], u3 = x3[i]
                a0 += va * u0
                a1 += va * u1
                a2 += va * u2
                a3 += va * u3
                b0 += vb * u0
                b1 += vb * u1
                b2 += vb * u2
                b3 += vb * u3
            }
            y[o] = total(a0)
            y[o + 1] = total(b0)
            y[outputs + o] = total(a1)
            y[outputs + o + 1] = total(b1)
            y[2 * outputs + o] = total(a2)
            y[2 * outputs + o + 1] = total(b2)
            y[3 * outputs + o] = total(a3)
            y[3 * outputs + o + 1] = total(b3)
            o += 2
        }
        while o < outputs {
            for r in 0..<4 { y[r * outputs + o] = dot(x + r * inputs, w + o * inputs, inputs) }
            o += 1
        }
    }

    /// One input row against eight weight rows at a time.
    private static func oneRow(
        _ x: UnsafePointer<Float>, _ w: UnsafePointer<Float>, inputs: Int, outputs: Int,
        into y: UnsafeMutablePointer<Float>
    ) {
        let steps = inputs / 4
        let u = vector(x)
        var o = 0
        while o + 8 <= outputs {
            let w0 = vector(w + o * inputs), w1 = vector(w + (o + 1) * inputs)
            let w2 = vector(w + (o + 2) * inputs), w3 = vector(w + (o + 3) * inputs)
            let w4 = vector(w + (o + 4) * inputs), w5 = vector(w + (o + 5) * inputs)
            let w6 = vector(w + (o + 6) * inputs), w7 = vector(w + (o + 7) * inputs)
            var a0 = SIMD4<Float>(), a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0
            for i in 0..<steps {
                let v = u[i]
                a0 += w0[i] * v
                a1 += w1[i] * v
                a2 += w2[i] * v
                a3 += w3[i] * v
                a4 += w4[i] * v
                a5 += w5[i] * v
                a6 += w6[i] * v
                a7 += w7[i] * v
            }
            y[o] = total(a0)
            y[o + 1] = total(a1)
            y[o + 2] = total(a2)
            y[o + 3] = total(a3)
            y[o + 4] = total(a4)
            y[o + 5] = total(a5)
            y[o + 6] = total(a6)
            y[o + 7] = total(a7)
            o += 8
        }
        while o < outputs {
            y[o] = dot(x, w + o * inputs, inputs)
            o += 1
        }
    }

    /// The dot product of `count` floats, in the order that `matmul` keeps too.
    @inline(__always)
    static func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Float {
        let va = vector(a), vb = vector(b)
        var sum = SIMD4<Float>()
        for i in 0..<(count / 4) { sum += va[i] * vb[i] }
        return total(sum)
    }

    /// y += scale * x.
    @inline(__always)
    static func addScaled(
        _ x: UnsafePointer<Float>, _ scale: Float, _ count: Int, into y: UnsafeMutablePointer<Float>
    ) {
        let vx = vector(x)
        let vy = UnsafeMutableRawPointer(y).assumingMemoryBound(to: SIMD4<Float>.self)
        for i in 0..<(count / 4) { vy[i] += vx[i] * scale }
    }

    /// y[r] = x[r] / sqrt(mean(x[r]^2) + epsilon) * gain, row by row (Zhang and Sennrich, 2019).
    static func rmsNorm(
        _ x: UnsafePointer<Float>, rows: Int, width: Int, gain: UnsafePointer<Float>,
        into y: UnsafeMutablePointer<Float>
    ) {
        for r in 0..<rows {
            let row = x + r * width, out = y + r * width
            let scale = 1 / (dot(row, row, width) / Float(width) + 1e-5).squareRoot()
            for i in 0..<width { out[i] = row[i] * scale * gain[i] }
        }
    }

    /// gate = silu(gate) * up.
    static func swiGLU(_ gate: UnsafeMutablePointer<Float>, _ up: UnsafePointer<Float>, _ count: Int) {
        for i in 0..<count {
            let g = gate[i]
            gate[i] = g / (1 + exp(-g)) * up[i]
        }
    }

    /// Turns scores into weights that sum to 1, in place.
    static func softmax(_ scores: UnsafeMutablePointer<Float>, _ count: Int) {
        var top = -Float.infinity
        for i in 0..<count { top = max(top, scores[i]) }
        var sum: Float = 0
        for i in 0..<count {
            let e = exp(scores[i] - top)
            scores[i] = e
            sum += e
        }
        let scale = 1 / sum
        for i in 0..<count { scores[i] *= scale }
    }

    /// The floats as vectors of four; the caller's buffer is 16-byte aligned and a multiple of 4 long.
    @inline(__always)
    private static func vector(_ p: UnsafePointer<Float>) -> UnsafePointer<SIMD4<Float>> {
        UnsafeRawPointer(p).assumingMemoryBound(to: SIMD4<Float>.self)
    }

    @inline(__always)
    private static func total(_ v: SIMD4<Float>) -> Float { (v.x + v.z) + (v.y + v.w) }
}
