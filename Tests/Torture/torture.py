#!/usr/bin/env python3
"""The torture kit of the log. `make torture SECONDS=600` runs everything; see docs/FAULTS.md for what is promised.

Prints counts and the identity *emitted = readable + dropped + reported lost*, and ends with 1 on any difference.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import build
from conditions import Conditions
from faults import Faults
from fuzz import Fuzz
from powerloss import PowerLoss

# Kills get most of the time. The matrix is exhaustive when its share is enough for that, else a stride of it.
SHARES = {"kills": 0.52, "flips": 0.17, "sectors": 0.06, "cuts": 0.03, "faults": 0.08, "power": 0.07, "fuzz": 0.07}


class Kit:
    def __init__(self, seconds, seed):
        self.seconds, self.seed, self.failed = seconds, seed, []
        self.totals = {"emitted": 0, "readable": 0, "dropped": 0, "lost": 0}
        self.folder = tempfile.mkdtemp(prefix="spanreel-torture-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
        self.cores = max(2, os.cpu_count() or 2)

    def budget(self, name):
        return self.seconds * SHARES[name]

    def line(self, name, what, failures):
        print(f"{name:9} {what}{'' if not failures else f'   FAILED: {failures}'}", flush=True)
        if failures:
            self.failed.append(name)

    def parallel(self, jobs):
        """Runs the child once for each list of words, at the same time; returns the sums of the numbers it prints."""
        running = [
            subprocess.Popen([str(self.child), *map(str, job)], stdout=subprocess.PIPE, text=True) for job in jobs]
        sums, bad = {}, 0
        for process in running:
            output = process.communicate()[0]
            bad += process.returncode != 0
            for word, number in re.findall(r"([\w-]+) (\d+)", output):
                sums[word] = sums.get(word, 0) + int(number)
        return sums, bad

    def kills(self):
        seconds = max(2, round(self.budget("kills")))
        started = time.time()
        sums, bad = self.parallel([["kills", seconds, 0, self.seed + index] for index in range(self.cores)])
        rate = sums.get("kills", 0) / max(time.time() - started, 0.1)
        for word in self.totals:
            self.totals[word] += sums.get(word, 0)
        self.line(
            "kills", f"{sums.get('kills', 0)} at {rate:.0f}/s ({sums.get('early', 0)} more while opening): "
            f"emitted {sums.get('emitted', 0)} = readable {sums.get('readable', 0)} + dropped {sums.get('dropped', 0)} "
            f"+ lost {sums.get('lost', 0)} - in flight {sums.get('in-flight', 0)}; "
            f"{sums.get('sealed', 0)} sealed and packed", bad or sums.get("failures", 0))

    def matrix(self, mode, rate):
        """`rate` is how many cases a core does in a second, for the stride that fits the time."""
        full = {"flips": 73_000 * 8, "cuts": 2 * 73_000, "sectors": 2 * 180_000}[mode]
        stride = max(1, round(full / (self.budget(mode) * rate * self.cores)))
        sums, bad = self.parallel([[mode, shard, self.cores, stride] for shard in range(self.cores)])
        every = "every one" if stride == 1 else f"every {stride}th"
        self.line(mode, f"{sums.get(mode, 0)} ({every}), all detected, untouched blocks read", bad)

    def faults(self):
        if not build.has_strace():
            return self.line("faults", "left out: no strace here", 0)
        faults = Faults(self.child, self.folder)
        found = faults.run(stride=max(1, round(30 / max(self.budget("faults"), 1))))
        for word in self.totals:
            self.totals[word] += found.sums[word]
        left_out = f", {found.left_out} disk sizes left out: nothing can be mounted here" if found.left_out else ""
        self.line("faults", f"{found.cases - found.left_out} system calls and disk sizes{left_out}", len(found.failures))

    def power(self):
        if not build.has_strace():
            return self.line("power", "left out: no strace here", 0)
        states = max(800, round(self.budget("power") * 250))
        found = PowerLoss(self.child, self.folder).run(states, self.seed)
        self.line("power", f"{found.states} power-loss states, every A2 event in each", len(found.failures))

    def fuzz(self):
        fuzz = Fuzz(build.ROOT, self.folder)
        executions, failures = fuzz.run(seconds=max(4, round(self.budget("fuzz"))))
        self.line("fuzz", f"{executions} executions of {len(fuzz.targets)} targets, address sanitizer on", len(failures))

    def sanitizers(self):
        for name in ("thread", "address"):
            result = build.swift(
                "test", "--sanitize", name, "--disable-xctest", "--filter", "TracingTests", scratch=name, capture=True,
                check=False, environment={"ASAN_OPTIONS": "detect_leaks=0", "TSAN_OPTIONS": "halt_on_error=0"})
            text = result.stdout + result.stderr
            reports = text.count("WARNING: ThreadSanitizer") + text.count("ERROR: AddressSanitizer")
            tests = re.search(r"Test run with (\d+) tests", text)
            if result.returncode != 0:
                print("\n".join(l for l in text.splitlines() if "✘" in l or "Sanitizer" in l)[-2000:])
            self.line(
                f"{name[:6]}san", f"{tests[1] if tests else 'no'} tests, {reports} reports",
                int(result.returncode != 0 or reports > 0 or not tests))

    def conditions(self):
        seconds, stall = (2, 1) if self.seconds < 120 else (8, 60)
        lines, failures = Conditions(self.child, self.folder).run(seconds, stall)
        for text in lines:
            print(f"          {text}")
        held = sum("exact" in text for text in lines)
        self.line("process", f"{held} of {len(lines)} conditions tried, each exact", len(failures))

    def run(self, sections):
        self.child = build.child()
        steps = {
            "kills": self.kills, "flips": lambda: self.matrix("flips", 2000), "cuts": lambda: self.matrix("cuts", 2000),
            "sectors": lambda: self.matrix("sectors", 2000), "faults": self.faults, "power": self.power,
            "process": self.conditions, "fuzz": self.fuzz, "sanitizers": self.sanitizers}
        try:
            for name in sections or steps:
                steps[name]()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
        total = self.totals
        print(
            f"identity  {total['emitted']} emitted by the processes that were killed or hit by faults; {total['readable']} "
            f"readable, {total['dropped']} dropped and counted, {total['lost']} reported lost: "
            f"{'exact to one event in each run' if not self.failed else 'BROKEN in ' + ', '.join(self.failed)}")
        return 1 if self.failed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="sections, with commas")
    options = parser.parse_args()
    sys.exit(Kit(options.seconds, options.seed).run(options.only.split(",") if options.only else None))
