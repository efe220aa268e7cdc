# SPDX-License-Identifier: BSD-3-Clause
# Completion of astralctl in bash: commands and options as `astralctl --help` prints them, slugs, uuids and
# labels as the node knows them. Needs bash, coreutils, grep and sed.

# Sets `words` and `cword` to the line up to the cursor, split at spaces only. COMP_WORDS is also split at = and :, for
# example inside http://127.0.0.1:8000.
_astralctl_words() {
  local line=${COMP_LINE:0:COMP_POINT} i
  words=() cword=-1
  for ((i = 0; i <= COMP_CWORD; i++)); do
    if [[ $cword -ge 0 && -n ${COMP_WORDS[i]} && $line == "${COMP_WORDS[i]}"* ]]; then
      words[cword]+=${COMP_WORDS[i]}
    else
      words[++cword]=${COMP_WORDS[i]}
      line=${line#"${line%%[![:space:]]*}"}
    fi
    line=${line#"${COMP_WORDS[i]}"}
  done
}

# The node's answer, or nothing after 2 s.
_astralctl_ask() { timeout 2 "$program" "${target[@]}" --json "$@" 2>/dev/null; }

# field NAME...: the values of these fields in the JSON on stdin that are slugs, uuids or labels. A quotation mark inside
# a text has a backslash before it, so a text cannot look like a field.
_astralctl_field() { local IFS='|'; grep -oE "\"($*)\":\"[A-Za-z0-9-]*\"" | cut -d '"' -f 4; }

_astralctl() {
  local words cword program=$1 target=() command='' given=() i help current candidates=''
  _astralctl_words
  current=${words[cword]}
  COMPREPLY=()
  for ((i = 1; i < cword; i++)); do
    case ${words[i]} in
      --node | --token)
        ((i + 1 < cword)) || return 0
        target+=("${words[i]}" "${words[++i]}") ;;
      --node=* | --token=*) target+=("${words[i]}") ;;
      --json | --) ;;
      *) if [[ $command ]]; then given+=("${words[i]}"); else command=${words[i]}; fi ;;
    esac
  done
  if [[ -z $command ]]; then
    help=$("$program" --help) || return 0
    if [[ $current == --* ]]; then
      candidates=$(grep -o '^  [^ ].*' <<<"$help" | cut -c 1-36 | grep -o -e '--[a-z]*')
    elif [[ $current == -* ]]; then
      candidates=$(grep -o '^  [^ ].*' <<<"$help" | cut -c 1-36 | grep -o -e ' -[-a-z]*')
    else
      candidates=$(sed -n 's/^  \([a-z]*\), -.*/\1/p' <<<"$help")
    fi
  elif [[ $current == -* ]]; then
    candidates=$'--node\n--token\n--json'
    case $command in
      stream | -st) candidates+=$'\n--private' ;;
      invite | -in) candidates+=$'\n--for\n--expires' ;;
    esac
  else
    case $command:${#given[@]} in
      pause:0 | -pa:0 | resume:0 | -re:0 | delete:0 | -de:0 | watch:0 | -w:0 | seed:0 | -se:0 | streamurl:0 | -su:0 | \
        invite:0 | -in:0 | revoke:0 | -rv:0)
        candidates=$(_astralctl_ask liststreams | _astralctl_field slug) ;;
      key:0 | -ke:0)
        candidates=$'export\nimport' ;;
      key:1 | -ke:1)
        candidates=$(_astralctl_ask liststreams | _astralctl_field slug) ;;
      revoke:1 | -rv:1)
        candidates=$(_astralctl_ask revoke "${given[0]}" | _astralctl_field id) ;;
      seed:1 | -se:1 | deletenode:* | -dn:*)
        candidates=$(_astralctl_ask listnodes | _astralctl_field uuid label) ;;
      hide:0 | -hi:0)
        candidates=$(_astralctl_ask liststreams | _astralctl_field slug) ;;
      unpair:0 | -up:0)
        candidates=$(_astralctl_ask listdevices | _astralctl_field id) ;;
      revoketicket:0 | -rt:0 | stop:0 | -sp:0)
        candidates=$(_astralctl_ask listtickets | _astralctl_field stream | sort -u) ;;
      revoketicket:1 | -rt:1)
        candidates=$(_astralctl_ask listtickets | tr '}' '\n' | grep -F "\"stream\":\"${given[0]}\"" |
          _astralctl_field destination destination_label | sort -u) ;;
    esac
  fi
  while read -r i; do
    [[ $i && $i == "$current"* && " ${given[*]} " != *" $i "* ]] && COMPREPLY+=("$i")
  done <<<"$candidates"
  return 0
}
complete -F _astralctl astralctl
