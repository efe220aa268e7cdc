# SPDX-License-Identifier: BSD-3-Clause
# For publish-* and play-*, to be sourced: reads their arguments, finds the elements of this build.
#
# Before: `declare -A option=([port]=9000)`, the options of this one and their defaults; `needs=1`, how many words come first
# (NAME is the first). After: $slug and $title of the stream, $uri of it, $node (http://HOST:PORT), ${words[@]}, and ${option[…]}.

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
[ ${#words[@]} -eq "${needs:-1}" ] || misused "needs ${needs:-1} word(s), not ${#words[@]}"

title=${words[0]}
slug=$(tr '[:upper:]' '[:lower:]' <<<"$title" | tr -cs 'a-z0-9' - | sed 's/^-*//; s/-*$//' | cut -c1-48 | sed 's/-*$//')
[ -n "$slug" ] || misused "NAME needs a letter a-z or a digit"
[[ ${option[node]} == *:* ]] || option[node]+=:8000
node=http://${option[node]}
uri=astral://${option[node]}/$slug

# (--exists also asks for a version, that of GStreamer.)
has_astral() { gst-inspect-1.0 astralsink >/dev/null 2>&1; }
if ! has_astral; then
  build=${ASTRAL_BUILD:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/build}
  export GST_PLUGIN_PATH=$build/plugins/elements${GST_PLUGIN_PATH:+:$GST_PLUGIN_PATH}
  has_astral || die "the elements are not built: see README.md, \"Build and run it yourself\""
fi

# The first of its arguments that this GStreamer has.
first_of() {
  local name
  for name in "$@"; do gst-inspect-1.0 --exists "$name" && { echo "$name"; return; }; done
  die "GStreamer has none of: $*"
}
aac_encoder() { first_of avenc_aac voaacenc fdkaacenc; }

# Before a player: started in the background by a script, SIGINT would come ignored.
# shellcheck disable=SC2034
by_ctrl_c=(env --default-signal=INT)

# play_in PLAYER URL: mpv, VLC or ffplay, whichever is there, if PLAYER is empty.
play_in() {
  local player=$1 known
  for known in mpv vlc ffplay; do [ -n "$player" ] || player=$(command -v $known); done
  [ -n "$player" ] || die "needs a player: mpv, vlc or ffplay"
  exec "${by_ctrl_c[@]}" "$player" "$2"
}

# publish PIPELINE...: what ends in MPEG-TS, to the node, until Ctrl-C.
publish() {
  echo "Publishing '$title' at ${option[node]}: $node/#watch/$slug"
  exec gst-launch-1.0 -e -q "$@" ! astralsink "uri=$uri" "title=$title"
}
