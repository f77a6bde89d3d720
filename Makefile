# Every target sets up what it needs. Python 3.11+ and make are all it assumes.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
BIN := $(CURDIR)/$(VENV)/bin
LOCKS ?= locks
COMPILE = $(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-annotate --custom-compile-command 'make lock'
STAMP := $(VENV)/.installed
IMAGE ?= mogulsync:dev
DOCKER_BUILD ?= docker build
# What the image says of itself; unknown where there is no git.
VERSION ?= $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' operator/mogulsync/__init__.py)
REVISION ?= $(or $(shell git describe --always --abbrev=40 --dirty --exclude='*' 2>/dev/null),unknown)
SOURCE ?= $(or $(filter https://%,$(shell git config --get remote.origin.url 2>/dev/null | sed 's#//[^/]*@#//#')),unknown)
SOURCE_DATE_EPOCH ?= $(or $(shell git log -1 --format=%ct 2>/dev/null),0)
# Most of the tests wait most of the time: for a control plane, for a limit of requests.
TEST_WORKERS ?= 4
# Tests and benchmarks start hundreds of processes; each would compile anew what it imports, as none does in the image.
unexport PYTHONDONTWRITEBYTECODE

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

.PHONY: hooks
hooks: $(STAMP) ## Run the linters before each commit
	@$(BIN)/pre-commit install

.PHONY: lock
lock: | $(filter .uv/bin/uv,$(UV)) ## Bring locks/ up to what pyproject.toml asks for
	@$(COMPILE) pyproject.toml --extra sandbox -o $(LOCKS)/runtime.txt
	@$(COMPILE) pyproject.toml --extra sandbox --group tests --group tools --constraint $(LOCKS)/runtime.txt -o $(LOCKS)/dev.txt
	@$(COMPILE) --group build --constraint $(LOCKS)/dev.txt -o $(LOCKS)/build.txt

.PHONY: generate
generate: $(STAMP) ## Write what is generated: crds/ and its copies, argocd/argocd-cm.yaml, docs/commands.md, and parts of the chart
	@$(BIN)/python -m mogulsync.resource.crd > crds/intercomdestinations.mogulsync.dev.yaml
	@cp crds/intercomdestinations.mogulsync.dev.yaml kustomize/base/crd.yaml
	@$(BIN)/python tools/chart_crd.py > charts/mogulsync/templates/crd.yaml
	@$(BIN)/python tools/argocd_config.py > argocd/argocd-cm.yaml
	@new=$$($(BIN)/python tools/commands_reference.py) && printf '%s\n' "$$new" > docs/commands.md
	@new=$$($(BIN)/python tools/chart_values.py schema) && printf '%s\n' "$$new" > charts/mogulsync/values.schema.json
	@new=$$($(BIN)/python tools/chart_values.py readme) && printf '%s\n' "$$new" > charts/mogulsync/README.md

.PHONY: verify
verify: $(STAMP) ## Fail when a generated file or a lock is not what its source says
	@diff -u crds/intercomdestinations.mogulsync.dev.yaml <($(BIN)/python -m mogulsync.resource.crd)
	@diff -u crds/intercomdestinations.mogulsync.dev.yaml kustomize/base/crd.yaml
	@diff -u charts/mogulsync/templates/crd.yaml <($(BIN)/python tools/chart_crd.py)
	@diff -u argocd/argocd-cm.yaml <($(BIN)/python tools/argocd_config.py)
	@diff -u docs/commands.md <($(BIN)/python tools/commands_reference.py)
	@diff -u charts/mogulsync/values.schema.json <($(BIN)/python tools/chart_values.py schema)
	@diff -u charts/mogulsync/README.md <($(BIN)/python tools/chart_values.py readme)
	@copy=$$(mktemp -d) && cp locks/* "$$copy" && $(MAKE) --silent lock LOCKS="$$copy" && diff -r locks "$$copy" && rm -r "$$copy"

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
test: $(STAMP) ## Run the tests, but for those of chart and e2e (COVERAGE=1: and hold the floor of coverage, as CI does)
	@$(BIN)/pytest -n $(TEST_WORKERS) $(if $(COVERAGE),--cov --cov-report=term:skip-covered)

.PHONY: demo
demo: $(STAMP) ## Show it at work: a control plane, the sandbox, the operator and a sync
	@$(BIN)/python tools/demo.py

.PHONY: pictures
pictures: $(STAMP) ## Draw docs/pictures anew, from real runs
	@PYTHONPATH=tools:. $(BIN)/python tools/pictures.py

.PHONY: bench
bench: $(STAMP) ## Measure the worker: requests, rate, memory, start, peers (docs/benchmarks.md; BENCH="--help" for options)
	@PATH="$(CURDIR)/.uv/bin:$$PATH" PYTHONPATH=tools $(BIN)/python -m bench $(BENCH)

.PHONY: bench-operator
bench-operator: $(STAMP) ## Measure the operator on a control plane of its own (docs/benchmarks.md; BENCH="--help" for options)
	@PYTHONPATH=tools $(BIN)/python -m bench_operator $(BENCH)

.PHONY: image
image: ## Build the image, IMAGE=mogulsync:dev (BASE_IMAGE=python:3.13-slim@sha256:… pins the base)
	@$(DOCKER_BUILD) -t $(IMAGE) $(if $(BASE_IMAGE),--build-arg BASE_IMAGE=$(BASE_IMAGE)) \
	  --build-arg VERSION=$(VERSION) --build-arg REVISION=$(REVISION) --build-arg SOURCE=$(SOURCE) \
	  --build-arg SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) .

.PHONY: chart
chart: $(STAMP) ## Lint and render the chart (needs helm, kubectl)
	@command -v helm >/dev/null || { echo "helm is not on the PATH: https://helm.sh/docs/intro/install" >&2; exit 1; }
	@helm lint --strict --quiet charts/mogulsync
	@fresh=$$(mktemp -d) && $(BIN)/python tools/manifests.py base "$$fresh" && diff -ru kustomize/base "$$fresh" && rm -r "$$fresh"
	@$(BIN)/pytest -q tests/chart

.PHONY: manifests
manifests: $(STAMP) ## Render the chart for kustomize (kustomize/base) and as one file, dist/install.yaml (needs helm, kubectl)
	@$(BIN)/python tools/manifests.py base kustomize/base
	@$(BIN)/python tools/manifests.py install dist/install.yaml

.PHONY: scan
scan: $(STAMP) ## Scan manifests, image, workflows and locks; leaves SBOM and licences in dist/ (needs helm, Go)
	@PATH="$(CURDIR)/.uv/bin:$$PATH" PYTHONPATH=tools $(BIN)/python -m scan dist

.PHONY: e2e
e2e: $(STAMP) ## Install and use it in a real cluster: KUBECONFIG and E2E_LOAD_IMAGE, or a kind cluster of its own
	@$(BIN)/pytest -p no:randomly -x -v --no-header tests/e2e

.PHONY: clean
clean: ## Remove what the other targets made
	@rm -rf $(VENV) .uv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
