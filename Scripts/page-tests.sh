#!/usr/bin/env bash
# The page's pure functions, in Node where there is one; the page itself is tested by Scripts/browser.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
if command -v node >/dev/null; then
    node --test Tests/Browser/
else
    echo "Node is not installed: the page's own tests are skipped"
fi
