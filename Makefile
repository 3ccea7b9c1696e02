# Two commands do all the set-up: `make demo` and `make test`. Both may be run first, on a fresh machine.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
INPUTS := pyproject.toml constraints-cpu.txt scripts/setup.sh
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help setup weights demo test test-fast editors test-editors vsix test-vscode check format bench docs clean

help:  ## Show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(VENV)/.installed-dev weights  ## Virtual environment, all dependencies, default weights

$(VENV)/.installed: $(INPUTS)
	@PYTHON="$(PYTHON)" VENV="$(VENV)" scripts/setup.sh

$(VENV)/.installed-dev: $(INPUTS)
	@PYTHON="$(PYTHON)" VENV="$(VENV)" scripts/setup.sh dev

weights: $(VENV)/.installed  ## Fetch the default model (491 MB, once per machine)
	@$(BIN)/glosswright model pull qwen2.5-coder-0.5b

demo: weights  ## Watch comments in real files become code, through a real editor session
	@$(BIN)/python demo/run.py

test: setup  ## Every test, with coverage
	VENV="$(VENV)" scripts/test.sh

test-fast: $(VENV)/.installed-dev  ## The tests that take no model weights
	$(BIN)/python -m pytest -q -n 2 -m "not weights and not slow"

editors: $(VENV)/.installed-dev  ## Fetch the editors that tests drive (Neovim, Emacs, Helix; 530 MB in ~/.cache)
	$(BIN)/python tests/editors/install.py

test-editors: editors  ## Drive them, with real keys
	$(BIN)/python -m pytest -q tests/editors

vsix: $(VENV)/.installed  ## The VS Code extension as a package, in dist/
	@VENV="$(VENV)" PYTHON="$(PYTHON)" scripts/vsix.sh

test-vscode: setup  ## The VS Code extension and JupyterLab, in a browser with real keys (fetches 0.5 GB once)
	@VENV="$(VENV)" PYTHON="$(PYTHON)" scripts/test-vscode.sh

check: $(VENV)/.installed-dev  ## Lint, format, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed-dev  ## Put the code into the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup  ## Every benchmark, with its table
	@$(BIN)/python tests/bench/run.py

docs: $(VENV)/.installed-dev  ## Write the generated pages again
	$(BIN)/python scripts/settings_page.py
	$(BIN)/python scripts/vscode_settings.py

clean:  ## Remove what was built here (not the weights: `glosswright model rm NAME`)
	rm -rf vscode-client/node_modules vscode-client/dist vscode-client/server $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage* htmlcov dist build
