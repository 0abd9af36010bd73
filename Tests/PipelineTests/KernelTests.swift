import Testing

@testable import SpanreelPipeline

/// The kernels against the plainest possible loops, in double precision.
@Suite struct KernelTests {
    private func random(_ count: Int, seed: UInt64) -> FloatBuffer {
        let buffer = FloatBuffer(count)
        var generator = SeededGenerator(seed)
        for i in 0..<count { buffer[i] = 2 * generator.unit() - 1 }
        return buffer
    }

    @Test(arguments: [1, 2, 3, 4, 5, 8, 11], [(4, 1), (8, 7), (16, 8), (20, 9), (64, 33)])
    func matmulIsTheSumOfProducts(rows: Int, sizes: (Int, Int)) {
        let (inputs, outputs) = sizes
        let x = random(rows * inputs, seed: 1), w = random(outputs * inputs, seed: 2), y = FloatBuffer(rows * outputs)
        Kernels.matmul(x.base, rows: rows, w.base, inputs: inputs, outputs: outputs, into: y.base)
        for r in 0..<rows {
            for o in 0..<outputs {
                let exact = (0..<inputs).reduce(0.0) { $0 + Double(x[r * inputs + $1]) * Double(w[o * inputs + $1]) }
                #expect(abs(Double(y[r * outputs + o]) - exact) < 1e-5)
            }
        }
    }

    @Test func aRowDoesNotDependOnTheRowsBesideIt() {
        let inputs = 64, outputs = 37, rows = 7
        let x = random(rows * inputs, seed: 3), w = random(outputs * inputs, seed: 4)
        let together = FloatBuffer(rows * outputs), alone = FloatBuffer(outputs)
        Kernels.matmul(x.base, rows: rows, w.base, inputs: inputs, outputs: outputs, into: together.base)
        for r in 0..<rows {
            Kernels.matmul(x.base + r * inputs, rows: 1, w.base, inputs: inputs, outputs: outputs, into: alone.base)
            #expect(alone.read(count: outputs) == together.read(count: outputs, at: r * outputs))
        }
    }

    @Test func softmaxSumsToOneAndSurvivesLargeScores() {
        let scores = FloatBuffer(4)
        scores.write([1000, 999, -1000, 1000])
        Kernels.softmax(scores.base, 4)
        let result = scores.read(count: 4)
        #expect(abs(result.reduce(0, +) - 1) < 1e-6)
        #expect(result[0] == result[3] && result[0] > result[1] && result[2] == 0)
    }

    @Test func rmsNormGivesRowsOfUnitSize() {
        let x = random(2 * 32, seed: 5), y = FloatBuffer(64), gain = Weights.ones(32)
        Kernels.rmsNorm(x.base, rows: 2, width: 32, gain: gain.base, into: y.base)
        for r in 0..<2 {
            let square = y.read(count: 32, at: r * 32).reduce(0) { $0 + $1 * $1 } / 32
            #expect(abs(square - 1) < 1e-3)
        }
    }

    @Test func rotationKeepsLengthAndDependsOnDistanceAlone() {
        let table = RotaryTable(headWidth: 16, positions: 64)
        func score(_ a: Int, _ b: Int) -> Float {
            let q = random(16, seed: 6), k = random(16, seed: 7)
            table.rotate(q.base, heads: 1, position: a)
            table.rotate(k.base, heads: 1, position: b)
            return Kernels.dot(q.base, k.base, 16)
        }
        #expect(abs(score(5, 2) - score(43, 40)) < 1e-5)
        #expect(abs(score(5, 2) - score(5, 4)) > 1e-3)
    }
}
