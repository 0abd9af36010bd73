"""The programs of each group of the bench, ours and the peers'. Each prints JSON lines, one a metric."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parents[1]
ROOT = BENCHMARKS.parent
WORK = ROOT / ".build-bench"
PEERS = BENCHMARKS / "peers"
PYTHON = WORK / "venv" / "bin" / "python"
SESSION = ROOT / "Tests" / "Data" / "mlx-base"
# Ten million events like that session's, and the same as columns: see programs/like.py.
LIKE = WORK / "like"

# A peer's way to say that this machine cannot run it: the bench goes on without it.
UNAVAILABLE = 3


@dataclass(frozen=True)
class Program:
    name: str
    command: tuple[str, ...]
    # Sizes do not change from round to round.
    once: bool = False


def trace_asked_for() -> str:
    """The trace that the scan and its peers are asked about; none before there is a session."""
    names = LIKE / "columns" / "names.json"
    return str(json.loads(names.read_text())["trace"]) if names.exists() else ""


def our_products(binaries: Path) -> dict[str, list[Program]]:
    """Our own programs by group; `binaries` is where SwiftPM puts the products of Benchmarks."""
    def ours(product: str, *arguments: str, once: bool = False) -> Program:
        name = " ".join([product, *(word for word in arguments[:1] if not word.startswith(("-", "/")))])
        return Program(name, (str(binaries / product), *arguments), once)

    def on_generated(name: str) -> Program:
        return Program(name, (sys.executable, str(BENCHMARKS / "programs" / f"{name}.py"),
                              str(ROOT / ".build" / "release" / "spanreel"), str(binaries / "generate")))

    return {
        "emit": [ours("emit")],
        # Long runs, once: a tail is in the events, not in the rounds.
        "tail": [Program(f"emit{suffix}", (str(binaries / "emit"), "--only", "tail", "--seconds", "90", "--suffix", suffix,
                                           *place), True)
                 for suffix, place in (("_shm", ()), ("_disk", ("--disk",)))],
        "seal": [ours("log", "seal", "--seconds", "3")],
        "overhead": [ours("log", "overhead", "--seconds", "6")],
        "visible": [ours("log", "visible")],
        "sizes": [ours("sizes", str(SESSION), str(ROOT / "traces" / "base.reel"), once=True)],
        "recovery": [ours("log", "recovery")],
        "stats": [on_generated("stats")],
        "seek": [on_generated("seek")],
        "rebuild": [ours("scan", str(LIKE / "session.reel"), trace_asked_for()),
                    ours("scan", "trees", str(LIKE / "session.reel")),
                    Program("scan of 50 M events", (str(binaries / "scan"), str(LIKE / "large.reel"), "--suffix", "_50m"),
                            once=True)],
    }


def peers() -> dict[str, list[Program]]:
    lttng = str(PEERS / "lttng" / "peer.py")
    return {
        "emit": [
            Program("lttng", (sys.executable, lttng, "round")),
            Program("swift-distributed-tracing", (str(WORK / "peer-tracing" / "release" / "peer-tracing"),)),
            Program("opentelemetry-python", (str(PYTHON), str(PEERS / "python" / "otel.py"))),
        ],
        "seal": [Program("lttng sustained", (sys.executable, lttng, "sustained", "3"))],
        "sizes": [Program("parquet, duckdb, otlp", (str(PYTHON), str(PEERS / "sizes" / "peer.py"), str(SESSION)),
                          once=True)],
        "rebuild": [Program(engine, (str(PYTHON), str(PEERS / "scan" / "peer.py"), engine, str(LIKE / "columns")))
                    for engine in ("clickhouse", "duckdb")],
    }


PRODUCTS = {"emit": ["emit"], "tail": ["emit"], "seal": ["log"], "overhead": ["log"], "visible": ["log"], "recovery": ["log"],
            "sizes": ["sizes"], "stats": ["generate"], "seek": ["generate"], "rebuild": ["generate", "scan"]}
GROUPS = list(PRODUCTS)


def build(groups: list[str]) -> Path:
    """Builds what the groups need and returns the folder of the products. A product that does not build is said here
    and found missing when its turn comes."""
    swift = ["swift", "build", "-c", "release", "--package-path", str(BENCHMARKS)]
    for product in dict.fromkeys(name for group in groups for name in PRODUCTS[group]):
        if subprocess.run([*swift, "--product", product], stdout=sys.stderr).returncode != 0:
            print(f"bench: {product} does not build", file=sys.stderr)
    if {"stats", "seek"} & set(groups):
        subprocess.run([str(ROOT / "spanreel"), "--build-only"])
    if {"emit", "seal", "sizes", "rebuild"} & set(groups):
        subprocess.run([str(PEERS / "setup.sh")])
    found = subprocess.run([*swift, "--show-bin-path"], capture_output=True, text=True, check=True)
    binaries = Path(found.stdout.strip())
    if "rebuild" in groups:
        subprocess.run([sys.executable, str(BENCHMARKS / "programs" / "like.py"), str(binaries / "generate"),
                        str(SESSION), str(LIKE)])
    return binaries
