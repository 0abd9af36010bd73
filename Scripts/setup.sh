#!/usr/bin/env bash
# Makes sure that what the build needs is here: Swift 6.1 or later and libzstd's headers. Installs what it may, and
# prints the exact command for what it may not.
set -euo pipefail

fail() { echo "spanreel: $*" >&2; exit 2; }

command -v swift >/dev/null || fail "expected Swift 6.1 or later in PATH, found none: see https://www.swift.org/install"
version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p' | head -1)
read -r major minor <<<"${version:-0 0}"
((major > 6 || (major == 6 && minor >= 1))) || fail "expected Swift 6.1 or later, found $major.$minor"

have_zstd() {
    pkg-config --exists libzstd 2>/dev/null || [ -e /usr/include/zstd.h ] || [ -e /usr/local/include/zstd.h ]
}
have_zstd && exit 0

case "$(uname -s)" in
Darwin)
    command -v brew >/dev/null || fail "expected libzstd, found none: install Homebrew, then: brew install zstd pkg-config"
    echo "Installing zstd with Homebrew" >&2
    brew install zstd pkg-config
    ;;
*)
    if command -v apt-get >/dev/null; then
        [ "$(id -u)" = 0 ] || fail "expected libzstd-dev, found none: sudo apt-get install -y libzstd-dev"
        echo "Installing libzstd-dev" >&2
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq libzstd-dev pkg-config >/dev/null
    elif command -v dnf >/dev/null; then
        fail "expected libzstd-devel, found none: sudo dnf install -y libzstd-devel"
    else
        fail "expected the headers of libzstd, found none: install your system's libzstd development package"
    fi
    ;;
esac
have_zstd || fail "libzstd was installed, but its header was not found"
