#!/usr/bin/env python3
"""Shows that the torture kit can fail: builds the log once with planted bugs, switches each one on, and expects the
short slice that is meant for it to find it. Without a bug every slice passes. Prints caught/total."""
import os
import re
import subprocess
import sys
import tempfile

import build
from conditions import Conditions
from faults import Faults
from powerloss import PowerLoss

FLAGS = ["-Xswiftc", "-DSPANREEL_PLANTED_BUGS"]


class Slices:
    """Each returns what it found, or nothing."""

    def __init__(self, child, folder):
        self.child, self.folder = child, folder

    def words(self, *words):
        ran = subprocess.run([str(self.child), *map(str, words)], capture_output=True, text=True, timeout=120)
        return "" if ran.returncode == 0 else (ran.stderr.strip().splitlines() or [f"ended with {ran.returncode}"])[0]

    def kills(self):
        return self.words("kills", 0, 60, 5)

    def flips(self):
        return self.words("flips", 0, 1, 397)

    def cuts(self):
        return self.words("cuts", 0, 2, 61) or self.words("cuts", 1, 2, 61)

    def sectors(self):
        return self.words("sectors", 0, 2, 331) or self.words("sectors", 1, 2, 331)

    def faults(self):
        found = Faults(self.child, self.folder).run(stride=1, calls=("write", "disk", "fdatasync", "rt_sigprocmask"))
        return found.failures[0] if found.failures else ""

    def power(self):
        found = PowerLoss(self.child, self.folder).run(800)
        return found.failures[0] if found.failures else ""

    def process(self):
        found = Conditions(self.child, self.folder)
        with tempfile.TemporaryDirectory(dir=self.folder) as place:
            low = found.rate(f"{place}/low.reel", 2, "plain", environment={"SPANREEL_MIN_FREE": "15000000GiB"})
            full = found.full(place, 1)
            for code, text in (low, full) if full else (low,):
                if code != 0 or "exact" not in text:
                    return text or f"ended with {code}"
        return ""

    def tests(self):
        ran = build.swift(
            "test", "--skip-build", "--filter", "RecoveryTests", *FLAGS, scratch="planted-tests", capture=True, check=False)
        if ran.returncode == 0:
            return ""
        return next((line for line in (ran.stdout + ran.stderr).splitlines() if "✘" in line), f"ended with {ran.returncode}")

    def lanes(self):
        """A disk too small for lanes beside the segment: the emitting process must live."""
        return Lanes(self.child, self.folder).run()


class Lanes:
    """Lanes on a small disk: a lane that cannot be had is a counted drop or a refused opening, never SIGBUS."""

    def __init__(self, child, folder):
        self.child, self.folder = str(child), folder

    def run(self):
        if os.geteuid() != 0:
            return ""
        # In a mount namespace of its own /dev/shm is so small that lanes lie beside the segment.
        for kibibytes in range(2080, 3200, 96):
            script = (
                f"mount -t tmpfs -o size=64k tmpfs /dev/shm && mkdir -p /run/spanreel-lanes && "
                f"mount -t tmpfs -o size={kibibytes}k tmpfs /run/spanreel-lanes && "
                f"exec {self.child} script /run/spanreel-lanes/s.reel /run/spanreel-lanes/c")
            ran = subprocess.run(
                ["unshare", "-m", "bash", "-c", script], capture_output=True, text=True,
                env={**os.environ, "SPANREEL_MIN_FREE": "0"}, timeout=60)
            if ran.returncode < 0 or ran.returncode > 2:
                return f"{kibibytes} KiB: the process ended with {ran.returncode}"
        return ""


BUGS = {
    "payloadUnchecked": "flips", "headerUnchecked": "flips", "offsetUnchecked": "sectors", "foreignAccepted": "tests",
    "stopsAtBadBlock": "flips", "fileHeaderNotRecovered": "flips", "gapUnreported": "tests", "tornTailSilent": "tests",
    "duplicateDelivered": "tests", "copyIgnored": "tests", "strictIsLenient": "tests", "totalsIgnored": "cuts",
    "shortWriteIgnored": "faults", "tornWriteLeft": "faults", "syncSkipped": "power", "syncTrustedAfterFailure": "power",
    "unsyncedNotRewritten": "power", "directoryNotSynced": "power", "tailBeforeWrite": "faults", "sealedTwice": "faults",
    "lockIgnored": "tests", "lowDiskUncounted": "process", "laneSparse": "lanes", "dropsOffByOne": "kills",
    "renameBeforeSync": "power", "repairDropsLast": "tests", "repairNotStable": "tests", "mergeKeepsDuplicates": "tests",
    "lengthUnbounded": "tests",
}


def main():
    if not build.has_strace():
        print("planted bugs: left out, no strace here")
        return 0
    child = build.child("planted", FLAGS)
    build.swift("build", "--build-tests", *FLAGS, scratch="planted-tests", capture=True)
    only = sys.argv[1:] or list(BUGS)
    with tempfile.TemporaryDirectory(prefix="spanreel-planted-", dir="/dev/shm") as folder:
        slices = Slices(child, folder)
        os.environ.pop("SPANREEL_PLANTED_BUG", None)
        for name in sorted({BUGS[bug] for bug in only}):
            finding = getattr(slices, name)()
            if finding:
                print(f"without a bug, {name} finds: {finding[:400]}")
                return 1
        caught = 0
        for bug in only:
            os.environ["SPANREEL_PLANTED_BUG"] = bug
            with open(os.devnull, "w") as nothing:
                # The slices print what they find; here the finding is the expected outcome.
                out, sys.stdout = sys.stdout, nothing
                try:
                    finding = getattr(slices, BUGS[bug])()
                except Exception as error:
                    finding = f"{type(error).__name__}: {error}"
                finally:
                    sys.stdout = out
            caught += bool(finding)
            finding = re.sub(r"/\S*/", ".../", finding)
            print(f"{'caught' if finding else 'MISSED':7} {bug:24} by {BUGS[bug]:8} {finding[:110]}", flush=True)
    print(f"planted bugs: {caught}/{len(only)} caught")
    return 0 if caught == len(only) else 1


if __name__ == "__main__":
    sys.exit(main())
