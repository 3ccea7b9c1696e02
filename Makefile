# Two commands do all the set-up: `make demo` and `make test`. Both may be run first, on a fresh machine.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help setup venv weights demo test test-fast check format bench docs clean

help:  ## Show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: venv weights  ## Virtual environment, all dependencies, default weights

venv: $(STAMP)

$(STAMP): pyproject.toml constraints-cpu.txt scripts/setup.sh
	PYTHON="$(PYTHON)" VENV="$(VENV)" scripts/setup.sh

weights: venv  ## Fetch the default model (491 MB, once per machine)
	@$(BIN)/glosswright model pull qwen2.5-coder-0.5b

demo: setup  ## Watch comments in real files become code, through a real editor session
	@$(BIN)/python demo/run.py

test: setup  ## Every test, with coverage
	VENV="$(VENV)" scripts/test.sh

test-fast: venv  ## The tests that take no model weights
	$(BIN)/python -m pytest -q -n 2 -m "not weights and not slow"

check: venv  ## Lint, format, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: venv  ## Put the code into the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup  ## Every benchmark, with its table
	@$(BIN)/python tests/bench/run.py

docs: venv  ## Write the generated pages again
	$(BIN)/python scripts/settings_page.py

clean:  ## Remove what was built here (not the weights: `glosswright model rm NAME`)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage* htmlcov dist build
