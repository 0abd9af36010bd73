#!/usr/bin/env bash
# `make bench [ROUNDS=15] [ONLY=emit,seal,overhead,visible,sizes,recovery,stats,seek,rebuild] [ARGS=--write]`
set -euo pipefail
exec python3 "$(dirname "$0")/bench.py" "$@"
