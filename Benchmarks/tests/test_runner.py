"""The order of the rounds, and what becomes of programs that fail, are absent, or print something else."""

import contextlib
import io
import sys
import tempfile
import unittest
from pathlib import Path

from driver.programs import UNAVAILABLE, Program
from driver.runner import Outcome, run
from tests import fakes


def quietly(programs: list[Program], rounds: int) -> Outcome:
    with contextlib.redirect_stderr(io.StringIO()):
        return run(programs, rounds, "test")


class RunnerTests(unittest.TestCase):
    def test_rounds_are_interleaved(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "order"
            programs = [
                Program(name, (sys.executable, "-c",
                               f"open({str(log)!r}, 'a').write({name!r}); print({fakes.line(name, 'x', 1)!r})"))
                for name in "AB"
            ]
            quietly(programs, 3)
            self.assertEqual(log.read_text(), "ABABAB")

    def test_each_round_leaves_a_value(self) -> None:
        outcome = quietly([fakes.emit(), fakes.tracing()], 2)
        self.assertEqual(outcome.samples.values[("spanreel", "event_ns")], {0: 10.2, 1: 10.2})
        self.assertEqual(outcome.samples.units[("swift-distributed-tracing", "noop_span_ns")], "ns")
        self.assertFalse(outcome.failed or outcome.absent)

    def test_what_does_not_change_runs_once(self) -> None:
        outcome = quietly([fakes.printing("size", fakes.line("spanreel", "bytes", 6, "B"), once=True),
                           fakes.tracing()], 3)
        self.assertEqual(outcome.samples.values[("spanreel", "bytes")], {0: 6.0})

    def test_a_failure_names_the_program_and_the_others_go_on(self) -> None:
        broken = fakes.printing("emit", fakes.line("spanreel", "event_ns", 1), status=5, complaint="no memory")
        outcome = quietly([broken, fakes.tracing()], 2)
        self.assertEqual(outcome.failed, {"emit": "exit 5: no memory"})
        self.assertEqual(list(outcome.samples.values), [("swift-distributed-tracing", "noop_span_ns")])

    def test_a_program_that_fails_later_counts_for_none(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            marker = str(Path(folder) / "ran")
            code = (f"import os, sys; again = os.path.exists({marker!r}); open({marker!r}, 'w'); "
                    f"print({fakes.line('spanreel', 'event_ns', 1)!r}); sys.exit(1 if again else 0)")
            outcome = quietly([Program("emit", (sys.executable, "-c", code))], 2)
        self.assertEqual(outcome.samples.values, {})
        self.assertIn("emit", outcome.failed)

    def test_a_missing_program_is_a_failure(self) -> None:
        outcome = quietly([Program("emit", ("/nonexistent/emit", "--round"))], 1)
        self.assertEqual(outcome.failed, {"emit": "there is no program emit"})

    def test_a_peer_that_cannot_run_here_is_no_failure(self) -> None:
        outcome = quietly([fakes.printing("lttng", "", status=UNAVAILABLE, complaint="lttng: not installed")], 2)
        self.assertEqual(outcome.absent, {"lttng": "lttng: not installed"})
        self.assertFalse(outcome.failed)

    def test_other_output_is_a_failure(self) -> None:
        for text in ("hello", '{"peer": "spanreel"}', "[1]", ""):
            outcome = quietly([fakes.printing("emit", text)], 1)
            self.assertIn("emit", outcome.failed, text)
