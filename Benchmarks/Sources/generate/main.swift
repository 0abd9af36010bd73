// Writes sessions through the public API, with stamps of its own instead of the clock's, as fast as the recorder takes
// them; and reads them back for the peers. The same events for the same seed.
//
//   generate SESSION.reel [EVENTS = 1000000] [SEED = 1]                    a simulated server: see Simple.swift
//   generate --like FOLDER SESSION.reel [EVENTS = 10000000] [SEED = 1]     like the one recorded in FOLDER: Redraw.swift
//   generate --check FOLDER SESSION.reel                                   how well that came out: Fit.swift
//   generate --columns SESSION.reel FOLDER                                 a file a column, for peers: Columns.swift
//
// With SPANREEL_CLOCK=monotonic stamps are whole nanoseconds, as the recorded session's are; else they are steps of this
// machine's counter, and the bytes differ from machine to machine.

import Foundation
import SpanreelTracing

func fail(_ message: String) -> Never {
    FileHandle.standardError.write(Data("generate: \(message)\n".utf8))
    exit(1)
}

/// A positive number at that place of the command line, or what stands there by default.
func number(_ arguments: [String], _ index: Int, default fallback: Int) -> Int {
    guard arguments.count > index else { return fallback }
    guard let value = Int(arguments[index]), value > 0 else {
        fail("expected a number above 0, found \(arguments[index])")
    }
    return value
}

/// Packs what was emitted, and refuses a session that is not all of it.
func pack(_ path: String, emitted: Int) throws -> SessionPacker.Report {
    let dropped = try SessionReader(path: path).streams.reduce(0) { $0 + $1.dropped.values.reduce(0, +) }
    let report = try SessionPacker.pack(path: path)
    guard dropped == 0, report.damages.isEmpty, report.events == emitted else {
        fail("\(dropped) events dropped, \(report.damages.count) damages, \(report.events) of \(emitted) events packed")
    }
    let perEvent = Double(report.sizeBytes) / Double(max(report.events, 1))
    print("\(report.events) events, \(report.sizeBytes) bytes packed, \(rounded(perEvent)) bytes an event")
    return report
}

func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }

let arguments = Array(CommandLine.arguments.dropFirst())
switch (arguments.first, arguments.count) {
case ("--like", 3...5):
    let original = try Original(folder: arguments[1])
    var redraw = try Redraw(original, path: arguments[2], seed: number(arguments, 4, default: 1))
    try redraw.run(events: number(arguments, 3, default: 10_000_000))
    let report = try pack(arguments[2], emitted: redraw.events)
    print("\(redraw.spans) spans, \(rounded(Double(report.sizeBytes) / Double(redraw.spans))) bytes a span")
case ("--check", 3):
    let original = try Original(folder: arguments[1])
    if try !Fit(original, session: arguments[2]).report() { exit(1) }
case ("--columns", 3):
    try Columns.write(session: arguments[1], to: arguments[2])
case (.some(let path), 1...3) where !path.hasPrefix("-"):
    var simulation = try Simulation(path: path, seed: UInt64(number(arguments, 2, default: 1)))
    try simulation.run(events: number(arguments, 1, default: 1_000_000))
    _ = try pack(path, emitted: simulation.events)
default:
    FileHandle.standardError.write(
        Data(
            """
            usage: generate SESSION.reel [EVENTS] [SEED]
                   generate --like FOLDER SESSION.reel [EVENTS] [SEED]
                   generate --check FOLDER SESSION.reel
                   generate --columns SESSION.reel FOLDER

            """.utf8))
    exit(2)
}
