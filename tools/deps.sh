#!/bin/sh
# Installs what canrun needs from the distribution's packages (Debian, Ubuntu); does nothing where all is there.
# usage: tools/deps.sh [check]    `check` adds what the full test run needs
set -eu

packages="g++ cmake make libcli11-dev nlohmann-json3-dev libfmt-dev"
[ "${1:-}" = check ] && packages="$packages catch2 libceres-dev"

if ! command -v dpkg-query >/dev/null 2>&1; then
  echo "tools/deps.sh knows Debian and Ubuntu; on this system install: a C++20 compiler, CMake 3.22+, CLI11, nlohmann_json, fmt" >&2
  echo "(for the tests also Catch2 and Ceres). Libraries that are missing are fetched at configure time." >&2
  exit 0
fi

missing=""
for package in $packages; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0

if [ "$(id -u)" -eq 0 ]; then as_root=""; else as_root="sudo"; fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -q
# shellcheck disable=SC2086
$as_root apt-get install -y -q --no-install-recommends $missing
