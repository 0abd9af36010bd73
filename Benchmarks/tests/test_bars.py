"""Medians, intervals and verdicts."""

import random
import unittest

from driver.bars import BARS, Bar
from driver.samples import Estimate, Medians, Samples, estimate
from tests import fakes


def samples(**metrics: list[float]) -> Samples:
    found = Samples()
    for metric, values in metrics.items():
        for number, value in enumerate(values):
            found.add(fakes.line("spanreel", metric, value), number)
    return found


class EstimateTests(unittest.TestCase):
    def test_a_ratio_is_one_of_medians(self) -> None:
        found = estimate(samples(a=[1, 2, 90], b=[4, 4, 4]), lambda m: m["a"] / m["b"])
        assert found is not None
        self.assertEqual(found.value, 0.5)

    def test_a_slow_round_cancels_in_a_ratio(self) -> None:
        speeds = [1, 1.5, 1.1, 2, 1.2, 1.7, 1.3]
        found = estimate(samples(a=[10 * s for s in speeds], b=[5 * s for s in speeds]), lambda m: m["a"] / m["b"])
        assert found is not None
        self.assertAlmostEqual(found.low, 2)
        self.assertAlmostEqual(found.high, 2)

    def test_the_interval_holds_the_median_and_repeats(self) -> None:
        generator = random.Random(7)
        data = samples(a=[generator.gauss(10, 1) for _ in range(15)])
        found = estimate(data, lambda m: m["a"])
        assert found is not None
        self.assertLess(found.low, found.value)
        self.assertGreater(found.high, found.value)
        self.assertEqual(found, estimate(data, lambda m: m["a"]))

    def test_the_interval_covers_the_truth_about_as_often_as_it_says(self) -> None:
        generator = random.Random(11)
        trials = 60
        covered = 0
        for _ in range(trials):
            found = estimate(samples(a=[generator.gauss(10, 1) for _ in range(15)]), lambda m: m["a"])
            assert found is not None
            covered += found.low <= 10 <= found.high
        self.assertGreaterEqual(covered, 0.85 * trials)

    def test_one_round_has_an_interval_of_no_width(self) -> None:
        self.assertEqual(estimate(samples(a=[3]), lambda m: m["a"]), Estimate(3, 3, 3))

    def test_a_missing_figure_is_no_figure(self) -> None:
        self.assertIsNone(estimate(samples(a=[3]), lambda m: m["a"] / m["b"]))
        self.assertIsNone(estimate(Samples(), lambda m: m["a"]))

    def test_a_size_measured_once_stands_beside_many_rounds(self) -> None:
        data = samples(a=[1, 2, 3, 4, 5], size=[6])
        self.assertEqual(estimate(data, lambda m: m["size"]), Estimate(6, 6, 6))

    def test_peers_are_named_before_a_slash(self) -> None:
        data = Samples()
        data.add(fakes.line("lttng", "event_ns", 104), 0)
        self.assertEqual(Medians(data, [0])["lttng/event_ns"], 104)


class VerdictTests(unittest.TestCase):
    at_most = Bar("emit", "x", lambda m: m["a"], 1.05)
    at_least = Bar("seal", "x", lambda m: m["a"], 5, at_least=True)
    aimed = Bar("seal", "x", lambda m: m["a"], None, at_least=True, aim=30)

    def test_verdicts(self) -> None:
        cases = [
            (self.at_most, Estimate(1.04, 1.0, 1.2), "holds"),
            (self.at_most, Estimate(1.05, 1.05, 1.05), "holds"),
            (self.at_most, Estimate(1.06, 1.04, 1.08), "miss inside the spread"),
            (self.at_most, Estimate(1.20, 1.10, 1.30), "miss"),
            (self.at_least, Estimate(5.1, 4.0, 6.0), "holds"),
            (self.at_least, Estimate(4.9, 4.0, 6.0), "miss inside the spread"),
            (self.at_least, Estimate(4.0, 3.0, 4.5), "miss"),
            (self.at_most, None, "not measured"),
            (self.aimed, Estimate(31, 30, 32), "aim reached"),
            (self.aimed, Estimate(29, 28, 31), "below the aim"),
        ]
        for bar, found, verdict in cases:
            self.assertEqual(bar.verdict(found), verdict, found)

    def test_the_canned_round_meets_every_bar_of_emitting(self) -> None:
        data = samples(**{metric: [value] for metric, value in fakes.EMIT.items()})
        for metric, value in fakes.NOOP.items():
            data.add(fakes.line("swift-distributed-tracing", metric, value), 0)
        for bar in (bar for bar in BARS if bar.group == "emit"):
            self.assertEqual(bar.verdict(estimate(data, bar.measure)), "holds", bar.title)
