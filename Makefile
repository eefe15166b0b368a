# Two commands do everything on a fresh machine: `make demo` and `make test`.
SHELL := /bin/bash
.DELETE_ON_ERROR:
PYTHON ?= python3
BIN := .venv/bin
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: demo up test check format bench client faults mutants lock browser clean

demo: .venv/run.stamp
	$(BIN)/luochui demo

up: .venv/run.stamp
	$(BIN)/luochui up

test: check browser
	$(BIN)/python -m tests.run

check: .venv/dev.stamp
	$(BIN)/ruff format --check . && $(BIN)/ruff check .
	$(BIN)/mypy && $(BIN)/lint-imports

format: .venv/dev.stamp
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

# The Python client's methods, made from the routes.
client: .venv/dev.stamp
	$(BIN)/python -m tests.make_client

# Who may call what, written down from the routes; a test compares.
matrix: .venv/dev.stamp
	$(BIN)/python -m tests.make_matrix

bench: .venv/dev.stamp
	$(BIN)/luochui bench engine

# The long counts of the fault tests (hours; root; SEED=n repeats a run), and the mutants that must die.
faults: .venv/dev.stamp
	$(BIN)/python -m pytest tests/faults -n 2 --faults-long $(if $(SEED),--seed $(SEED))

mutants: .venv/dev.stamp
	$(BIN)/python -m tests.faults.mutants

browser: .venv/dev.stamp
	$(BIN)/python -m tests.browser.install

LOCK := .tools/bin/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-find-links \
  --no-emit-trusted-host --strip-extras --allow-unsafe --extra build
lock:
	$(PYTHON) -m venv .tools && .tools/bin/pip install -q pip-tools
	$(LOCK) --extra dev pyproject.toml -o requirements-dev.lock
	$(LOCK) -c requirements-dev.lock pyproject.toml -o requirements.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache

# The lock names everything, so nothing is resolved: a resolver would look at newer releases of what is asked for with
# extras, and refuse them. `pip check` proves that the lock is complete.
INSTALL := $(BIN)/pip install -qq --disable-pip-version-check --no-deps
LOCKED := $(INSTALL) --require-hashes

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/run.stamp: requirements.lock pyproject.toml | .venv/bin/python
	test -e .venv/dev.stamp || $(LOCKED) -r requirements.lock
	$(INSTALL) --no-build-isolation -e . && $(BIN)/pip check
	touch $@

.venv/dev.stamp: requirements-dev.lock pyproject.toml | .venv/bin/python
	$(LOCKED) -r requirements-dev.lock
	$(INSTALL) --no-build-isolation -e . && $(BIN)/pip check
	touch $@ .venv/run.stamp
