# make demo: set up, ingest the sample corpus, ask questions, show answers with their evidence.
# make test: set up, run the default test suite.

VENV ?= .venv
PYTHON ?= $(shell for p in python3.12 python3.13 python3.11 python3; do \
	$$p -c 'import sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; \
	done)

.PHONY: demo test test-slow check migration setup setup-dev wheel clean

demo: setup
	@$(VENV)/bin/muniment demo

test: setup-dev
	@$(VENV)/bin/python -m pytest -n 2 --dist worksteal -m "not slow"

test-slow: setup-dev
	@$(VENV)/bin/python -m pytest -n 2 --dist loadfile -m slow

check: setup-dev
	@$(VENV)/bin/ruff format --check src tests benchmarks tools
	@$(VENV)/bin/ruff check src tests benchmarks tools
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports

# make migration WHAT="languages of documents", after a change to the catalog's tables.
migration: setup-dev
	@$(VENV)/bin/python tools/new_migration.py $(WHAT)
	@$(VENV)/bin/ruff format --quiet src/muniment/catalog/migrations

setup: _python
	@$(PYTHON) tools/setup_environment.py core $(VENV)

setup-dev: _python
	@$(PYTHON) tools/setup_environment.py dev $(VENV)

.PHONY: _python
_python:
	@test -n "$(PYTHON)" || { echo "Muniment needs Python 3.11, 3.12 or 3.13 with venv; none was found. Name one with: make PYTHON=/path/to/python demo"; exit 1; }

wheel: setup-dev
	@$(VENV)/bin/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

clean:
	rm -rf $(VENV) build dist demo-data
