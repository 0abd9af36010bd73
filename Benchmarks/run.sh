#!/usr/bin/env bash
# What `spanreel stats` takes on a million events written through the public API: median and spread of 15 runs.
set -euo pipefail
cd "$(dirname "$0")/.."
./spanreel --build-only
swift build -c release --package-path Benchmarks --product generate >&2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$(swift build -c release --package-path Benchmarks --show-bin-path)/generate" "$folder/million.reel" 1000000 1
for _ in $(seq 15); do
    /usr/bin/env time -f '%e %M' ./spanreel stats "$folder/million.reel" 2>&1 >/dev/null | tail -1
done | sort -n | awk '{ s[NR] = $1; if ($2 > rss) rss = $2 }
    END { printf "stats of 1 M events: median %.2f s (%.2f-%.2f), at most %.0f MB resident\n", s[int((NR + 1) / 2)], s[1], s[NR], rss / 1024 }'
