# make demo    run a whole simulated counter: needs Python 3.11 or newer, git and make, nothing else
# make test    everything but the long proofs, browser included; installs what it needs where it may
# make check   format, lint, types, fast tests: what a change must pass
# make chaos   half an hour of kills, freezes, partitions and full disks on each store, then the sums
# make long    the proofs that take minutes, 400 examples of each property
# make bench   numbers      make clean   forget the environment

.DEFAULT_GOAL := help
.PHONY: help demo test check long chaos bench bench-recognition clean system

# The newest of these that is there; override with: make PYTHON=/usr/bin/python3.12 …
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do $$p -c "" 2>/dev/null && command -v $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install
# Fast tests; then whole visits, recorded sessions, real lines and benches, which also share the cores; tests that start
# programs, a file at a time on each of two; chaos and the browser have the machine to themselves.
SECOND := tests/journeys tests/hardware_sim/test_sessions.py tests/hardware_sim/test_field.py tests/weighing/test_field.py \
	tests/weighing/test_recognise_always.py tests/weighing/test_recognise_invariants.py \
	$(wildcard tests/hardware/*_visits.py tests/hardware/*_peer.py tests/edge/test_bench*.py) tests/hardware/test_port.py
# Only the files of a mark are read: pytest otherwise compiles and imports all of them at every step.
marked = -m "$(1) and not long$(2)" $(shell grep -rl --include='test_*.py' 'mark\.$(1)\b' tests)
PLAIN := -p no:playwright -p no:base_url
FAST := -n auto $(PLAIN) -m "not long and not browser and not processes" $(SECOND:%=--ignore=%)
# Compiled once, also where the environment says otherwise: hundreds of processes start in the tests.
export PYTHONDONTWRITEBYTECODE :=
# Without mosquitto the demo uses a broker from a package.
EXTRA := $(if $(shell PATH=$$PATH:/usr/sbin command -v mosquitto),,[demo])

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

demo: $(VENV)/.run
	$(BIN)/counter demo $(ARGS)

# Every step says its name; a table of their seconds stands at the end.
test:
	@sh tools/steps.sh \
	"packages of the system" 'make -s system' \
	"packages of Python" 'make $(VENV)/.dev' \
	"fast tests" '$(BIN)/pytest -q $(FAST)' \
	"visits, sessions, lines, benches" '$(BIN)/pytest -q -n auto $(PLAIN) -m "not long and not browser and not processes" $(SECOND)' \
	"programs" '$(BIN)/pytest -q -n 2 --dist loadfile $(PLAIN) $(call marked,processes, and not browser and not chaos)' \
	"chaos" '$(BIN)/pytest -q $(PLAIN) $(call marked,chaos)' \
	"browser" '$(BIN)/pytest -q $(call marked,browser)'

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -q $(FAST)

long: system $(VENV)/.dev
	EXAMPLES=400 $(BIN)/pytest -m "long or hypothesis"

# Real processes, broken at random for half an hour on each store (docs/chaos.md). Shorter: make chaos ARGS="--seconds 300 --seed 7"
chaos: system $(VENV)/.dev
	$(BIN)/python -m tests.faults.chaos $(ARGS)

bench: $(VENV)/.run
	$(BIN)/counter bench $(ARGS)

# 200 sessions of each level, so that a change of the recogniser can be judged in a minute.
bench-recognition: $(VENV)/.run
	$(BIN)/counter bench recognition --level all --n 200 --seed 11 --only ours

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Broker, browser and fonts from the system's packages; says the exact command where it may not install.
system:
	@sh tools/system_packages.sh "$(PYTHON)"

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and there is no python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) cannot be used: Python 3.11 or newer is needed; make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) cannot make virtual environments. On Debian or Ubuntu:"; \
		  echo "    sudo apt-get install -y python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The stamps make a second run quick; a changed pyproject.toml installs again.
$(VENV)/.run: pyproject.toml | $(BIN)/python
	test -e $(VENV)/.dev || $(PIP) -e ".$(EXTRA)"
	touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(PIP) -e ".[dev]"
	touch $@
