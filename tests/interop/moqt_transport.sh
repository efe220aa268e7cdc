#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Runs moqt_transport.mjs, or prints why it cannot run. Usage: moqt_transport.sh PATH-OF-moqt_oracle [SEED [COUNT]]
here=$(dirname "$0")
if ! command -v node >/dev/null 2>&1; then
  echo "SKIPPED: node is not installed"
  exit 77
fi
if [ ! -d "$here/node_modules/@moqt/transport" ]; then
  echo "SKIPPED: @moqt/transport is not installed; run: npm ci --prefix tests/interop"
  exit 77
fi
exec node "$here/moqt_transport.mjs" "$@"
