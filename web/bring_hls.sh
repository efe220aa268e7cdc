#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Brings hls.js, in the version that package-lock.json names, into the build: out of web/node_modules when it is
# there, else with npm into a private folder. Usage: bring_hls.sh SOURCE PRIVATE MODULE LICENCE
set -eu
source=$1 private=$2 module=$3 licence=$4

wanted=$(sed -n 's/.*"hls\.js": "\([0-9.]*\)".*/\1/p' "$source/package.json")
has() { grep -q "\"version\": \"$wanted\"" "$1/node_modules/hls.js/package.json" 2>/dev/null; }

from=$source
if ! has "$source"; then
  from=$private
  mkdir -p "$private"
  cp "$source/package.json" "$source/package-lock.json" "$private/"
  if ! command -v npm >/dev/null; then
    echo "web: npm is needed for hls.js $wanted. Install npm (Debian: apt-get install npm), or put the package into $source/node_modules." >&2
    exit 1
  fi
  if ! (cd "$private" && npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier) >"$private/npm.log" 2>&1; then
    cat "$private/npm.log" >&2
    echo "web: npm could not bring hls.js $wanted (see above). Is the registry reachable? Without it, put the package into $source/node_modules." >&2
    exit 1
  fi
  if ! has "$private"; then
    echo "web: npm brought another version of hls.js than $wanted: package.json and package-lock.json disagree." >&2
    exit 1
  fi
fi
# The map is not shipped, so the line that names it goes.
sed '/^\/\/# sourceMappingURL=/d' "$from/node_modules/hls.js/dist/hls.light.min.mjs" >"$module"
{
  echo "hls.js $wanted (https://github.com/video-dev/hls.js), served as hls.js, is not part of Astral. Its licence:"
  echo
  cat "$from/node_modules/hls.js/LICENSE"
} >"$licence"
