#!/usr/bin/env bash
# How long a partner's first commands take in each language, from nothing to green stories: a table in Markdown.
#   scripts/time-languages.sh POSTLUDE [LANGUAGE]..     default: all six
# The caches of cargo, npm, pip and go are this machine's; nothing else is there before. The compilers are installed (`scripts/setup.sh`).
set -euo pipefail
postlude=$(realpath "${1:?the program postlude}")
shift
[ $# -gt 0 ] || set -- rust c go js ts python
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export NO_COLOR=1
unset VIRTUAL_ENV CARGO_TARGET_DIR

# The commands of a language between `new` and `build`.
install() {
  case $1 in
    js | ts) echo 'npm install' ;;
    python) printf '%s\n' 'python3 -m venv .venv' '.venv/bin/pip install ./postlude-sdk' ;;
  esac
}

printf '| language | commands, each with its seconds | together, s |\n|---|---|---|\n'
for language; do
  mkdir "$work/$language"
  cd "$work/$language"
  row='' all=0
  while read -r command; do
    began=$(date +%s.%N)
    case $command in
      postlude*) "$postlude" ${command#postlude } >"$work/log" 2>&1 </dev/null ;;
      *) $command >"$work/log" 2>&1 </dev/null ;;
    esac || { printf 'time-languages: %s: `%s` failed\n' "$language" "$command" >&2; cat "$work/log" >&2; exit 1; }
    took=$(awk "BEGIN { printf \"%.1f\", $(date +%s.%N) - $began }")
    all=$(awk "BEGIN { printf \"%.1f\", $all + $took }")
    row+="${row:+, }\`$command\` $took"
    # `new` makes the folder in which the others run.
    [ ! -d acme-face ] || cd acme-face
  done < <(
    echo "postlude new acme-face --lang $language"
    install "$language"
    printf '%s\n' 'postlude build' 'postlude test'
  )
  printf '| %s | %s | %s |\n' "$language" "$row" "$all"
done
printf '\nLoad of the machine at the end (1, 5, 15 minutes): %s; processors: %s.\n' "$(cut -d' ' -f1-3 /proc/loadavg)" "$(nproc)"
