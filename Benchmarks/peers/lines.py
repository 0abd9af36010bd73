"""The one form in which every program of the bench says what it measured: JSON objects, one a line."""

import json


def say(peer: str, metric: str, value: float, unit: str) -> None:
    print(json.dumps({"peer": peer, "metric": metric, "value": value, "unit": unit}), flush=True)
