"""What is printed and kept."""

import contextlib
import io
import tempfile
import unittest
from pathlib import Path

from driver import report, results, runner
from driver.bars import BARS
from driver.programs import GROUPS
from tests import fakes

MACHINE = {"date": "2026-01-02 03:04 UTC", "commit": "abc1234", "machine": "2 x Some CPU", "kernel": "Linux 6",
           "swift": "Swift version 6.3.1"}


def result(programs: list | None = None, group: str = "emit") -> results.Result:
    with contextlib.redirect_stderr(io.StringIO()):
        return results.Result(group, 2, MACHINE, runner.run(programs or [fakes.emit(), fakes.tracing()], 2, group))


class ReportTests(unittest.TestCase):
    def test_what_programs_agree_in_is_no_figure(self) -> None:
        found = result([fakes.printing("scan", "\n".join([fakes.line("spanreel", "check_tokens", 7),
                                                          fakes.line("spanreel", "scan_ms", 181)]))], "rebuild")
        self.assertIn("scan_ms", report.text(found))
        self.assertNotIn("check_tokens", report.text(found))

    def test_fits_a_hundred_columns(self) -> None:
        seal = "\n".join([fakes.line("spanreel", "sustained_spans_per_s", 21_345_678, "spans/s"),
                          fakes.line("spanreel", "sustained_spans_lost", 0, "spans"),
                          fakes.line("lttng", "sustained_pairs_per_s", 4_600_000, "1/s")])
        scan = "\n".join([fakes.line("spanreel", "scan_ms", 181.2, "ms"),
                          fakes.line("spanreel", "scan_two_threads_ms", 118.4, "ms"),
                          fakes.line("spanreel", "scan_events_per_s", 28_123_456, "1/s"),
                          fakes.line("spanreel", "scan_peak_mb", 120, "MB"),
                          fakes.line("spanreel", "check_tokens", 210_273, ""),
                          fakes.line("clickhouse-arrival", "q_sum_ms", 811, "ms")])
        for found in (result(), result([fakes.printing("seal", seal)], "seal"),
                      result([fakes.printing("scan", scan)], "rebuild")):
            for line in report.text(found).splitlines():
                self.assertLessEqual(len(line), 100, line)

    def test_shows_bar_measure_and_verdict(self) -> None:
        lines = report.text(result([fakes.emit(event_ns=12.0), fakes.tracing()])).splitlines()
        row = next(line for line in lines if line.startswith("event / a bare clock read"))
        self.assertEqual(row.split()[6:], ["<=", "1.05", "x", "1.20", "1.20", "to", "1.20", "miss"])

    def test_says_what_was_not_measured_and_why(self) -> None:
        text = report.text(result([fakes.emit(), fakes.printing("lttng", "", status=3, complaint="not installed")]))
        self.assertIn("went without lttng: not installed", text)
        self.assertRegex(text, r"begin \+ end / Swift's no-op span .* not measured")

    def test_numbers(self) -> None:
        for value, text in [(0, "0"), (0.125, "0.125"), (1.05, "1.05"), (110.116, "110.1"), (15960.6, "15,961"),
                            (30.12e6, "30.12 M"), (-2.5, "-2.50")]:
            self.assertEqual(report.number(value), text)

    def test_the_page_names_machine_and_commit(self) -> None:
        page = report.page([result()])
        self.assertIn("2 rounds on 2026-01-02 03:04 UTC, commit abc1234; 2 x Some CPU, Linux 6, Swift version", page)
        self.assertIn("| what | bar | measured | 95 % interval | verdict |", page)

    def test_a_kept_result_comes_back_as_it_was(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            kept = result()
            results.save(kept, Path(folder))
            self.assertEqual(results.load("emit", Path(folder)), kept)
            self.assertIsNone(results.load("seal", Path(folder)))

    def test_every_bar_belongs_to_a_group(self) -> None:
        self.assertLessEqual({bar.group for bar in BARS}, set(GROUPS))
