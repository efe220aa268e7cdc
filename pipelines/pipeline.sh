# SPDX-License-Identifier: BSD-3-Clause
# publish-* and play-* source this file. It reads their arguments and finds the elements of this build.
#
# Before that, the script sets its options with their defaults, `declare -A option=([port]=9000)`, and the number of its
# positional arguments if it is not 1, `needs=2`. The first one is NAME. This file sets: $title and $slug of the stream, $uri
# (astral://…), $node (http://HOST:PORT), ${words[@]} (the positional arguments) and ${option[…]}.

die() { echo "${0##*/}: $*" >&2; exit 1; }
usage() { sed -n '3,/^[^#]/s/^# \{0,1\}//p' "$0"; }
misused() { { echo "${0##*/}: $*"; usage; } >&2; exit 2; }

option[node]=127.0.0.1:8000
words=()
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --) shift; break ;;
    --*)
      [ -n "${option[${1#--}]+known}" ] || misused "there is no option $1"
      [ $# -ge 2 ] || misused "$1 needs a value"
      option[${1#--}]=$2
      shift ;;
    *) words+=("$1") ;;
  esac
  shift
done
[ ${#words[@]} -eq "${needs:-1}" ] || misused "needs ${needs:-1} argument(s), got ${#words[@]}"

title=${words[0]}
slug=$(tr '[:upper:]' '[:lower:]' <<<"$title" | tr -cs 'a-z0-9' - | sed 's/^-*//; s/-*$//' | cut -c1-48 | sed 's/-*$//')
[ -n "$slug" ] || misused "NAME must contain a letter a-z or a digit"
[[ ${option[node]} == *:* ]] || option[node]+=:8000
node=http://${option[node]}
uri=astral://${option[node]}/$slug

# Not `gst-inspect-1.0 --exists`: that also demands that the plugin's version is at least GStreamer's.
has_astral() { gst-inspect-1.0 astralsink >/dev/null 2>&1; }
if ! has_astral; then
  build=${ASTRAL_BUILD:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/build}
  export GST_PLUGIN_PATH=$build/plugins/elements${GST_PLUGIN_PATH:+:$GST_PLUGIN_PATH}
  has_astral || die "GStreamer finds no astralsink in $build: build it first, see README.md, \"Build and run it yourself\""
fi

# first_of ELEMENT...: prints the first one that is installed.
first_of() {
  local name
  for name in "$@"; do gst-inspect-1.0 --exists "$name" && { echo "$name"; return; }; done
  die "GStreamer has none of: $*"
}
aac_encoder() { first_of avenc_aac voaacenc fdkaacenc; }

# A prefix for a player's command. If a script starts the player in the background, SIGINT is ignored; this restores it.
# shellcheck disable=SC2034
by_ctrl_c=(env --default-signal=INT)

# play_in PLAYER URL: plays URL. If PLAYER is empty, it uses the first of mpv, VLC and ffplay that is installed.
play_in() {
  local player=$1 known
  for known in mpv vlc ffplay; do [ -n "$player" ] || player=$(command -v $known); done
  [ -n "$player" ] || die "no player found: install mpv, vlc or ffplay, or name one with --player"
  exec "${by_ctrl_c[@]}" "$player" "$2"
}

# publish PIPELINE...: sends a pipeline's MPEG-TS to the node until Ctrl-C.
publish() {
  echo "Publishing '$title' through ${option[node]}. Watch it at $node/#watch/$slug"
  exec gst-launch-1.0 -e -q "$@" ! astralsink "uri=$uri" "title=$title"
}
