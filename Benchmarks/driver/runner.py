"""Runs the programs of a group in interleaved rounds: A B C, A B C, ... so that a slow minute hits all of them."""

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from .checks import disagreement
from .programs import PYTHON, UNAVAILABLE, Program
from .samples import Samples

TIMEOUT_SECONDS = 600


@dataclass
class Outcome:
    """What a group's programs said. A program that failed in any round counts for none."""

    samples: Samples = field(default_factory=Samples)
    failed: dict[str, str] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)


class Failed(Exception):
    pass


class Absent(Exception):
    pass


def run_once(program: Program, round_number: int) -> Samples:
    if not Path(program.command[0]).exists():
        # The peers' interpreter is missing when their packages could not be installed; that has been said by then.
        raise (Absent if program.command[0] == str(PYTHON) else Failed)(f"there is no program {Path(program.command[0]).name}")
    try:
        done = subprocess.run(program.command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise Failed(f"ran for more than {TIMEOUT_SECONDS} s") from error
    complaint = (done.stderr.strip().splitlines() or ["no message"])[-1]
    if done.returncode == UNAVAILABLE:
        raise Absent(complaint)
    if done.returncode != 0:
        raise Failed(f"exit {done.returncode}: {complaint}")
    samples = Samples()
    try:
        for line in done.stdout.splitlines():
            if line.strip():
                samples.add(line, round_number)
    except ValueError as error:
        raise Failed(str(error)) from error
    if not samples.values:
        raise Failed("printed no figure")
    return samples


def run(programs: list[Program], rounds: int, group: str) -> Outcome:
    outcome = Outcome()
    said: dict[str, set[tuple[str, str]]] = {program.name: set() for program in programs}
    for number in range(rounds):
        for program in programs:
            if program.name in outcome.failed or program.name in outcome.absent or (program.once and number > 0):
                continue
            progress(f"{group}: round {number + 1} of {rounds}, {program.name}")
            try:
                samples = run_once(program, number)
                said[program.name] |= samples.values.keys()
                outcome.samples.merge(samples)
            except Failed as reason:
                outcome.failed[program.name] = str(reason)
                outcome.samples.remove(said[program.name])
            except Absent as reason:
                outcome.absent[program.name] = str(reason)
                outcome.samples.remove(said[program.name])
        if all(program.once for program in programs):
            break
    progress("")
    if (sentence := disagreement(outcome.samples)) is not None:
        outcome.failed["checks"] = sentence
    return outcome


def progress(text: str) -> None:
    """One line that is written over, for a person who waits."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
