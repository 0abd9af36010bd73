#!/usr/bin/env bash
# Makes the peers of the bench ready. Installs what is missing where it may; else says in one sentence what is missing
# and which peer goes without, and goes on: the bench names every peer that it did not measure.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
work="$root/.build-bench"
mkdir -p "$work"

have_lttng() {
    command -v lttng >/dev/null && command -v lttng-sessiond >/dev/null &&
        echo '#include <lttng/tracepoint.h>' | cc -E - >/dev/null 2>&1
}
if ! have_lttng; then
    packages="lttng-tools liblttng-ust-dev babeltrace2"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Installing $packages" >&2
        # shellcheck disable=SC2086  # a list of names
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $packages; } >"$work/apt.log" 2>&1
    fi
    have_lttng || echo "peers: LTTng is missing, so the bench goes without it: sudo apt-get install -y $packages" >&2
fi

packages="opentelemetry-sdk opentelemetry-proto pyarrow duckdb zstandard"
python="$work/venv/bin/python"
have_python() { "$python" -c "import opentelemetry.sdk, opentelemetry.proto, pyarrow, duckdb, zstandard" 2>/dev/null; }
if ! have_python; then
    echo "Installing $packages into .build-bench/venv" >&2
    # shellcheck disable=SC2086  # a list of names
    { python3 -m venv "$work/venv" && "$python" -m pip install --quiet $packages; } >"$work/pip.log" 2>&1
    have_python || echo "peers: the bench goes without Python's peers (see .build-bench/pip.log): pip install $packages" >&2
fi

# Apart from the others: a large wheel, which not every machine has one of.
have_chdb() { "$python" -c "import chdb" 2>/dev/null; }
if ! have_chdb; then
    echo "Installing chdb into .build-bench/venv" >&2
    "$python" -m pip install --quiet chdb >"$work/chdb.log" 2>&1
    have_chdb || echo "peers: the bench goes without ClickHouse (see .build-bench/chdb.log): pip install chdb" >&2
fi

if ! swift build -c release --package-path "$here/swift" --scratch-path "$work/peer-tracing" \
    --product peer-tracing >"$work/swift.log" 2>&1; then
    echo "peers: swift-distributed-tracing does not build, so the bench goes without it: see .build-bench/swift.log" >&2
fi
exit 0
