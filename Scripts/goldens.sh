#!/usr/bin/env bash
# Records the two sessions of traces/ anew and writes their expected views. Look at the difference before you commit it.
set -euo pipefail
cd "$(dirname "$0")/.."
./spanreel --build-only
record() {
    local name=$1
    shift
    rm -rf "traces/$name.reel"
    ./spanreel demo --record "traces/$name.reel" --duration 40 --seed 11 --rate 1.2 --port 18890 --inference-port 18002 "$@"
}
record base
record slow --slow-layer 11=2ms --slow-hop mini1-mini2=2ms
SPANREEL_UPDATE_GOLDENS=1 swift test --filter GoldenTests
ls -l traces
