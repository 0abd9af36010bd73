#!/usr/bin/env bash
# The second reader against `spanreel dump`, on every saved session and on an import; and its own tests.
#
#   Tests/FormatReader/run.sh SPANREEL        path of the built command
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
spanreel=${1:?usage: run.sh SPANREEL}

python=python3
if ! python3 -c 'import zstandard' 2>/dev/null; then
    python="$root/.build-bench/reader/bin/python"
    if ! "$python" -c 'import zstandard' 2>/dev/null; then
        echo "Installing zstandard into .build-bench/reader" >&2
        python3 -m venv "$root/.build-bench/reader"
        "$python" -m pip install --quiet zstandard
    fi
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$spanreel" import "$root/Tests/Data/mlx-base/trace.otlp.pb.zst" -o "$work/import.reel" >/dev/null
(cd "$here" && "$python" -m unittest)
"$python" "$here/compare.py" "$spanreel" "$root"/traces/*.reel "$work/import.reel"
