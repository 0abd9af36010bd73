"""The last result of each group, kept so that groups can be run at different times and written into one page."""

import json
from dataclasses import dataclass
from pathlib import Path

from .programs import WORK
from .runner import Outcome
from .samples import Samples


@dataclass
class Result:
    group: str
    rounds: int
    machine: dict[str, str]
    outcome: Outcome


def save(result: Result, folder: Path = WORK / "results") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    samples = result.outcome.samples
    (folder / f"{result.group}.json").write_text(json.dumps({
        "rounds": result.rounds,
        "machine": result.machine,
        "failed": result.outcome.failed,
        "absent": result.outcome.absent,
        "figures": [{"peer": peer, "metric": metric, "unit": samples.units[(peer, metric)],
                     "by_round": by_round} for (peer, metric), by_round in samples.values.items()],
    }, indent=1))


def load(group: str, folder: Path = WORK / "results") -> Result | None:
    path = folder / f"{group}.json"
    if not path.exists():
        return None
    saved = json.loads(path.read_text())
    samples = Samples()
    for figure in saved["figures"]:
        key = (figure["peer"], figure["metric"])
        samples.values[key] = {int(number): value for number, value in figure["by_round"].items()}
        samples.units[key] = figure["unit"]
    return Result(group, saved["rounds"], saved["machine"], Outcome(samples, saved["failed"], saved["absent"]))
