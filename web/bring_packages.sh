#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Brings the npm packages that the pages use, in the versions of package-lock.json, into the build: from
# web/node_modules if all of them are there; otherwise npm installs them in a private folder.
# Usage: bring_packages.sh SOURCE PRIVATE HLS MPEGTS VIZ QR LICENCES
set -eu
source=$1 private=$2 hls=$3 mpegts=$4 viz=$5 qr=$6 licences=$7
packages='hls.js mpegts.js @viz-js/viz lean-qr'

wanted() { sed -n "s|.*\"$1\": \"\([0-9.]*\)\".*|\1|p" "$source/package.json"; }  # empty: not in package.json, part of another package
has() {
  for package in $packages; do
    grep -q "\"version\": \"$(wanted "$package")\"" "$1/node_modules/$package/package.json" 2>/dev/null || return 1
  done
}

from=$source
if ! has "$source"; then
  from=$private
  mkdir -p "$private"
  cp "$source/package.json" "$source/package-lock.json" "$private/"
  if ! command -v npm >/dev/null; then
    echo "web: npm is needed for $packages. Install npm (Debian: apt-get install npm), or put the packages into $source/node_modules." >&2
    exit 1
  fi
  if ! (cd "$private" && npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier) >"$private/npm.log" 2>&1; then
    cat "$private/npm.log" >&2
    echo "web: npm could not bring $packages (see above). Is the registry reachable? Without it, put the packages into $source/node_modules." >&2
    exit 1
  fi
  if ! has "$private"; then
    echo "web: npm brought other versions than package.json names: package-lock.json disagrees." >&2
    exit 1
  fi
fi
modules=$from/node_modules
# Removes the lines that name source maps, because the maps are not shipped.
sed '/^\/\/# sourceMappingURL=/d' "$modules/hls.js/dist/hls.light.min.mjs" >"$hls"
sed '/^\/\/# sourceMappingURL=/d' "$modules/mpegts.js/dist/mpegts.js" >"$mpegts"
sed '/^\/\/# sourceMappingURL=/d' "$modules/@viz-js/viz/dist/viz.js" >"$viz"
cp "$modules/lean-qr/index.mjs" "$qr"

licence() {
  printf '%s %s (%s), served as %s, is not part of Astral. %s\n\n' "$1" "$(wanted "$1")" "$2" "$3" "$4"
  cat "$5"
  printf '\n\n'
}
{
  licence hls.js https://github.com/video-dev/hls.js hls.js 'Its licence:' "$modules/hls.js/LICENSE"
  licence mpegts.js https://github.com/xqq/mpegts.js mpegts.js 'Its licence:' "$modules/mpegts.js/LICENSE"
  licence es6-promise https://github.com/stefanpenner/es6-promise 'a part of mpegts.js' 'It says:' \
    "$modules/mpegts.js/dist/mpegts.js.LICENSE.txt"
  licence @viz-js/viz https://github.com/mdaines/viz-js viz.js 'It is MIT and contains Graphviz (EPL-1.0) and Expat (MIT):' \
    "$modules/@viz-js/viz/README.md"
  licence lean-qr https://github.com/davidje13/lean-qr qr.js 'Its licence:' "$modules/lean-qr/LICENSE"
} >"$licences"
