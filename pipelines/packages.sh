# SPDX-License-Identifier: BSD-3-Clause
# The list of Debian 12 and 13 packages that Astral needs, and a function that installs the missing ones. To be sourced.

packages_to_build="meson ninja-build pkg-config g++ ccache libglib2.0-dev libgstreamer1.0-dev
  libgstreamer-plugins-base1.0-dev libgstreamer-plugins-bad1.0-dev libsoup-3.0-dev libjson-glib-dev libnice-dev
  libngtcp2-dev libngtcp2-crypto-gnutls-dev libgnutls28-dev libsqlite3-dev libicu-dev libexpected-dev libminiupnpc-dev libnatpmp-dev
  ca-certificates"

# gstreamer1.0-x has clockoverlay and timeoverlay, which need a font. The other plugins mux, parse, encode and decode.
packages_to_run="gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
  gstreamer1.0-plugins-ugly gstreamer1.0-libav gstreamer1.0-nice gstreamer1.0-x fonts-dejavu-core procps curl"

packages_for_files="ffmpeg"  # for `pipelines/demo FILE`

packages_to_test="$packages_for_files libgtest-dev libgmock-dev gstreamer1.0-plugins-base-apps chromium chromium-driver firefox-esr
  python3 python3-gi gir1.2-gst-plugins-bad-1.0 python3-pytest python3-selenium python3-jsonschema iproute2 nftables
  miniupnpd-nftables coturn nginx-light git mandoc obs-studio openssl xvfb zbar-tools"

# install_missing PACKAGE...: prints and installs those that are missing. Fails if it cannot.
install_missing() {
  local missing=() package sudo=()
  for package in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  # Debian has node and npm in two packages, other sources often in one, so this checks for the commands.
  command -v node >/dev/null || missing+=(nodejs)
  command -v npm >/dev/null || missing+=(npm)
  [ ${#missing[@]} -gt 0 ] || return 0
  if ! command -v apt-get >/dev/null; then
    echo "Not a Debian system. Install these packages by the names that your system uses: ${missing[*]}" >&2
    return 1
  fi
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "Run this as root, or install sudo. Missing packages: ${missing[*]}" >&2; return 1; }
    sudo=(sudo)
  fi
  echo "Installing ${#missing[@]} packages: ${missing[*]}"
  "${sudo[@]}" apt-get update -qq -o Acquire::Retries=3 </dev/null &&
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 "${missing[@]}" </dev/null
}
