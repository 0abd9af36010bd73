"""Programs that were asked the same must have found the same."""

import unittest

from driver.checks import disagreement
from driver.samples import Samples
from tests import fakes
from tests.test_runner import quietly


def samples(*lines: tuple[str, str, float]) -> Samples:
    found = Samples()
    for number, (peer, metric, value) in enumerate(lines):
        found.add(fakes.line(peer, metric, value), number)
    return found


class CheckTests(unittest.TestCase):
    def test_what_agrees_is_no_matter(self) -> None:
        self.assertIsNone(disagreement(samples(("spanreel", "check_tokens", 7), ("duckdb", "check_tokens", 7.0),
                                               ("duckdb", "check_mean", 0.1 + 0.2), ("clickhouse", "check_mean", 0.3))))

    def test_measurements_may_differ(self) -> None:
        self.assertIsNone(disagreement(samples(("spanreel", "scan_ms", 7), ("duckdb", "scan_ms", 9))))

    def test_a_figure_that_only_one_program_prints_stands(self) -> None:
        self.assertIsNone(disagreement(samples(("duckdb", "check_hits", 7), ("spanreel", "check_tokens", 9))))

    def test_what_differs_is_said_in_a_sentence(self) -> None:
        self.assertEqual(
            disagreement(samples(("spanreel", "check_tokens", 210_273), ("duckdb", "check_tokens", 210_274))),
            "check_tokens is 210274 for duckdb and 210273 for spanreel")

    def test_a_program_must_agree_with_itself_in_every_round(self) -> None:
        found = samples(("spanreel", "check_tokens", 7))
        found.add(fakes.line("spanreel", "check_tokens", 8), 1)
        self.assertEqual(disagreement(found), "check_tokens is 8 for spanreel and 7 for spanreel")

    def test_a_disagreement_fails_the_group(self) -> None:
        outcome = quietly([fakes.printing("scan", fakes.line("spanreel", "check_tokens", 1)),
                           fakes.printing("duckdb", fakes.line("duckdb", "check_tokens", 2))], 2)
        self.assertEqual(outcome.failed, {"checks": "check_tokens is 2 for duckdb and 1 for spanreel"})
