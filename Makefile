# PYTHON=/path/to/python names the interpreter of .venv; without it python3, or else the newest of 3.13, 3.12, 3.11 that runs.
PYTHON ?=
WORKERS ?= auto
ENVIRONMENT = PYTHON="$(PYTHON)" sh tools/environment.sh
BIN = .venv/bin
# results.py runs bench_compiled.py and the rest of what has peers.
OTHER_BENCHMARKS = $(filter-out bench/bench_compiled.py,$(wildcard bench/bench_*.py))

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test check bench clean

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

demo:  ## set up, train on the digits set, and show one training step worked out
	@$(ENVIRONMENT) run
	@$(BIN)/chainrule demo

test: check  ## set up, check, and run the whole test suite
	@$(BIN)/python -m pytest -n $(WORKERS) --maxprocesses 8

check:  ## ruff, mypy in strict mode and the import contract
	@$(ENVIRONMENT) test
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache --no-logo

bench:  ## measure beside other tools into bench/RESULTS.md, then run the other benchmarks
	@$(ENVIRONMENT) bench
	@.venv-bench/bin/python bench/results.py --write
	@for script in $(OTHER_BENCHMARKS); do .venv-bench/bin/python "$$script" || exit 1; done

clean:  ## remove .venv, .venv-bench, caches and builds
	@rm -rf .venv .venv-busy .venv-bench .venv-bench-busy .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist
	@find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
