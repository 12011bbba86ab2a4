# `make demo` and `make test` set themselves up: they need Python 3.11+ and nothing else of ours.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
PYTEST := $(BIN)/python -m pytest

.PHONY: messages help demo test check bench bench-crash bench-cameras bench-coop bench-motion bench-motion-highway setup clean bench-labeling check-page bench-training bench-nestcam bench-nestboxes bench-strangers

help:  ## this list
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

demo: $(VENV)/.base  ## two simulated days through the whole real pipeline, into demo-output/
	$(BIN)/coop demo

# Two at a time, since many tests wait for servers; those of a file stay together and share what they set up.
# The script installs only on Debian, as root or with sudo that asks nothing; elsewhere it lists what is skipped.
test: $(VENV)/.test  ## every test, after installing what only tests need
	tests/setup-system.sh
	$(PYTEST) -n 2 --dist loadfile

setup: $(VENV)/.test  ## everything into .venv, TensorFlow too

messages: $(VENV)/.test  ## bring the catalogues of other languages up to the messages in the source
	$(BIN)/python tests/messages.py

check: $(VENV)/.test  ## ruff, mypy --strict and the import graph
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(PYTEST) -q tests/test_import_graph.py

bench: $(VENV)/.test  ## what it costs: CPU ms a frame of each step, peak memory, start-up time
	PYTHONPATH=tests $(BIN)/python tests/bench/pipeline.py

bench-cameras: $(VENV)/.test  ## 16 cameras at once; 300 reconnections; how soon a camera is back
	PYTHONPATH=tests $(BIN)/python tests/bench/cameras.py $(BENCH)

bench-crash: $(VENV)/.test  ## kill the daemon at 200 seeded moments, and count what is lost
	CRASH_ROUNDS=200 $(PYTEST) -q -s tests/test_crash.py --timeout=7200

bench-motion: $(VENV)/.test  ## motion on 33 generated scenes and real videos, beside its peers; SEED=N for new scenes
	PYTHONPATH=tests $(BIN)/python -m bench.motion --seed $(or $(SEED),1) $(BENCH)

bench-motion-highway: $(VENV)/.test  ## motion on CDnet 2014 highway: F-measure, peers in the same run
	$(BIN)/python tests/bench/highway.py

bench-coop: $(VENV)/.test  ## 30 simulated days on 3 seeds: eggs, who laid them, predators, roll call; BENCH="--processes 3"
	PYTHONPATH=tests $(BIN)/python -m bench.coop --folder bench-output/coop $(BENCH)

bench-nestcam: $(VENV)/.test  ## learn from one day of a real nest camera, score another; plain head and as it comes
	$(BIN)/python tests/bench/nestcam.py

bench-nestboxes: $(VENV)/.test  ## eggs and hens in two real nest boxes, each day held out in turn (some ten minutes)
	PYTHONPATH=tests $(BIN)/python -m bench.nestboxes

bench-strangers: $(VENV)/.test  ## a hen that nobody labelled, told from the flock: each way of it; what does not help a head
	PYTHONPATH=tests $(BIN)/python tests/bench/strangers.py

bench-labeling: $(VENV)/.test  ## the labelling page with 100,000 pictures: key to picture, next visit, grid, memory
	PYTHONPATH=tests $(BIN)/python -m bench.labeling
	PYTHONPATH=tests $(BIN)/python -m bench.labeling.learning_curve
	PYTHONPATH=tests $(BIN)/python -m bench.labeling.planted_errors

bench-training: $(VENV)/.test  ## a head beside plain Keras, LiteRT beside ONNX Runtime, the ladder of digits quickly, the doctor (over an hour)
	$(PIP) install --quiet --constraint constraints.txt --editable '.[bench]'
	PYTHONPATH=tests $(BIN)/python -m bench.learning.head
	PYTHONPATH=tests $(BIN)/python -m bench.learning.latency
	$(BIN)/coop train digits --data "$${COOP_TEST_DATA:-../shared/data}/mnist" --out bench-output/digits --quick
	PYTHONPATH=tests $(BIN)/python -m bench.doctor

check-page: $(VENV)/.base  ## the page's scripts by TypeScript's checker (needs node and npm)
	npx --yes --package typescript@5 tsc -p labeling/web/jsconfig.json

clean:  ## remove what was made here, .venv too
	rm -rf $(VENV) demo-output bench-output build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
