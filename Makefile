# `make demo` and `make test` set themselves up: they need Python 3.11+ and nothing else of ours.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
PYTEST := $(BIN)/python -m pytest

.PHONY: help demo test check bench bench-crash bench-motion-highway setup clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 24

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Give another one: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

# Two stamps, since the demo must not wait for TensorFlow.
$(VENV)/.base: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.base
	$(PIP) install --quiet --constraint constraints.txt --editable '.[train,test,postgres]'
	@touch $@

setup: $(VENV)/.test  ## install everything into .venv

demo: $(VENV)/.base  ## two simulated days through the whole real pipeline
	$(BIN)/coop demo

test: $(VENV)/.test  ## every test
	tests/setup-system.sh
	$(PYTEST)

check: $(VENV)/.test  ## ruff, mypy --strict and the import graph
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(PYTEST) -q tests/test_import_graph.py

bench: $(VENV)/.test  ## CPU ms a frame of each step, peak memory, start-up time
	$(BIN)/python tests/bench/pipeline.py

bench-crash: $(VENV)/.test  ## 200 seeded kill -9 against the fake Bot API
	CRASH_ROUNDS=200 $(PYTEST) -q -s tests/test_crash.py --timeout=7200

bench-motion-highway: $(VENV)/.test  ## F-measure on CDnet 2014 highway, peers in the same run
	$(BIN)/python tests/bench/highway.py

clean:  ## remove what was made here
	rm -rf $(VENV) demo-output bench-output build *.egg-info .mypy_cache .ruff_cache .pytest_cache
