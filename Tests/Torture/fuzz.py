"""libFuzzer over everything that reads bytes from outside, with the address sanitizer, unoptimised (an optimiser merges
comparisons that guide the fuzzer) and with checksums switched off so that mutations get behind them."""
import hashlib
import os
import pathlib
import re
import shutil
import subprocess


class Fuzz:
    targets = ("block", "segment", "packed", "lane", "names", "head")

    def __init__(self, root, folder):
        self.root, self.folder = pathlib.Path(root), pathlib.Path(folder)
        self.build_folder = self.root / ".build" / "torture" / "fuzz"

    def build(self):
        """One module of the log's sources and the targets. Returns the program; reuses it while no source changed."""
        sources = sorted((self.root / "Sources" / "Tracing").rglob("*.swift"))
        sources += sorted((self.root / "Tests" / "Torture" / "Fuzz").glob("*.swift"))
        include = self.root / "Sources" / "CSpanreel" / "include"
        code = sorted((self.root / "Sources" / "CSpanreel").glob("*.c"))
        stamp = hashlib.sha256(b"".join(path.read_bytes() for path in [*sources, *code])).hexdigest()
        program, mark = self.build_folder / "fuzz", self.build_folder / "stamp"
        if program.exists() and mark.exists() and mark.read_text() == stamp:
            return program
        self.build_folder.mkdir(parents=True, exist_ok=True)
        modules = self.build_folder / "module.modulemap"
        modules.write_text(f'module CSpanreel {{ umbrella "{include}" export * }}\n')
        objects = []
        for path in code:
            target = self.build_folder / f"{path.stem}.o"
            self.call(["clang", "-c", "-O1", "-fsanitize=address", "-I", str(include), str(path), "-o", str(target)])
            objects.append(str(target))
        self.call([
            "swiftc", "-sanitize=fuzzer,address", "-Onone", "-parse-as-library", "-module-name", "SpanreelFuzz",
            "-package-name", "spanreel", "-swift-version", "6", "-enable-upcoming-feature", "InternalImportsByDefault",
            "-enable-upcoming-feature", "ExistentialAny", "-D", "SPANREEL_FUZZING", "-suppress-warnings",
            "-Xcc", f"-fmodule-map-file={modules}", "-I", str(self.root / "Sources" / "CZstd"),
            *map(str, sources), *objects, "-lzstd", "-o", str(program)])
        mark.write_text(stamp)
        return program

    @staticmethod
    def call(words):
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{words[0]} failed: {done.stderr[-3000:]}")

    def run(self, seconds=0, runs=0):
        """Each target for its share of the time, or so many runs. Returns executions and findings."""
        program, total, failures = self.build(), 0, []
        for target in self.targets:
            place, corpus = self.folder / f"fuzz-{target}", self.folder / f"corpus-{target}"
            for folder in (place, corpus):
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
            limit = [f"-runs={runs}"] if runs else [f"-max_total_time={max(1, seconds // len(self.targets))}"]
            environment = {
                **os.environ, "SPANREEL_FUZZ_TARGET": target, "SPANREEL_FUZZ_PLACE": str(place),
                "SPANREEL_FUZZ_SEEDS": str(corpus), "SPANREEL_MIN_FREE": "0", "SWIFT_BACKTRACE": "enable=no",
                "ASAN_OPTIONS": "detect_leaks=0"}
            # No block is larger than 64 MiB, so no single allocation may be, beyond some room for doubling arrays.
            ran = subprocess.run(
                [str(program), *limit, "-seed=1", "-rss_limit_mb=1024", "-malloc_limit_mb=192", "-print_final_stats=1",
                 f"-artifact_prefix={place}/", "-max_len=16384", "-verbosity=1", str(corpus)],
                capture_output=True, text=True, env=environment, errors="replace")
            done = re.search(r"stat::number_of_executed_units: +(\d+)", ran.stderr)
            total += int(done[1]) if done else 0
            if ran.returncode != 0 or not done:
                kept = self.build_folder / "findings"
                kept.mkdir(exist_ok=True)
                for artifact in place.glob("*-*"):
                    if artifact.is_file():
                        shutil.copy(artifact, kept / f"{target}-{artifact.name}")
                failures.append(target)
                lines = [l for l in ran.stderr.splitlines() if re.search("Fatal|ERROR|SUMMARY|precondition", l)]
                print(f"  {target}: {lines[:4] or ran.stderr[-600:]}; inputs kept in {kept}")
        return total, failures
