import Foundation

/// What stands behind `name` on the command line.
public func option(_ name: String) -> String? {
    let arguments = CommandLine.arguments
    guard let index = arguments.firstIndex(of: name), index + 1 < arguments.count else { return nil }
    return arguments[index + 1]
}

/// Prints one figure as the driver reads it: a JSON line. `--suffix _disk` is added to every name.
public func report(_ metric: String, _ value: Double, _ unit: String) {
    let name = metric + (option("--suffix") ?? "")
    print(#"{"peer":"spanreel","metric":"\#(name)","value":\#(String(format: "%.4f", value)),"unit":"\#(unit)"}"#)
}
