"""Whether programs that were asked the same found the same. Figures whose name begins with `check_` are no measurements:
whoever prints one must have found what every other did, in every round."""

import math

from .samples import Samples

PREFIX = "check_"


def disagreement(samples: Samples) -> str | None:
    """One sentence about the first figure that is not the same everywhere."""
    found: dict[str, dict[str, float]] = {}
    for (peer, metric), by_round in samples.values.items():
        for value in by_round.values() if metric.startswith(PREFIX) else ():
            others = found.setdefault(metric, {})
            for other, theirs in others.items():
                # Means come out of another order of additions.
                if not math.isclose(value, theirs, rel_tol=1e-9):
                    return f"{metric} is {value:.15g} for {peer} and {theirs:.15g} for {other}"
            others[peer] = value
    return None
