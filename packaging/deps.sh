#!/bin/sh
# Install the Debian packages the build needs: as root, or through sudo when it
# asks for no password; else print the one line to run, and stop.
set -eu

line="apt-get install -y --no-install-recommends $DEBS"
if [ "$(id -u)" = 0 ]; then
    run=""
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    run="sudo"
else
    echo "Some packages are missing. Please run:" >&2
    echo "  sudo $line" >&2
    exit 1
fi
if ! command -v apt-get >/dev/null; then
    echo "This is no Debian system. Install the like of: $DEBS" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
$run apt-get update -q
$run $line
