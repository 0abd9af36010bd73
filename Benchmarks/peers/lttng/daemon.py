"""The LTTng session daemon and its recording sessions, for as long as a `with` block."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


class Unavailable(Exception):
    """One sentence: why LTTng cannot be measured here."""


@dataclass(frozen=True)
class Channel:
    """How the buffers of one recording are cut; both sizes are per core."""

    sub_buffer: str
    count: int
    blocking: bool

    def __str__(self) -> str:
        return f"{self.count} x {self.sub_buffer}, {'blocking' if self.blocking else 'discarding'}"


@dataclass
class Recording:
    """What a recording left; the fields are filled in when its `with` block ends."""

    folder: Path
    discarded: int = 0
    bytes_on_disk: int = 0


def lttng(*arguments: str) -> str:
    done = subprocess.run(["lttng", *arguments], capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise Unavailable(f"lttng {' '.join(arguments)} failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


@contextlib.contextmanager
def session_daemon(home: Path) -> Iterator[None]:
    """Uses a daemon that already runs, and leaves it; else starts one in `home` and stops it."""
    for program in ("lttng", "lttng-sessiond"):
        if shutil.which(program) is None:
            raise Unavailable(f"{program} is not installed (apt install lttng-tools liblttng-ust-dev)")
    home.mkdir(parents=True, exist_ok=True)
    os.environ["LTTNG_HOME"] = str(home)
    if subprocess.run(["lttng", "list"], capture_output=True).returncode == 0:
        yield
        return
    pid_file = home / "sessiond.pid"
    subprocess.run(["lttng-sessiond", "--no-kernel", "--daemonize", f"--pidfile={pid_file}"],
                   check=True, capture_output=True)
    try:
        yield
    finally:
        stop(int(pid_file.read_text()))


def stop(pid: int) -> None:
    os.kill(pid, signal.SIGTERM)
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists():
            return
        time.sleep(0.1)
    raise Unavailable(f"lttng-sessiond (pid {pid}) does not stop")


@contextlib.contextmanager
def recording(name: str, channel: Channel, folder: Path) -> Iterator[Recording]:
    """Records what the block's programs emit into `folder`, which is removed at the end."""
    shutil.rmtree(folder, ignore_errors=True)
    lttng("create", name, f"--output={folder}")
    result = Recording(folder)
    try:
        mode = ["--blocking-timeout=inf"] if channel.blocking else ["--discard"]
        lttng("enable-channel", "--userspace", "events", f"--session={name}", "--buffers-uid",
              f"--subbuf-size={channel.sub_buffer}", f"--num-subbuf={channel.count}", *mode)
        lttng("enable-event", "--userspace", "spanreel_peer:*", "--channel=events", f"--session={name}")
        lttng("start", name)
        yield result
        lttng("stop", name)  # waits until the last sub-buffer is in the file
        listing = ElementTree.fromstring(lttng("--mi", "xml", "list", name))
        result.discarded = sum(
            int(node.text or 0) for node in listing.iter() if node.tag.endswith(("discarded_events", "lost_packets")))
        result.bytes_on_disk = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    finally:
        lttng("destroy", name)
        shutil.rmtree(folder, ignore_errors=True)
