"""A fault at the n-th system call of a fixed script, for every n; and a full disk, page by page.

After each run the identity *emitted = readable + dropped + reported lost* is checked, before and after `seal` and `pack`.
"""
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

FAULTS = {
    "write": ["error=ENOSPC", "error=EDQUOT", "error=EIO", "error=EFBIG", "error=EINTR", "signal=KILL"],
    "fdatasync": ["error=EIO", "error=ENOSPC", "signal=KILL"],
    "fsync": ["error=EIO", "signal=KILL"],
    "openat": ["error=ENOSPC", "error=EMFILE", "signal=KILL"],
    "rename": ["error=ENOSPC", "signal=KILL"],
    "fallocate": ["error=ENOSPC", "signal=KILL"],
    "mkdir": ["error=ENOSPC", "signal=KILL"],
    "ftruncate": ["error=EIO", "signal=KILL"],
    "mmap": ["signal=KILL"],
    "close": ["signal=KILL"],
    # Between a block's write and the giving back of its slots.
    "rt_sigprocmask": ["signal=KILL"],
}


def forget_lanes(session):
    """The lanes of a session that is thrown away."""
    streams = pathlib.Path(session) / "streams"
    for stream in streams.iterdir() if streams.is_dir() else []:
        shutil.rmtree(f"/dev/shm/spanreel-{os.getuid()}/{stream.name.strip('.')[:32]}", ignore_errors=True)


class Faults:
    def __init__(self, child, folder):
        self.child, self.folder, self.cases, self.failures, self.left_out = str(child), folder, 0, [], 0
        self.sums = {"emitted": 0, "readable": 0, "dropped": 0, "lost": 0}

    def places(self):
        """Which calls of each kind the script itself makes, in its main thread."""
        with tempfile.TemporaryDirectory(dir=self.folder) as place:
            trace = f"{place}/trace"
            names = ",".join(FAULTS)
            subprocess.run(
                ["strace", "-o", trace, "-e", f"trace={names}", self.child, "script", f"{place}/s.reel", f"{place}/c"],
                capture_output=True, env=self.environment(), check=True)
            counts, before, started = {}, {}, False
            for line in open(trace, errors="replace"):
                name = re.match(r"(\w+)\(", line)
                if not name:
                    continue
                if f"{place}/c" in line and not started:
                    started, before = True, dict(counts)
                counts[name[1]] = counts.get(name[1], 0) + 1
            forget_lanes(f"{place}/s.reel")
            # The first of these is the counters file, which is the kit's own.
            first = {name: before.get(name, 0) + (2 if name in ("openat", "ftruncate") else 1) for name in FAULTS}
            return {name: range(first[name], counts.get(name, 0) + 1) for name in FAULTS}

    @staticmethod
    def environment():
        return {**os.environ, "SPANREEL_MIN_FREE": "0"}

    def one(self, call, fault, number):
        with tempfile.TemporaryDirectory(dir=self.folder) as place:
            session, counters = f"{place}/s.reel", f"{place}/c"
            words = ["strace", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:{fault}:when={number}"]
            ran = subprocess.run(
                [*words, self.child, "script", session, counters], capture_output=True, text=True,
                env=self.environment(), timeout=60)
            killed = "KILL" in fault
            if ran.returncode not in ((0, -9, 137) if killed else (0,)):
                return f"{call} {fault} {number}: the process ended with {ran.returncode}: {ran.stderr[-300:]}"
            return self.judge(session, counters, f"{call} {fault} {number}")

    def judge(self, session, counters, what):
        if not os.path.exists(counters):
            return None
        checked = subprocess.run([self.child, "check", session, counters], capture_output=True, text=True, timeout=60)
        forget_lanes(session)
        for word in self.sums:
            found = re.search(rf"{word} (\d+)", checked.stdout)
            if found:
                self.sums[word] += int(found[1])
        return None if checked.returncode == 0 else f"{what}: {checked.stderr[-500:]}{checked.stdout[-200:]}"

    def full_disk(self, kibibytes, has_ballast=False):
        """The script on a disk that is full early or late; then the disk grows, and everything is there. With ballast
        there is room again after the first failure, while the script still runs."""
        with tempfile.TemporaryDirectory(dir=self.folder) as place:
            disk = f"{place}/disk"
            os.mkdir(disk)
            if subprocess.run(
                    ["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs", disk], capture_output=True).returncode:
                self.left_out += 1
                return None
            environment, size = self.environment(), kibibytes
            if has_ballast:
                size += 256
                subprocess.run(["mount", "-o", f"remount,size={size}k", disk], check=True)
                pathlib.Path(f"{disk}/ballast").write_bytes(bytes(256 * 1024))
                environment["SPANREEL_TORTURE_BALLAST"] = f"{disk}/ballast"
            try:
                session, counters = f"{disk}/s.reel", f"{place}/c"
                ran = subprocess.run(
                    [self.child, "script", session, counters], capture_output=True, text=True, env=environment,
                    timeout=60)
                if ran.returncode != 0:
                    return f"full disk {kibibytes} KiB: the process ended with {ran.returncode}: {ran.stderr[-300:]}"
                subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
                return self.judge(session, counters, f"full disk {kibibytes} KiB")
            finally:
                subprocess.run(["umount", disk], capture_output=True)

    def run(self, stride=1, calls=None):
        jobs = []
        for call, numbers in self.places().items():
            if calls and call not in calls:
                continue
            jobs += [(self.one, (call, fault, n)) for fault in FAULTS[call] for n in list(numbers)[::stride]]
        if os.geteuid() == 0 and (not calls or "disk" in calls):
            # From less than the stream's mapped files need to more than everything does, by one page.
            sizes = range(2136, 2336, 4 * stride)
            jobs += [(self.full_disk, (size, ballast)) for size in sizes for ballast in (False, True)]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for finding in pool.map(lambda job: job[0](*job[1]), jobs):
                self.cases += 1
                if finding:
                    self.failures.append(finding)
                    if len(self.failures) < 6:
                        print(f"  {finding}")
        return self
