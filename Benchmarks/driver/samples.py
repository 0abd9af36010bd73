"""What the programs printed, round by round, and medians of it with intervals."""

import json
import random
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

RESAMPLES = 2_000
SEED = 20_26


@dataclass
class Samples:
    """Values by (peer, metric), each by the round that it was measured in."""

    values: dict[tuple[str, str], dict[int, float]] = field(default_factory=dict)
    units: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, line: str, round_number: int) -> None:
        """Takes one printed line; raises `ValueError` when it is not of the form agreed on."""
        try:
            fields = json.loads(line)
            key = (str(fields["peer"]), str(fields["metric"]))
            self.values.setdefault(key, {})[round_number] = float(fields["value"])
            self.units[key] = str(fields["unit"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"expected a JSON line with peer, metric, value and unit, found: {line[:80]}") from error

    def merge(self, other: "Samples") -> None:
        for key, by_round in other.values.items():
            self.values.setdefault(key, {}).update(by_round)
        self.units.update(other.units)

    def remove(self, keys: set[tuple[str, str]]) -> None:
        for key in keys:
            self.values.pop(key, None)
            self.units.pop(key, None)


class Medians:
    """Medians over the given rounds, by "metric" (ours) or "peer/metric"."""

    def __init__(self, samples: Samples, rounds: list[int]) -> None:
        self._samples = samples
        self._rounds = rounds

    def __getitem__(self, name: str) -> float:
        peer, _, metric = name.rpartition("/")
        by_round = self._samples.values[(peer or "spanreel", metric)]
        # What is measured once, such as a size, has no value in the other rounds.
        drawn = [by_round[number] for number in self._rounds if number in by_round]
        return statistics.median(drawn or by_round.values())


@dataclass(frozen=True)
class Estimate:
    value: float
    low: float
    high: float


def estimate(samples: Samples, measure: Callable[[Medians], float]) -> Estimate | None:
    """`measure` of the medians, with the 95 % percentile interval of a bootstrap over rounds; `None` when a figure is
    missing. Programs of one round are drawn together, so that what slows a whole round cancels in a ratio."""
    rounds = sorted({number for by_round in samples.values.values() for number in by_round})
    try:
        value = measure(Medians(samples, rounds))
        generator = random.Random(SEED)
        drawn = sorted(
            measure(Medians(samples, generator.choices(rounds, k=len(rounds)))) for _ in range(RESAMPLES))
    except (KeyError, ZeroDivisionError):
        return None
    return Estimate(value, drawn[round(0.025 * (RESAMPLES - 1))], drawn[round(0.975 * (RESAMPLES - 1))])
