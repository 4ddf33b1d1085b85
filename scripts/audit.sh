#!/usr/bin/env bash
# Asks the advisory databases of PyPI and npm about every pinned package. Fails where something is known of one, and,
# with other words, where one could not be asked about: an audit that skips packages is none.
set -euo pipefail
cd "$(dirname "$0")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
found=0

# usage: ask WHAT REACHES WORDS COMMAND…      WORDS: what the command says where it had no answer
ask() {
  local what=$1 reaches=$2 words=$3
  shift 3
  if "$@" > "$log" 2>&1; then
    echo "$what: nothing is known"
  elif grep -qE "$words" "$log"; then
    echo "$what was not audited: no advisory database answers from here. Run \`make audit\` where $reaches can be reached;" \
      "what was known when the packages were pinned stands in security/advisories.yml." >&2
    exit 1
  else
    cat "$log"
    found=1
  fi
}

for file in requirements.txt requirements-sms.txt requirements-lm.txt requirements-dev.txt; do
  ask "$file" pypi.org 'could not be audited|ConnectionError|ServiceError|Timeout|Failed to (fetch|resolve)' \
    uv tool run pip-audit==2.10.1 --strict --require-hashes --disable-pip -r "$file"
done
ask web/widget registry.npmjs.org 'audit endpoint returned an error|ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN' \
  npm --prefix web/widget audit --package-lock-only
exit $found
