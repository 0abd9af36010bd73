"""A pipeline's process under trouble: it goes on, pays little, and says afterwards exactly what was dropped."""
import os
import subprocess
import tempfile

import build


class Conditions:
    def __init__(self, child, folder):
        self.child, self.folder = str(child), folder

    def rate(self, session, seconds, condition, prefix=(), environment=None, per_second=200_000):
        ran = subprocess.run(
            [*prefix, self.child, "rate", session, str(seconds), str(per_second), condition], capture_output=True,
            text=True, timeout=seconds * 4 + 120, env={**os.environ, **(environment or {})})
        return ran.returncode, (ran.stdout.strip() or ran.stderr.strip()[-300:])

    def run(self, seconds, stall):
        """Each condition for so many seconds; the sealer stalled for `stall`."""
        lines, failures = [], []

        def note(name, result):
            if result is None:
                lines.append(f"{name}: left out, nothing can be mounted here")
                return
            code, text = result
            lines.append(f"{name}: {text}")
            if code != 0 or "exact" not in text:
                failures.append(name)

        with tempfile.TemporaryDirectory(dir=self.folder) as place:
            note("plain", self.rate(f"{place}/plain.reel", seconds, "plain"))
            note("forking", self.rate(f"{place}/fork.reel", seconds, "fork"))
            if os.geteuid() == 0:
                note("full disk", self.full(place, seconds))
                note("low disk", self.rate(f"{place}/low.reel", seconds, "plain", environment={"SPANREEL_MIN_FREE": "15000000GiB"}))
            if build.has_strace():
                # The sealer sleeps between its rounds; the twentieth of these sleeps lasts nearly as long as the run.
                prefix = ["strace", "-f", "-o", "/dev/null", "--seccomp-bpf", "-e", "trace=clock_nanosleep",
                          "-e", f"inject=clock_nanosleep:delay_enter={stall}s:when=20"]
                note(f"stalled for {stall} s", self.rate(f"{place}/stall.reel", stall + 1, "plain", prefix=prefix))
        return lines, failures

    def full(self, place, seconds):
        disk = f"{place}/disk"
        os.mkdir(disk)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=7m", "tmpfs", disk], capture_output=True).returncode:
            return None
        try:
            return self.rate(f"{disk}/full.reel", seconds, "plain", environment={"SPANREEL_MIN_FREE": "0"})
        finally:
            subprocess.run(["umount", disk], capture_output=True)
