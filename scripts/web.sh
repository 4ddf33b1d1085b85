#!/usr/bin/env bash
# Builds the widget of the web chat into web/widget/dist; does only what changed since the last time.
# usage: scripts/web.sh            without Node.js 18 it says so and ends well: the assistant runs without the widget
#        scripts/web.sh --test     also checks types, runs the widget's unit tests and finds or installs Chromium
set -euo pipefail
cd "$(dirname "$0")/../web/widget"

say() { printf '%s\n' "$*" >&2; }

node_major=$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/' || true)
if [ "${node_major:-0}" -lt 18 ] || ! command -v npm >/dev/null; then
  say "The web chat's widget needs Node.js 18 or newer with npm (found: $(node --version 2>/dev/null || echo none)): https://nodejs.org"
  if [ "${1:-}" = --test ]; then exit 1; fi
  say "The assistant runs without the widget; the terminal chat and REST are not affected."
  exit 0
fi

installed=$(cksum < package-lock.json)
if [ "$(cat node_modules/.installed 2>/dev/null)" != "$installed" ]; then
  say "Installing the widget's packages…"
  if ! npm ci --no-audit --no-fund --loglevel=error >&2; then
    say "The widget's packages could not be fetched. Check the network (or npm's registry setting) and run the same command again."
    if [ "${1:-}" = --test ]; then exit 1; fi
    exit 0
  fi
  echo "$installed" > node_modules/.installed
fi

built=$(cat package-lock.json build.mjs tsconfig.json $(find src -type f | sort) | cksum)
if [ "$(cat dist/.built 2>/dev/null)" != "$built" ]; then
  node build.mjs >&2
  echo "$built" > dist/.built
fi

if [ "${1:-}" = --test ]; then
  npm run --silent types
  npm run --silent test
  if ! command -v chromium >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "Installing Chromium for the browser tests…"
    apt-get update -q >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends chromium chromium-l10n fonts-wqy-zenhei >/dev/null
  fi
fi
