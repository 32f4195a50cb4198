# Everything is a target; `make help` lists them. A machine needs make and Python 3.11 or newer, nothing else.
# Settings are given as `make run PORT=8080`; docs and defaults: README.md.

.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

PY := .venv/bin/python
# Hashes for every file, and no package is built here: what the lock names is what runs.
PIP := $(PY) -m pip --disable-pip-version-check install --require-hashes --only-binary :all: --no-input
# One line that counts instead of pip's two hundred; what went wrong is shown, and the exit code is pip's own.
install = { $(PIP) --requirement $(1) 2>&1; echo $$? > .venv/pip.status; } | awk '/^Collecting / { n++; \
	printf "\r  %3d  %-40.40s", n, $$2; fflush() } /^ERROR/ { print "\n" $$0 } END { print "" }'; exit $$(cat .venv/pip.status)
# Checks read the settings, but start nothing.
OFFLINE := MODE=sandbox DATABASE_POOLED=off DATABASE_URL=postgresql://nobody@localhost/none PYTHONWARNINGS=ignore::RuntimeWarning
PYTEST_ARGS ?=
export PIP_ROOT_USER_ACTION := ignore

.PHONY: help run demo test check static format messages bench card-states data-inventory soak audit lock shell browser

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

run: .venv/runtime.stamp ## Start the whole system: PORT=8000 DEMO_PORT=8001 VAR_DIR=var
	@exec $(PY) -m wallet.embedded

demo: .venv/runtime.stamp ## Tell the whole story by a script against the running system
	@exec $(PY) -m demo.story --url http://localhost:$(or $(PORT),8000)

# Three processes keep two cores busy: tests wait for servers a quarter of their time.
test: .venv/develop.stamp browser ## Run all tests on real parts; PYTEST_ARGS="-k ledger" for some
	@$(PY) -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

check: static test ## All that must hold before a change lands: style, types, imports, migrations, tests

static: .venv/develop.stamp ## What can be checked without starting anything
	@echo "ruff: rules"; $(PY) -m ruff check .
	@echo "ruff: format"; $(PY) -m ruff format --check .
	@echo "mypy: types"; $(OFFLINE) $(PY) -m mypy .
	@echo "import-linter: who may import whom"; $(OFFLINE) $(PY) -c "from importlinter.cli import lint_imports_command as run; run()" --no-cache
	@echo "Django: system checks"; $(OFFLINE) $(PY) manage.py check
	@echo "Django: models and migrations agree"; $(OFFLINE) $(PY) manage.py makemigrations --check --dry-run

format: .venv/develop.stamp ## Format the code and mend what can be mended by itself
	@$(PY) -m ruff check --fix . ; $(PY) -m ruff format .

messages: .venv/develop.stamp ## Bring the French catalogues up to the source; then translate what is empty
	@$(PY) -m tests.support.messages

bench: .venv/develop.stamp ## Measure hot paths against their floors; BENCH="key_rotation --rounds 5" for some
	@$(PY) -m tests.bench $(BENCH)

card-states: .venv/develop.stamp ## Write docs/card-states.md from the table that card messages run by
	@$(OFFLINE) $(PY) manage.py card_states > docs/card-states.md.new && mv docs/card-states.md.new docs/card-states.md

data-inventory: .venv/develop.stamp ## Write docs/data-inventory.md from the models and the columns.toml beside them
	@$(OFFLINE) $(PY) manage.py data_inventory

soak: .venv/develop.stamp ## Long runs of models and races, tests/soak: MINUTES=10 for all of them together
	@SOAK_MINUTES=$(or $(MINUTES),10) $(PY) -m pytest tests/soak --timeout 0 $(PYTEST_ARGS)

audit: .venv/develop.stamp ## Known vulnerabilities in what is locked; passed over when no advisory service answers
	@said=$$($(PY) -m pip_audit --requirement requirements/runtime.txt --no-deps --disable-pip 2>&1); code=$$?; \
	case "$$said" in \
	*"known vulnerabilit"*) echo "$$said"; exit $$code ;; \
	*) echo "No advisory service answers: not audited." ;; \
	esac

lock: ## Resolve the dependencies anew (needs uv); for one package: LOCK_ARGS="--upgrade-package django"
	@command -v uv >/dev/null || { echo "make lock needs uv (pip install uv)."; exit 1; }
	@cd requirements && for part in runtime aws-kms develop; do \
	uv pip compile --no-config --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	  --no-emit-find-links --annotation-style line $(LOCK_ARGS) "$$part.in" -o "$$part.txt" --quiet || exit 1; \
	done

shell: .venv/runtime.stamp ## A Python shell inside the running system
	@$(PY) manage.py shell

browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || { \
	echo "The journeys need a browser, and no Chromium is installed."; \
	echo "As root: apt-get install -y chromium     (.ci/run does it by itself)"; exit 1; }

.venv/bin/python:
	@for candidate in $(PYTHON) python3 python3.13 python3.12 python3.11 python; do \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$candidate; break; fi; \
	done; \
	if [ -z "$$found" ]; then echo "Paravent needs Python 3.11 or newer. Give one with: make run PYTHON=/path/to/python3"; exit 1; fi; \
	if ! "$$found" -c 'import venv, ensurepip' 2>/dev/null; then \
	  echo "$$found cannot make a virtual environment. On Debian and Ubuntu: apt-get install -y python3-venv"; exit 1; fi; \
	echo "Making the environment in .venv with $$("$$found" --version) ..."; \
	"$$found" -m venv --clear .venv

.venv/runtime.stamp: requirements/runtime.txt
	@[ -x $(PY) ] && $(PY) -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { rm -rf .venv; $(MAKE) .venv/bin/python; }
	@echo "Installing the locked packages ..."
	@$(call install,requirements/runtime.txt)
	@touch $@

.venv/develop.stamp: .venv/runtime.stamp requirements/develop.txt
	@echo "Installing what tests and checks need ..."
	@$(call install,requirements/develop.txt)
	@touch $@
