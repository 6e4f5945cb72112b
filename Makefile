# Everything a developer does, with nothing installed but Python ≥ 3.11 with pip, and make.
#
#   PYTHON=python3.12 make test     uses another Python, in a virtual environment of its own

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

ifeq ($(origin PYTHON), undefined)
PYTHON := $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV := .venv
else
VENV := .venv-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
endif

BIN := $(VENV)/bin
READY := $(VENV)/.ready
JOBS ?= auto
ARGS ?=
SOURCES := hotmesh tui schemas graphs tests setup.py $(wildcard benchmarks)

.PHONY: help demo test test-pg15 check types layers bench crash coverage fmt docs lock clean

help: ## Show what make can do
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# -qq: an index without a package is no warning worth seeing.
$(READY): requirements.lock pyproject.toml setup.py
	@test -n "$(PYTHON)" || { echo "HotMesh needs Python 3.11 or newer; name one: make PYTHON=/path/to/python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what requirements.lock pins into $(VENV)…"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## Run the order example: available, backordered, refused; draw it; query its rows
	@sh docs/demo.sh $(BIN)

test: $(READY) ## Run every test but the long crash tests (ARGS="tests/cli -k help" picks some)
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not crash" $(ARGS)

test-pg15: $(READY) ## Run the functional tests on PostgreSQL 15, where its programs are installed
	@test -x $(PG15)/initdb || { echo "There is no PostgreSQL 15 in $(PG15); name its folder: make test-pg15 PG15=/path/to/bin"; exit 1; }
	@HOTMESH_TEST_PG=$(PG15) $(BIN)/python -m pytest tests/functional -n $(JOBS) --dist worksteal -m "not crash" $(ARGS)
PG15 ?= /usr/lib/postgresql/15/bin

check: $(READY) types layers ## Check format, lint, types, layers, and run the tests that need no database
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/python -m pytest tests --ignore=tests/functional -n $(JOBS) --dist worksteal -q $(ARGS)

# hotmesh/ as it is once installed, with tui/, schemas/ and graphs/ in it: mypy and import-linter know nothing of that mapping.
.check: $(wildcard hotmesh/*) Makefile
	@rm -rf .check && mkdir -p .check/hotmesh
	@ln -s $(addprefix ../../,$(filter-out %__pycache__,$(wildcard hotmesh/*)) tui schemas graphs) .check/hotmesh/
	@ln -s $(addprefix ../,tests $(wildcard benchmarks) pyproject.toml) .check/

types: $(READY) .check
	@cd .check && $(abspath $(BIN))/mypy --cache-dir ../.mypy_cache -p hotmesh -p tests

layers: $(READY) .check
	@cd .check && PYTHONPATH=. $(abspath $(BIN))/lint-imports --cache-dir ../.import_linter_cache

bench: $(READY) ## Run the benchmarks, 20 minutes (ARGS="--only w1,w2 --forms yaml,dbos" picks some)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -r benchmarks/peers/requirements.txt || \
		echo "The peers can't be installed here; those that are missing are left out."
	@$(BIN)/python -m benchmarks $(ARGS)

crash: $(READY) ## Run the tests that kill real processes, and the long forms of others (up to 15 minutes)
	@$(BIN)/python -m pytest tests/functional -m crash -n $(JOBS) --dist worksteal $(ARGS)
	@$(BIN)/python -m pytest tests/machine -m crash

# Its data lies in a folder of its own, so that runs side by side don't mix. The core must be reached by the tests that need no database.
coverage: $(READY) ## Run the tests, show the branches they don't reach, and fail below what is asked for
	@data=$$(mktemp -d $(CURDIR)/.coverage-run.XXXXXX) && trap 'rm -rf "$$data"' EXIT && \
	COVERAGE_FILE=$$data/core $(BIN)/python -m pytest tests/machine tests/expr -q -n $(JOBS) --dist worksteal -m "not crash" \
		--cov --cov-report= && \
	COVERAGE_FILE=$$data/core $(BIN)/python -m coverage report --include='hotmesh/machine/*,hotmesh/expr/*' \
		--show-missing --skip-covered --fail-under=100 && \
	COVERAGE_FILE=$$data/all $(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not crash" \
		--cov --cov-report=term-missing:skip-covered --cov-report=xml $(ARGS) && \
	COVERAGE_FILE=$$data/all $(BIN)/python -m coverage report --include='hotmesh/*' --format=total --fail-under=90

fmt: $(READY) ## Format the code and mend what ruff can mend
	@$(BIN)/ruff check --fix-only $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

$(VENV)/.docs-ready: docs/requirements.lock $(READY)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r docs/requirements.lock
	@touch $@

docs: $(VENV)/.docs-ready ## Build the documentation into site/
	@$(BIN)/python -m sphinx --builder html --fail-on-warning --keep-going --quiet --jobs auto docs site
	@echo "site/index.html"

LOCK := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-emit-package hotmesh --custom-compile-command "make lock" --quiet

lock: $(READY) ## Pin the newest releases that fit pyproject.toml (UPGRADE= keeps what is pinned)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check uv
	@$(BIN)/$(LOCK) $(UPGRADE) --extra dev --extra bench --output-file requirements.lock
	@$(BIN)/$(LOCK) $(UPGRADE) --extra docs --constraint requirements.lock --output-file docs/requirements.lock
UPGRADE ?= --upgrade

clean: ## Remove what was built; keep the embedded Postgres and its data
	@rm -rf .venv .venv-* .check .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist site coverage.xml .coverage* *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
