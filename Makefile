# `make help` lists what there is. Everything runs with Python >= 3.11, git and make alone.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO_DIR ?= .demo
UV := $(shell command -v uv 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help setup setup-browser demo reset test proof chaos test-browser check bench corpus locks messages format

help: ## List the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The stamp holds the lock it was made from: a changed lock is installed anew, an unchanged one
# costs nothing. The stamp is written last, so an interrupted install is done again.
define install
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@if ! cmp -s $(1) $(VENV)/$(notdir $(1)).stamp; then \
		echo "Installing $(1)"; \
		if [ -n "$(UV)" ]; then \
			UV_PYTHON_DOWNLOADS=never "$(UV)" pip install -q --python $(BIN)/python --require-hashes -r $(1); \
		else \
			$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $(1); \
		fi && cp $(1) $(VENV)/$(notdir $(1)).stamp; \
	fi
endef

setup: ## Make .venv with everything for development
	$(call install,requirements-dev.lock)

setup-browser: ## The same with what drives a browser
	$(call install,requirements-browser.lock)

demo: ## Start the whole product with demo data, offline, and print where to look
	$(call install,requirements.lock)
	@exec $(BIN)/python manage.py demo --settings sandbox.demo_settings

reset: ## Throw the demo's data away
	@rm -rf $(DEMO_DIR) && echo "The demo's data are gone."

test: setup ## Run the whole suite with nothing else running
	$(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist worksteal -m "not browser and not worker"

proof: setup ## Compare the slots' rules with a slow reference in 10,000 cases
	$(BIN)/python -m pytest -q --hypothesis-profile=proof --hypothesis-show-statistics tests/booking/test_slots_property.py

chaos: setup ## Kill workers, broker, beat and mail server during 500 bookings (needs redis-server)
	CHAOS_BOOKINGS=$${CHAOS_BOOKINGS:-500} $(BIN)/python -m pytest -q -s -m worker tests/integration/test_chaos.py

# The walks share one demo, as people share one installation, and go in the order of their files.
test-browser: setup-browser ## Run the browser tests (needs Chromium, see CONTRIBUTING)
	$(BIN)/python -m pytest -q -m browser -p no:randomly tests/e2e

check: setup ## Lint, types, import rules, migrations, templates, API schema, deploy checks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	git ls-files -z '*.html' | xargs -0 $(BIN)/djade --target-version 5.2 --check
	$(BIN)/python manage.py makemigrations --check --dry-run --settings tests.settings
	$(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null --settings tests.settings
	$(BIN)/python manage.py check --deploy --fail-level WARNING --settings tests.deploy_settings
	$(BIN)/python -m tests.repository

bench: setup ## Measure against the budgets of DESIGN 15 (PostgreSQL at DATABASE_URL)
	$(BIN)/python -m tests.bench

format: setup ## Put the code into house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	git ls-files -z '*.html' | xargs -0 $(BIN)/djade --target-version 5.2

messages: setup ## Bring the catalogues of bookers' languages up to date with the code
	$(BIN)/python -m tests.catalogues

corpus: setup ## Write the calendar files that tests compare with anew; review what changed
	RENEW_CORPUS=1 $(BIN)/python -m pytest -q -p no:randomly tests/booking/test_ics_corpus.py

locks: ## Make the lock files anew (needs uv)
	@for extras in ":requirements.lock" "--extra dev:requirements-dev.lock" "--extra dev --extra browser:requirements-browser.lock"; do \
		UV_PYTHON_DOWNLOADS=never uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
			--no-emit-index-url --no-emit-find-links --python $(PYTHON) pyproject.toml $${extras%%:*} -o $${extras##*:}; \
	done
