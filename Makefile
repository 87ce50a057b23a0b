# The one task runner: continuous integration and pre-commit call these targets and nothing else.
PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin

# Python keeps what it compiled, even where the environment says otherwise: the tests start the command often, and each start would compile it all anew.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast test-next-duckdb soak check format docs lab lock benchmark benchmark-loading coverage clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  Options of a command go in ARGS, another Python in PYTHON: make demo ARGS=\"--port 5010\" PYTHON=python3.12"

setup: ## make .venv from the lock (again only when the lock or pyproject.toml changed)
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh tools/setup.sh

demo: setup ## make the simulated demo clinic and serve its pages on this machine
	@$(BIN)/therapy-process demo $(ARGS)

test: setup ## run every test, the browser's included (finds or installs Chromium; says so where there is no nginx)
	@CHROMIUM="$$(sh tools/browser.sh)" && NGINX="$$(sh tools/nginx.sh)" && export CHROMIUM NGINX \
	&& $(BIN)/python -m pytest -n auto -m "not soak" $(ARGS)

test-fast: setup ## run the tests that need no browser
	@$(BIN)/python -m pytest -n auto -m "not browser and not soak" $(ARGS)

test-next-duckdb: setup ## run the tests that need neither browser nor encryption on DuckDB 2.x, in an environment of its own
	@VENV="$(VENV)" sh tools/duckdb2.sh
	@$(VENV)-duckdb2/bin/python -m pytest -n auto -m "not browser and not soak and not encryption" $(ARGS)

soak: setup ## the long tests: loads killed at many random moments, full disks, damage, every cut, many made-up records (slow)
	@$(BIN)/python -m pytest -m soak $(ARGS)

check: setup ## style, format, layers, notebooks without outputs
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/python tools/layers.py
	@$(BIN)/python tools/notebooks.py

format: setup ## put style and format right where that can be done without thinking
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: setup ## write docs/methods.md from the definitions that the figures run on
	@$(BIN)/therapy-process methods > docs/methods.md.new && mv docs/methods.md.new docs/methods.md

lab: setup ## open the same notebooks in JupyterLab, on the demo clinic
	@$(BIN)/therapy-process demo --build-only
	@root=""; if [ "$$(id -u)" = 0 ]; then root=--allow-root; fi; exec $(BIN)/jupyter lab $$root $(ARGS) dashboards

lock: ## renew requirements.txt from pyproject.toml (ARGS=--upgrade for newer releases)
	@VENV="$(VENV)" sh tools/lock.sh $(ARGS)

benchmark: setup ## measure what a page costs, into docs/performance.md
	@CHROMIUM="$$(sh tools/browser.sh)" && export CHROMIUM && $(BIN)/python benchmarks/run.py $(ARGS)

benchmark-loading: setup ## measure what loading costs against a plain typed copy by DuckDB, into docs/performance.md (slow)
	@$(BIN)/python -m benchmarks.loading.run $(ARGS)

coverage: setup ## simulate clinics and count how often the comparisons' intervals hold the truth, into docs/coverage.md (slow)
	@$(BIN)/python -m benchmarks.coverage.run $(ARGS)

clean: ## remove what the other targets made, the demo clinic's store included
	rm -rf $(VENV) $(VENV)-duckdb2 build dist demo-store demo-store-audit .pytest_cache .ruff_cache .hypothesis screenshots
	find src tests tools benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
