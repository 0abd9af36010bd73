"""Where and on what a run took place."""

import os
import platform
import subprocess
from datetime import datetime, timezone
from pathlib import Path

from .programs import ROOT


def said(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT).stdout.strip()
    except OSError:
        return ""


def processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return said("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine()


def describe() -> dict[str, str]:
    dirty = said("git", "status", "--porcelain", "--untracked-files=no")
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": said("git", "rev-parse", "--short", "HEAD") + (" and uncommitted changes" if dirty else ""),
        "machine": f"{os.cpu_count()} x {processor()}",
        "kernel": f"{platform.system()} {platform.release().split('-')[0]}",
        "swift": (said("swift", "--version").splitlines() or ["none"])[0],
    }
