#!/usr/bin/env bash
# Makes .venv with Python 3.10 and the pinned packages; does only what changed since the last time.
# usage: scripts/setup.sh [requirements file]      (default: requirements.txt)
set -euo pipefail
cd "$(dirname "$0")/.."
requirements=${1:-requirements.txt}
tools=$PWD/.tools

say() { printf '%s\n' "$*" >&2; }

is_310() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 10))' >/dev/null 2>&1; }

find_python() {
  local candidate
  for candidate in "$(command -v python3.10 || true)" \
                   "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.10*/bin/python \
                   "$tools"/python/*/bin/python3.10; do
    if [ -n "$candidate" ] && is_310 "$candidate"; then echo "$candidate"; return; fi
  done
  return 1
}

python_through_uv() {
  say "Python 3.10 was not found; trying to get it with uv (into .tools/, nothing else is touched)…"
  local uv
  uv=$(command -v uv || true)
  if [ -z "$uv" ]; then
    python3 -m venv "$tools/uv" >/dev/null 2>&1 && "$tools/uv/bin/pip" install --quiet uv==0.13.9 >/dev/null 2>&1 || return 1
    uv=$tools/uv/bin/uv
  fi
  UV_PYTHON_INSTALL_DIR=$tools/python "$uv" python install 3.10 >/dev/null 2>&1
}

no_python() {
  cat >&2 <<'MESSAGE'
Kuanxin needs Python 3.10 (Rasa 3.6 runs on nothing newer), and it could be neither found nor fetched.
Any one of these gives it; then run the same command again:
  pyenv install 3.10          https://github.com/pyenv/pyenv
  uv python install 3.10      https://docs.astral.sh/uv
  apt install python3.10-venv (Ubuntu 22.04)   ·   brew install python@3.10 (macOS)
MESSAGE
  exit 1
}

free_mb=$(df -Pm . | awk 'NR==2 {print $4}')
if [ ! -d .venv ] && [ "$free_mb" -lt 5000 ]; then
  say "Not enough room on this disk: set-up needs about 5 GB and $free_mb MB are free. Free some and run the same command again."
  exit 1
fi

if ! [ -x .venv/bin/python ] || ! is_310 .venv/bin/python; then
  python=$(find_python) || { python_through_uv && python=$(find_python); } || no_python
  say "Making .venv with $("$python" --version)…"
  "$python" -m venv --clear .venv
fi

stamp=.venv/.installed-$(basename "$requirements" .txt)
wanted=$(cksum < "$requirements")
if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
  say "Installing the pinned packages of $requirements (a few minutes the first time)…"
  log=$(mktemp)
  if ! .venv/bin/python -m pip install --require-hashes --no-deps --disable-pip-version-check --progress-bar on \
       -r "$requirements" 2> >(tee "$log" >&2) | grep --line-buffered -vE '^(Requirement already|Looking in)' ; then
    if grep -qiE 'no space left' "$log"; then
      say "The disk is full: free about 5 GB and run the same command again; nothing else is needed."
    elif grep -qiE 'connection|timed out|resolve|network is unreachable|no matching distribution' "$log"; then
      say "The packages could not be fetched. Check the network (or set PIP_INDEX_URL to your mirror) and run the same command again."
    fi
    rm -f "$log"; exit 1
  fi
  rm -f "$log"
  echo "$wanted" > "$stamp"
fi
