"""A package of the log alone, beside the real one: builds in a minute, also under sanitizers or with planted bugs.

The real package's server takes minutes; nothing of it is needed to kill processes and damage files.
"""
import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
MANIFEST = """// swift-tools-version:6.1
import PackageDescription
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6), .enableUpcomingFeature("InternalImportsByDefault"), .enableUpcomingFeature("ExistentialAny"),
]
let package = Package(
    name: "spanreel", platforms: [.macOS(.v15)],
    targets: [
        .systemLibrary(name: "CZstd", path: "Sources/CZstd", pkgConfig: "libzstd"),
        .target(name: "CSpanreel", path: "Sources/CSpanreel"),
        .target(
            name: "SpanreelTracing", dependencies: ["CZstd", "CSpanreel"], path: "Sources/Tracing", swiftSettings: strict),
        .executableTarget(
            name: "torture-child", dependencies: ["SpanreelTracing"], path: "Tests/Torture/Child", swiftSettings: strict),
        .testTarget(
            name: "TracingTests", dependencies: ["SpanreelTracing"], path: "Tests/TracingTests", swiftSettings: strict),
    ])
"""


def package():
    """Makes the small package's folder; the sources are links."""
    folder = ROOT / ".build" / "torture"
    folder.mkdir(parents=True, exist_ok=True)
    manifest = folder / "Package.swift"
    if not manifest.exists() or manifest.read_text() != MANIFEST:
        manifest.write_text(MANIFEST)
    for name in ("Sources", "Tests"):
        link = folder / name
        if not link.is_symlink():
            link.symlink_to(ROOT / name)
    return folder


def swift(*arguments, scratch="plain", capture=False, environment=None, check=True):
    """Runs `swift` in the small package, each kind of build in a folder of its own."""
    folder = package()
    words = ["swift", *arguments[:1], "--scratch-path", str(folder / f".build-{scratch}"), *arguments[1:]]
    result = subprocess.run(
        words, cwd=folder, text=True, capture_output=capture, env={**os.environ, **(environment or {})})
    if check and result.returncode != 0:
        if capture:
            print(result.stdout[-4000:], result.stderr[-4000:])
        raise SystemExit(f"{' '.join(words)} failed")
    return result


def child(scratch="plain", flags=()):
    """Builds the kit's executable; returns its path."""
    static = ["--static-swift-stdlib"] if os.uname().sysname == "Linux" else []
    words = ["build", "-c", "release", "--product", "torture-child", *static, *flags]
    swift(*words, scratch=scratch, capture=True)
    where = swift(*words, "--show-bin-path", scratch=scratch, capture=True).stdout.strip().splitlines()[-1]
    return pathlib.Path(where) / "torture-child"


def has_strace():
    """strace injects faults at the n-th system call. Installed on demand where that is possible."""
    if shutil.which("strace"):
        return True
    if os.uname().sysname == "Linux" and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "-y", "-qq", "strace"], capture_output=True)
    return shutil.which("strace") is not None
