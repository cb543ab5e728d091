# `make` lists the targets. Everything installed goes into .venv; nothing else on the machine is touched.
PYTHON ?= python3
VENV := .venv
LLAMA := .venv-llama
BIN := $(VENV)/bin
TORCH := torch==2.13.0
# Where to take torch from, if not from the configured package index: a URL of CPU-only wheels saves gigabytes.
TORCH_INDEX ?=
PIP := $(BIN)/python -m pip --disable-pip-version-check install -qq --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo install test check format lint types imports soak scoreboard scale peers system clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

demo: $(VENV)/.runtime ## Install, index the sample runbooks and triage the sample tickets
	@$(BIN)/runcite demo

install: $(VENV)/.dev ## Install Runcite with everything its tests need

test: $(VENV)/.dev ## Run the tests
	$(BIN)/python -m pytest -m "not soak"

check: format lint types imports ## Check format, lint, types and the direction of imports

format: $(VENV)/.dev ## Check the formatting
	$(BIN)/ruff format --check .

lint: $(VENV)/.dev ## Run the linter
	$(BIN)/ruff check .

types: $(VENV)/.dev ## Check the types
	$(BIN)/mypy

imports: $(VENV)/.dev ## Check that data flows one way and SDKs stay behind their adapters
	$(BIN)/lint-imports

soak: $(VENV)/.dev ## Run the slow tests, one of them against llama.cpp, which is built first (minutes, needs a C++ compiler)
	@test -e $(LLAMA)/.complete || { $(PYTHON) -m venv $(LLAMA) \
	  && $(LLAMA)/bin/python -m pip install -qq --requirement tests/llama-requirements.txt && touch $(LLAMA)/.complete; } \
	  || { echo "llama.cpp cannot be built here; its test will be skipped"; rm -rf $(LLAMA); }
	$(BIN)/python -m pytest -m soak

scoreboard: $(VENV)/.dev ## Run every benchmark and rewrite docs/scoreboard.md
	$(BIN)/python -m benchmarks.scoreboard

scale: $(VENV)/.dev ## Measure search at 10,000 to 1,000,000 chunks and rewrite docs/scale.md (an hour)
	$(BIN)/python -m benchmarks.scale

peers: $(VENV)/.dev ## Compare with LlamaIndex and txtai, in a virtual environment of their own, and rewrite docs/peers.md
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install -qq --requirement benchmarks/peers-requirements.txt
	$(BIN)/python -m benchmarks.peers .venv-peers/bin/python

system: ## Install what tests use besides Python: real wikis, strace (needs root and apt; skipped without)
	.ci/system

clean: ## Remove the virtual environment and caches; indexes under .runcite stay
	rm -rf $(VENV) $(LLAMA) .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist

$(VENV)/.python:
	@command -v $(PYTHON) >/dev/null || { echo "Python is missing: install Python 3.11 or newer, or say make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "$$($(PYTHON) --version) is too old: Runcite needs Python 3.11 or newer; say make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "[1/3] Creating $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || { echo "venv failed: on Debian and Ubuntu install the python3-venv package"; exit 1; }
	@touch $@

$(VENV)/.torch: $(VENV)/.python
	@echo "[2/3] Installing $(TORCH), the largest part (a minute or two; TORCH_INDEX=URL chooses where from)"
	@$(PIP) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX) )$(TORCH)
	@touch $@

$(VENV)/.runtime: $(VENV)/.torch pyproject.toml constraints.txt
	@echo "[3/3] Installing Runcite and its pinned dependencies"
	@$(PIP) --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.torch pyproject.toml constraints.txt
	@echo "[3/3] Installing Runcite, its pinned dependencies and what the tests need"
	@$(PIP) --editable '.[dev]'
	@touch $(VENV)/.runtime $@
