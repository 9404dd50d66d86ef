# The two commands for a fresh machine: `make demo` and `make test`. Nothing is needed but Python 3.11 or newer and make.
# The rest: check (what CI holds), bench, interop, fuzz, chaos, clean.

SHELL := /bin/sh
VENV := .venv
BENCH_VENV := .venv-bench
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	if command -v $$p >/dev/null 2>&1 && $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
	then echo $$p; break; fi; done)
BIN := $(VENV)/bin
PIP := -m pip --disable-pip-version-check --quiet
STAMP := $(VENV)/.made
BENCH_STAMP := $(BENCH_VENV)/.made

# What Python compiles is kept, out of the way: the tests start the program some hundred times.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX := $(CURDIR)/build/pycache

.PHONY: help setup check test demo bench interop fuzz chaos clean python

SECONDS_EACH ?= 60
DOCUMENTS ?= 2000
KILLS ?= 500
SECONDS ?= 3600

help:
	@echo 'make demo      set up and watch state documents travel (leaves demo-output/)'
	@echo 'make test      set up and run the tests'
	@echo 'make check     lint, types, import floors, schema digests'
	@echo 'make bench     measure against signxml and python-xmlsec (writes bench/results.json)'
	@echo 'make interop   have programs of others judge what we sign, and judge what they sign (writes interop-report.json)'
	@echo 'make fuzz      hostile bytes for every parser, SECONDS_EACH=60 (what breaks it goes to fuzz-findings/)'
	@echo 'make chaos     kill, cut, fill and turn back while documents travel, then compare both books: DOCUMENTS=2000 KILLS=500'
	@echo '               SECONDS=3600 SEED=any (writes chaos-report.json)'
	@echo 'make clean     remove what the targets made'

setup: $(STAMP)

python:
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or newer (with venv) is needed and was not found; set PYTHON=/path/to/python3' >&2; exit 1; }

$(STAMP): constraints/dev.txt pyproject.toml | python
	@echo 'Setting up $(VENV) with $(PYTHON) ...'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python $(PIP) install --require-hashes -r constraints/dev.txt
	@$(BIN)/python $(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(BENCH_STAMP): constraints/bench.txt pyproject.toml | python
	@test -x $(BENCH_VENV)/bin/python || $(PYTHON) -m venv $(BENCH_VENV)
	@$(BENCH_VENV)/bin/python $(PIP) install --require-hashes -r constraints/bench.txt
	@$(BENCH_VENV)/bin/python $(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -W ignore::RuntimeWarning -m schemas.catalog

test: $(STAMP)
	$(BIN)/pytest -n auto --dist worksteal --ignore tests/interop

demo: $(STAMP)
	$(BIN)/elshi demo --output demo-output

bench: $(STAMP) $(BENCH_STAMP)
	$(BENCH_VENV)/bin/python -m bench --large
	$(BIN)/python -m bench.delivery

interop: $(STAMP) $(BENCH_STAMP)
	$(BIN)/python -m tests.interop.report
	$(BIN)/pytest tests/interop

fuzz: $(STAMP)
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS_EACH)

chaos: $(STAMP)
	$(BIN)/python -m tests.chaos --documents $(DOCUMENTS) --kills $(KILLS) --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

clean:
	rm -rf $(VENV) $(BENCH_VENV) demo-output build *.egg-info bench/results.json interop-report.json chaos-report.json fuzz-findings
