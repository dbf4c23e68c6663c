# Holdfast: everything a person or a program starts. Needs Python 3.11 or newer and nothing else.

PORT ?= 8000
DATA ?= var
CASE ?=
TIME ?= 60
ARGS ?= help

VENV := .venv
BIN := $(VENV)/bin
# The newest python found that is new enough; PYTHON=... overrides it.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	command -v $$python >/dev/null 2>&1 && \
	$$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && \
	echo $$python && break; done)
# A second release of a library that is installed, in a folder of its own.
OLDEST := tests/integrations/alpaca_api/oldest_client
INSTALL := $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes
export HOLDFAST_DATA = $(abspath $(DATA))

.PHONY: run test check bench torture clean manage lock fmt chromium

run: $(VENV)/run.stamp  ## start the whole desk: make run [PORT=8000] [DATA=var]
	@exec $(BIN)/python manage.py up --port "$(PORT)"

manage: $(VENV)/run.stamp  ## any management command: make manage ARGS="create_user a@b.c" [DATA=var]
	@exec $(BIN)/python -m config.servers $(ARGS)

test: $(VENV)/dev.stamp chromium  ## all tests
	$(BIN)/python -m pytest -n 2 --dist loadgroup

check: $(VENV)/dev.stamp  ## everything that can be told without running the program
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/djlint --check --lint --quiet templates
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive accounts market portfolio trading integrations config
	$(BIN)/python .ci/audit
	$(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	DATABASE_URL=postgresql://check@localhost/check REDIS_URL=redis://localhost ALLOWED_HOSTS=desk.example \
		SECRET_KEY="$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))')" \
		$(BIN)/python manage.py check --deploy --fail-level WARNING

bench: $(VENV)/dev.stamp  ## measurements: make bench [CASE=orders]
	$(BIN)/python -m bench $(CASE)

torture: $(VENV)/dev.stamp  ## random trading and killing for TIME seconds: make torture [TIME=600] [CASE=books]
	$(BIN)/python -m tests.torture $(CASE) --seconds "$(TIME)"

fmt: $(VENV)/dev.stamp  ## put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djlint --reformat --quiet templates

lock: $(VENV)/dev.stamp  ## compile the lock files anew
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url --no-emit-find-links pyproject.toml --output-file requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url --no-emit-find-links --extra dev --constraint requirements.lock \
		pyproject.toml --output-file requirements-dev.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-deps \
		--no-emit-index-url --no-emit-find-links $(OLDEST).in --output-file $(OLDEST).lock

clean:  ## remove the environment and caches; the data in var/ stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

chromium:
	@.ci/chromium

# The stamps remember which lock files an environment was made from.
$(VENV)/run.stamp: requirements.lock $(BIN)/python
	@echo "Installing from requirements.lock ..."
	@$(INSTALL) -r requirements.lock
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock $(OLDEST).lock $(BIN)/python
	@echo "Installing from requirements-dev.lock ..."
	@$(INSTALL) -r requirements-dev.lock
	@rm -rf $(VENV)/oldest-client
	@$(INSTALL) --no-deps --target $(VENV)/oldest-client -r $(OLDEST).lock
	@touch $(VENV)/run.stamp $@

$(BIN)/python:
	@test -n "$(PYTHON)" || { \
		echo "Holdfast needs Python 3.11 or newer with venv; found: $$(python3 --version 2>&1)." >&2; \
		echo "Install one (Debian: apt install python3 python3-venv), or say make PYTHON=/path/to/python3." >&2; \
		exit 1; }
	@$(PYTHON) -m venv $(VENV)
