#!/usr/bin/env bash
# Everything that `make test` proves, in the order in which a mistake is cheapest to find.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; }

step "style and types"
ruff check .
ruff format --check .
mypy
lint-imports --no-cache
step "the model's data, and the model"
rasa data validate --fail-on-warnings 2>&1 | grep -vE 'MovedIn20|declarative_base' | tail -n 5
python -m kuanxin.operate train
step "stories"
rasa test core --stories tests/stories --fail-on-prediction-errors --out build/core 2>&1 | tail -n 5
step "the web chat's widget"
scripts/web.sh --test
step "unit and service tests"
python -m pytest -n 2 tests
step "conversations with the running assistant"
python -m kuanxin.evaluate dialogues tests/dialogues/*.yml --most-turns 6 --junit build/dialogues.xml
