#!/usr/bin/env python3
"""Runs our benchmarks and the peers' in interleaved rounds and compares the medians with the bars.

    bench.py                          everything, 15 rounds
    bench.py --rounds 5 --only emit,sizes
    bench.py --write                  also writes docs/BENCHMARKS.md from the last result of each group
    bench.py --write --only ""        only writes it
"""

import argparse
import os
import sys

from driver import machine, programs, report, results, runner


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=int(os.environ.get("ROUNDS") or 15), help="default: 15")
    parser.add_argument("--only", default=os.environ.get("ONLY") or ",".join(programs.GROUPS),
                        help="groups, separated by commas; default: " + ",".join(programs.GROUPS))
    parser.add_argument("--write", action="store_true", help="write docs/BENCHMARKS.md")
    options = parser.parse_args()
    options.groups = [group for group in options.only.split(",") if group]
    unknown = [group for group in options.groups if group not in programs.GROUPS]
    if unknown or options.rounds < 1:
        parser.error(f"unknown group {unknown[0]}" if unknown else "at least one round")
    return options


def main() -> int:
    options = arguments()
    failed = False
    if options.groups:
        binaries = programs.build(options.groups)
        ours, peers = programs.our_products(binaries), programs.peers()
    for group in options.groups:
        both = ours[group] + peers.get(group, [])
        rounds = 1 if all(program.once for program in both) else options.rounds
        result = results.Result(group, rounds, machine.describe(), runner.run(both, rounds, group))
        results.save(result)
        print(report.text(result), flush=True)
        failed = failed or bool(result.outcome.failed)
    if options.write:
        kept = [found for group in programs.GROUPS if (found := results.load(group)) is not None]
        (programs.ROOT / "docs" / "BENCHMARKS.md").write_text(report.page(kept))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
