# Every target sets up what it needs. Python 3.11+ and make are all it assumes.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
BIN := $(CURDIR)/$(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help
help: ## Show this help
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  \033[1m%-16s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.uv/bin/uv:
	@echo "uv is not on the PATH: installing it into .uv"
	@$(PYTHON) -m venv .uv || { echo "python3 has no venv module: install it (Debian: apt install python3-venv) or put uv on the PATH" >&2; exit 1; }
	@.uv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'

$(STAMP): pyproject.toml locks/dev.txt operator/mogulsync/__init__.py | $(filter .uv/bin/uv,$(UV))
	@$(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
	@$(UV) pip sync --quiet --python $(BIN)/python --require-hashes locks/dev.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: install
install: $(STAMP) ## Set up .venv with everything that development needs, from the lock files

.PHONY: lock
lock: | $(filter .uv/bin/uv,$(UV)) ## Resolve the dependencies anew into locks/
	$(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-annotate --custom-compile-command 'make lock' pyproject.toml -o locks/runtime.txt
	$(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-annotate --custom-compile-command 'make lock' --constraint locks/runtime.txt pyproject.toml --group tests --group tools -o locks/dev.txt
	$(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-annotate --custom-compile-command 'make lock' --constraint locks/dev.txt --group build -o locks/build.txt

.PHONY: generate
generate: $(STAMP) ## Write what is generated: crds/
	@$(BIN)/python -m mogulsync.resource.crd > crds/intercomdestinations.mogulsync.dev.yaml

.PHONY: format
format: $(STAMP) ## Format the code
	@$(BIN)/ruff format operator tools tests
	@$(BIN)/ruff check --fix --quiet operator tools tests

.PHONY: lint
lint: $(STAMP) ## Check style, types and layers
	@$(BIN)/ruff format --check --quiet operator tools tests
	@$(BIN)/ruff check --quiet operator tools tests
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

.PHONY: test
test: $(STAMP) ## Run all tests
	@$(BIN)/pytest
