# Two commands: `make demo` and `make test`. `make help` lists the rest.
# Everything runs in .venv, installed from requirements.lock with hashes.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
QUANT  := $(BIN)/quant
REAL   ?= ../shared/data

export PYTHONUNBUFFERED := 1
export DBT_SEND_ANONYMOUS_USAGE_STATS := false

.DEFAULT_GOAL := help
.PHONY: help install demo build app real-demo test lint format bench docs registry lock chromium clean

help:  ## List the verbs
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | \
		awk -F'\t' '{printf "  make %-10s %s\n", $$1, $$2}'

install: $(READY)  ## Make .venv from the lock

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "quant-engine needs Python 3.11 or newer; name one with make PYTHON=python3.12 install"; exit 1; }
	@echo "Installing the environment from requirements.lock (a minute or two) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

demo: $(READY)  ## Sample lake if there is none, daily pipeline, publish, how to open the app
	@$(QUANT) demo

build: $(READY)  ## Build what changed in the lake, test it, publish it
	@$(QUANT) build

app: $(READY)  ## Open the dashboard on 127.0.0.1:8501
	@$(BIN)/streamlit run app/main.py

real-demo: $(READY)  ## Import REAL=../shared/data into a lake of its own, build, publish, reconcile, check facts
	@$(BIN)/python -m engine.service.real_demo $(REAL)

test: $(READY) chromium  ## Run every test
	@$(QUANT) warm  # once, instead of in each of the test processes
	@$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(READY)  ## Ruff, mypy, sqlfluff, generated files
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m engine.features.generate --check
	@$(BIN)/python tests/lint_sql.py

format: $(READY)  ## Let ruff format the Python
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

registry: $(READY)  ## Regenerate yml and macros from the feature registry
	@$(BIN)/python -m engine.features.generate

bench: $(READY)  ## Measure against named peers; results in benchmarks/results
	@$(BIN)/python -m benchmarks

docs: $(READY)  ## docs/feature_catalog.md from the published warehouse, dbt docs into target/
	@$(BIN)/python -m engine.features.generate
	@$(QUANT) features page --out docs/feature_catalog.md
	@$(BIN)/dbt docs generate --quiet

chromium:  # a browser for the app's tests, when the machine can have one
	@sh tests/e2e/install_chromium.sh

lock:  ## Resolve requirements.lock anew (needs the package index)
	@rm -rf .cache/lock && $(PYTHON) -m venv .cache/lock && .cache/lock/bin/pip install --quiet uv
	@.cache/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --no-header --no-strip-extras --all-extras \
		pyproject.toml -o requirements.lock

clean:  ## Remove build results (not the lake, not the journal)
	@rm -rf target logs data/warehouse
