# `make study` opens today's session, `make test` runs every test; both set up .venv first.
PYTHON ?= python3
BIN = .venv/bin
PIP = $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: study test lint format prove gpu bench clean

study: .venv/ready
	@$(BIN)/dlkata

test: .venv/ready-for-tests
	$(BIN)/python -m pytest -n auto --dist worksteal --durations=20

lint: .venv/ready-for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/ready-for-tests
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Certificates of what has changed since it was proved; `make test` proves without keeping.
prove: .venv/ready-for-tests
	$(BIN)/dlkata author prove

# What differs on a GPU; says so where there is none.
gpu: .venv/ready-for-tests
	$(BIN)/python -m tests.bench.gpu

bench: .venv/ready-for-tests
	$(BIN)/python -m tests.bench

.venv/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "dlkata needs Python 3.11 or newer: make PYTHON=python3.12 study")'
	@$(PYTHON) -m venv .venv
	@echo "Installing dlkata and PyTorch into .venv: a few minutes, once."
	$(PIP) --editable '.[browse]'
	@touch $@

.venv/ready-for-tests: .venv/ready
	$(PIP) --editable '.[test]'
	@touch $@

clean:
	rm -rf .venv dist build
