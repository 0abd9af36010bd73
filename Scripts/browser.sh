#!/usr/bin/env bash
# The page in a real headless Chromium: screenshots to look at, and no error on its console. `OUT` is where they go.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${OUT:-.build/screenshots}

chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$chromium" ]; then
    if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null
        chromium=$(command -v chromium)
    else
        echo "expected Chromium, found none: install it, for example with: sudo apt-get install -y chromium" >&2
        exit 2
    fi
fi
if [ ! -x .build/browser/bin/python ]; then
    python3 -m venv .build/browser
    .build/browser/bin/pip install --quiet playwright
fi

# The binary that `swift test` has built, or the released one.
binary=.build/debug/spanreel
[ -x .build/release/spanreel ] && binary=.build/release/spanreel
log=$(mktemp)
"$binary" open traces/slow.reel --no-browser --port 0 >"$log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; rm -f "$log"' EXIT
for _ in $(seq 100); do
    url=$(grep -oE 'http://[a-z0-9.:]+' "$log" | head -1 || true)
    [ -n "$url" ] && break
    sleep 0.1
done
[ -n "${url:-}" ] || { cat "$log" >&2; exit 1; }
mkdir -p "$out"
CHROMIUM=$chromium .build/browser/bin/python Tests/Browser/screenshots.py "$url" "$out"
echo "Screenshots: $out"
