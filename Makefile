# SPDX-License-Identifier: Apache-2.0
# Everything runs in .venv, which is made when it is missing or setup.py has changed.

BIN := .venv/bin
READY := .venv/.ready-to-test

.DEFAULT_GOAL := help
.PHONY: help demo test soak servers test-browser test-interop test-mistral test-box unit check audit bench samples clean

help: ## list what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/.ready-to-demo ## show the product doing its job, from an engine to a webhook
	@$(BIN)/python -m demo

test: $(READY) ## run every test, against real servers (under 10 minutes)
	@$(BIN)/python -m tests.servers.install
	@$(BIN)/python -m tests.lanes

soak: $(READY) ## run what takes minutes; SOAK="short seed=7" for less of it
	@$(BIN)/python -m tests.servers.install
	@SOAK='$(SOAK)' $(BIN)/pytest $(or $(ONLY),tests/soak)

test-browser: .venv/.ready-to-browse ## use the page in a real Chromium; SCREENSHOTS=docs/page
	@$(BIN)/python -m tests.browser.install
	@SCREENSHOTS="$(SCREENSHOTS)" $(BIN)/pytest -o cache_dir=.pytest_cache/browser tests/browser $(ONLY)

test-interop: $(READY) ## let other people's libraries read what is sent, from .venv-interop
	@$(BIN)/python -m tests.servers.install
	@$(BIN)/python -m tests.interop.environment
	@$(BIN)/pytest -o cache_dir=.pytest_cache/interop tests/interop $(ONLY)

test-mistral: $(READY) ## run the tests with a real Mistral, installed into .venv-mistral
	@$(BIN)/python -m tests.servers.install
	@$(BIN)/python -m tests.mistral.environment
	@$(BIN)/pytest --timeout 300 -o cache_dir=.pytest_cache/mistral tests/mistral $(ONLY)

servers: $(READY) ## install the servers that the tests need, where they are missing
	@$(BIN)/python -m tests.servers.install

test-box: $(READY) ## install what is shipped into empty environments; lint what is for Docker and CI
	@$(BIN)/python -m tests.servers.install
	@$(BIN)/python -m tests.box.linters
	@$(BIN)/pytest --timeout 600 -o cache_dir=.pytest_cache/box tests/box $(ONLY)

unit: $(READY) ## run the tests that need no server (under 10 s)
	@HYPOTHESIS_PROFILE=brief $(BIN)/pytest tests/unit tests/properties

check: $(READY) ## lint, formatting, types and import contracts (under 20 s)
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

bench: $(READY) ## measure the bridge beside its peers; BENCH=brief: less; BENCH=smoke: a look
	@$(BIN)/python -m benchmarks $(BENCH)
	@$(BIN)/python -m benchmarks.publishing $(BENCH)
	@$(BIN)/python -m benchmarks.growth

audit: $(READY) ## look the libraries up among known vulnerabilities, where one can ask
	@.ci/audit

samples: $(READY) ## write again what is generated from the code: etc/ and docs/
	@$(BIN)/python -m tests.generated

clean: ## remove .venv and all else that was made here
	rm -rf .venv .venv-box .venv-interop .venv-mistral .venv-audit .tox build dist .run *.egg-info .coverage*
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.ready-to-%: setup.py .ci/venv
	@PYTHON='$(PYTHON)' .ci/venv $*
