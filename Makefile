# Troupe from one command: `make run` starts everything, `make test` checks everything.
#   make run ARGS="--port 9000"   options of `manage.py up`
#   make test PYTEST_ARGS="-k canvas"
#   make screens ARGS="run dark phone"   only of these screens, themes and sizes
PYTHON ?= python3
ARGS ?=
PYTEST_ARGS ?=
VENV := .venv/bin
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help install run test lint screens bench gallery crash soak clean

help:
	@echo "make run      start Troupe; Ctrl-C stops it"
	@echo "make test     lint, types and all tests"
	@echo "make screens  pictures of every screen into screens/"
	@echo "make bench    benchmarks, beside LangGraph; writes bench/RESULTS.md"
	@echo "make gallery  run every team of the gallery on every model that comes with Troupe"
	@echo "make crash    kill processes at every step of every pattern; docs/proof.md"
	@echo "make soak     500 runs while everything around them breaks"
	@echo "make clean    remove what was installed and built; data in .troupe/ stays"

install:
	@command -v $(PYTHON) >/dev/null || { echo "Troupe needs Python 3.11 or later; install python3 with venv and pip." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Troupe needs Python 3.11 or later; this is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 run" >&2; exit 1; }
	@$(PYTHON) studio/embedded/install.py

run: install
	@exec $(VENV)/python manage.py up $(ARGS)

lint: install
	@$(VENV)/python -m studio.embedded.frontend
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy .
	$(VENV)/python -m studio.embedded.node --npm run --silent check

# pytest comes last: its summary is the last line.
test: install
	@$(VENV)/python -m tests.chromium
	@$(MAKE) --no-print-directory lint
	$(VENV)/python -m studio.embedded.node --npm run --silent test
	$(VENV)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder $(PYTEST_ARGS)

screens: install
	@$(VENV)/python -m tests.chromium
	@$(VENV)/python -m studio.embedded.frontend
	$(VENV)/python -m tests.browser.screens $(ARGS)

crash: install
	@$(VENV)/python -m tests.crash $(ARGS)

soak: install
	@$(VENV)/python -m tests.crash.soak $(ARGS)

bench: install
	@$(VENV)/python -m bench.engine --write bench/RESULTS.md $(ARGS)

gallery: install
	@$(VENV)/python -m bench.gallery $(ARGS)

clean:
	rm -rf .venv node_modules static/build screens test-results .mypy_cache .ruff_cache .pytest_cache .hypothesis .troupe-bench
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
