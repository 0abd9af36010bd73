#!/usr/bin/env bash
# The second reader against `spanreel dump`, on saved sessions, an import and random sessions; and its own tests.
#
#   Tests/FormatReader/run.sh SPANREEL WRITER [SEEDS = 6]        paths of the built spanreel and format-writer
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
spanreel=${1:?usage: run.sh SPANREEL WRITER [SEEDS]}
writer=${2:?usage: run.sh SPANREEL WRITER [SEEDS]}
seeds=${3:-6}

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
(cd "$here" && "$python" -m unittest)

"$spanreel" import "$root/Tests/Data/mlx-base/trace.otlp.pb.zst" -o "$work/import.reel" >/dev/null
sessions=("$root"/traces/*.reel "$work/import.reel")
for seed in $(seq "$seeds"); do
    # Small ones for the edges of a block, large ones for several blocks; half of them as a killed process leaves them.
    session="$work/seed-$seed.reel"
    if ((seed % 2)); then
        "$writer" "$session" "$seed" $((seed * seed * 300)) pack
    else
        # The shell would report the kill, which is wanted here.
        { "$writer" "$session" "$seed" $((seed * seed * 300)) leave; } 2>/dev/null || [ $? = 137 ]
    fi
    sessions+=("$session")
    if ((seed % 2 == 0)); then
        # What the sealer coded the quick way, coded again with everything that pack tries.
        cp -r "$session" "$work/packed-$seed.reel"
        "$spanreel" pack "$work/packed-$seed.reel" >/dev/null
        sessions+=("$work/packed-$seed.reel")
    fi
done
"$python" "$here/compare.py" "$spanreel" "${sessions[@]}"
