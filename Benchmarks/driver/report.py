"""A result as text of at most 100 columns, and as a page of docs/."""

import statistics

from .bars import BARS, Bar
from .checks import PREFIX
from .results import Result
from .samples import Estimate, estimate

BAR_HEADINGS = ["what", "bar", "aim", "measured", "95 % interval", "verdict"]
FIGURE_HEADINGS = ["who", "figure", "median", "least", "greatest", "unit"]


def number(value: float) -> str:
    """Three or four digits that count; millions as such."""
    if value == 0:
        return "0"
    if abs(value) >= 1e6:
        return f"{value / 1e6:.2f} M"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    digits = 3 if abs(value) < 1 else 2 if abs(value) < 100 else 1
    return f"{value:.{digits}f}"


def goal(bar: Bar, value: float | None) -> str:
    if value is None:
        return ""
    size = f"{value / 1e6:g} M" if value >= 1e6 else f"{value:g} "
    return f"{'>=' if bar.at_least else '<='} {size}{bar.unit}"


def bar_row(bar: Bar, found: Estimate | None) -> list[str]:
    interval = f"{number(found.low)} to {number(found.high)}" if found else ""
    return [bar.title, goal(bar, bar.limit), goal(bar, bar.aim), number(found.value) if found else "", interval,
            bar.verdict(found)]


def bar_table(result: Result) -> tuple[list[str], list[list[str]]]:
    """Headings and rows; without the column of aims when none of the group's bars has one."""
    bars = [bar for bar in BARS if bar.group == result.group]
    rows = [bar_row(bar, estimate(result.outcome.samples, bar.measure)) for bar in bars]
    if any(bar.aim is not None for bar in bars):
        return BAR_HEADINGS, rows
    aim = BAR_HEADINGS.index("aim")
    return BAR_HEADINGS[:aim] + BAR_HEADINGS[aim + 1:], [row[:aim] + row[aim + 1:] for row in rows]


def figure_rows(result: Result) -> list[list[str]]:
    samples = result.outcome.samples
    rows = []
    for (peer, metric), by_round in samples.values.items():
        if metric.startswith(PREFIX):
            continue  # they agree, or the group says that they do not
        values = list(by_round.values())
        rows.append([peer, metric, number(statistics.median(values)), number(min(values)), number(max(values)),
                     samples.units[(peer, metric)]])
    return rows


def complaints(result: Result) -> list[str]:
    return ([f"{name} failed: {reason}" for name, reason in result.outcome.failed.items()]
            + [f"went without {name}: {reason}" for name, reason in result.outcome.absent.items()])


def aligned(headings: list[str], rows: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in [headings, *rows]) for column in range(len(headings))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
                     for row in [headings, *rows])


def text(result: Result) -> str:
    rounds = f"{result.rounds} rounds" if result.rounds > 1 else "1 round"
    parts = [f"== {result.group}: {rounds}, {result.machine['date']}, {result.machine['commit']}"]
    headings, bars = bar_table(result)
    if bars:
        parts.append(aligned(headings, bars))
    parts.append(aligned(FIGURE_HEADINGS, figure_rows(result)))
    parts += complaints(result)
    return "\n\n".join(parts) + "\n"


def markdown_table(headings: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def page(results: list[Result]) -> str:
    """docs/BENCHMARKS.md."""
    parts = [
        "# Benchmarks",
        "Written by `make bench ARGS=--write`. Each group is one run: every round runs every program once, in turn, "
        "so that ours and the peers meet the same machine. A ratio is one of medians; its interval is the 95 % "
        "percentile interval of a bootstrap over rounds. A miss inside the spread is one that the interval does not "
        "confirm. What each program does stands at its top, in `Benchmarks/`.",
    ]
    for result in results:
        machine = result.machine
        parts += [
            f"## {result.group}",
            f"{result.rounds} round{'s' * (result.rounds > 1)} on {machine['date']}, commit {machine['commit']}; "
            f"{machine['machine']}, {machine['kernel']}, {machine['swift']}.",
        ]
        headings, bars = bar_table(result)
        if bars:
            parts.append(markdown_table(headings, bars))
        parts.append(markdown_table(FIGURE_HEADINGS, figure_rows(result)))
        parts += [f"- {complaint}" for complaint in complaints(result)]
    return "\n\n".join(parts) + "\n"
