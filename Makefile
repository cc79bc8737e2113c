# Everything a newcomer needs is `make demo` and `make test`; each sets itself up. `make help` lists the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PLUGINS := $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml))
PYPROJECTS := pyproject.toml $(wildcard plugins/*/pyproject.toml)
CHECKED := $(wildcard crmkit examples benchmarks tests)

# Stamps: what .venv holds. Both are made again when a pyproject.toml or constraints.txt is newer.
RUNTIME := $(VENV)/.runtime-installed
DEVELOPMENT := $(VENV)/.development-installed

# Prints what the plugins require, but for the distributions of this repository.
THIRD_PARTY := import sys, tomllib, pathlib; [print(each) for folder in sys.argv[1:] for each in \
	tomllib.loads(pathlib.Path(folder, "pyproject.toml").read_text())["project"]["dependencies"] \
	if not each.startswith("crmkit")]

# Tests start many processes, and each would compile all that it imports anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test slow check lint types layers bench fresh format catalogue face clean constraints

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r target text; do printf '  %-12s %s\n' "$$target" "$$text"; done

demo: $(RUNTIME)  ## create a CRM on SQLite, fill it, work it and report on it
	@$(BIN)/crmkit demo --force

test: $(DEVELOPMENT)  ## run the tests, on SQLite and PostgreSQL (ARGS="-k stages" chooses)
	@CRMKIT_TEST_POSTGRESQL=$${CRMKIT_TEST_POSTGRESQL-own} $(BIN)/pytest -q -n 2 --dist worksteal $(ARGS)

slow: $(DEVELOPMENT)  ## run the proofs in their long forms, and what takes long on PostgreSQL
	@CRMKIT_SLOW=1 $(BIN)/pytest -q -m "proof or thorough" $(ARGS)

check: lint types layers  ## lint, format, types and layers, as CI does

lint: $(DEVELOPMENT)  ## ruff: rules and format
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet . || { echo "Some files are not formatted: make format"; exit 1; }

types: $(DEVELOPMENT)  ## mypy --strict, the root's folders and then every plugin
	@$(BIN)/mypy $(CHECKED)
	@set -e; for plugin in $(PLUGINS); do MYPYPATH=$$plugin $(BIN)/mypy $$plugin; done

layers: $(DEVELOPMENT)  ## import-linter: imports point down the storeys
	@$(BIN)/lint-imports --no-logo

bench: $(DEVELOPMENT)  ## measure, as ratios to raw SQL (ARGS="--peers" adds other CRMs)
	@$(BIN)/python -m benchmarks $(ARGS)

fresh:  ## clone the last commit to a temporary folder, and run demo and test there
	@set -e; folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	git clone --quiet . "$$folder/crmkit"; \
	$(MAKE) --no-print-directory -C "$$folder/crmkit" demo; \
	$(MAKE) --no-print-directory -C "$$folder/crmkit" test

format: $(DEVELOPMENT)  ## repair what ruff can repair
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .

catalogue: $(DEVELOPMENT)  ## write docs/reference/catalogue.md anew from the tests' marks
	@$(BIN)/python tests/meta/catalogue.py

face: $(DEVELOPMENT)  ## write down the public face anew, after a change of it that is wanted
	@$(BIN)/python tests/meta/public_face.py

clean:  ## remove the environment, the caches and what was built
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

constraints: $(DEVELOPMENT)  ## choose the versions in constraints.txt anew (needs uv on the PATH)
	@{ printf "hatchling\neditables\n"; $(BIN)/python -c '$(THIRD_PARTY)' $(PLUGINS); } \
		| uv pip compile pyproject.toml - --all-extras --universal --python-version 3.11 \
		--upgrade --no-emit-index-url --no-header --no-annotate --quiet \
		| sed -e '/ ; .*win32/d' -e 's/ ;.*//' > $(VENV)/constraints.txt
	@mv $(VENV)/constraints.txt constraints.txt

$(RUNTIME): $(PYPROJECTS) constraints.txt
	@echo "Setting up $(VENV) to run crmkit (about half a minute, once) ..."
	@$(call install,.[charts])
	@touch $@

$(DEVELOPMENT): $(PYPROJECTS) constraints.txt
	@echo "Setting up $(VENV) to develop crmkit (about a minute, once) ..."
	@$(call install,.[dev])
	@touch $(RUNTIME) $@

# Some systems ship Python without ensurepip; then the system's pip installs into the environment.
# Without build isolation, one pinned hatchling builds all distributions. Bytecode is written when it is first needed.
define install
set -e; \
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "crmkit needs Python 3.11 or newer: make PYTHON=python3.12 ...")'; \
$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || $(PYTHON) -m venv --without-pip $(VENV); \
pip="$(BIN)/python -m pip"; \
$$pip --version >/dev/null 2>&1 || pip="$(PYTHON) -m pip --python $(BIN)/python"; \
install="$$pip install -qq --disable-pip-version-check --no-compile -c constraints.txt"; \
$$install hatchling editables; \
$$install --no-build-isolation -e '$(1)' $(addprefix -e ,$(PLUGINS))
endef
