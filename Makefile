# Kuanxin: `make help` lists what there is. Everything stays in this folder (.venv, .tools, models, var).
SHELL := /bin/bash
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PYTHONPATH := $(CURDIR)
export RASA_TELEMETRY_ENABLED := false
export SQLALCHEMY_SILENCE_UBER_WARNING := 1
export TF_CPP_MIN_LOG_LEVEL := 3
export PYTHONWARNINGS := ignore

.DEFAULT_GOAL := help
.PHONY: help run test test-faults test-security train chat bench audit sbom clean lock setup setup-dev

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: setup ## set up what is missing, start the assistant and print where to go (Ctrl-C ends everything)
	@scripts/web.sh
	@python -m kuanxin.operate prepare && python -m desk prepare && exec honcho start --no-colour

test: setup-dev ## everything: style, types, data, unit tests, services, conversations
	@scripts/test.sh

test-faults: setup-dev ## servers killed, slow and gone, and kill -9 at every write of an arrangement (some minutes)
	@KUANXIN_FAULTS=all python -m pytest tests/faults

test-security: setup-dev ## the tests of security, ten times further than make test
	@python -m kuanxin.operate train && python -m pytest --hypothesis-profile=thorough tests/security

train: setup ## train the model if its data changed
	@python -m kuanxin.operate train

chat: setup ## talk in the terminal with a running assistant
	@python -m kuanxin.chat

bench: setup-dev ## measure turns and rules beside a reference each and write docs/benchmarks.md
	@scripts/web.sh --test
	@python -m bench

audit: setup-dev ## ask the advisory databases about every pinned package (needs the network)
	@scripts/audit.sh

sbom: setup-dev ## write build/sbom.json (CycloneDX): every package with its hashes
	@mkdir -p build && cyclonedx-py -r -i requirements.txt --format json --force -o build/sbom.json && echo build/sbom.json

lock: setup-dev ## compile requirements*.in into pinned, hashed files
	@uv pip compile -q --universal --python-version 3.10 --generate-hashes --no-emit-index-url requirements.in -o requirements.txt
	@uv pip compile -q --universal --python-version 3.10 --generate-hashes --no-emit-index-url requirements-sms.in -o requirements-sms.txt
	@uv pip compile -q --universal --python-version 3.10 --generate-hashes --no-emit-index-url requirements-lm.in -o requirements-lm.txt
	@uv pip compile -q --universal --python-version 3.10 --generate-hashes --no-emit-index-url requirements-dev.in -o requirements-dev.txt

clean: ## remove what set-up and runs made (asks before it removes the database)
	@rm -rf web/widget/node_modules web/widget/dist web/widget/build .venv .tools models .rasa .pytest_cache .mypy_cache .ruff_cache .hypothesis build
	@if [ -e var ]; then read -r -p "Remove var/ with its database and outbox too? [y/N] " answer; [ "$$answer" != y ] || rm -rf var; fi

setup:
	@scripts/setup.sh requirements.txt

setup-dev:
	@scripts/setup.sh requirements-dev.txt
