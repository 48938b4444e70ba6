# `make run` starts Earful, `make test` proves it. Both install what they need into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# Python compiles what it imports when it first does: a fifth of the room, and minutes, are saved.
export PIP_NO_COMPILE := 1
# Where torch's build for CPUs lies, if pip's config does not name a place: see the README. From
# there torch alone is taken; the same version satisfies all that is installed after it.
TORCH_INDEX ?=
TORCH = $(if $(TORCH_INDEX),$(PIP) install --quiet --no-deps --index-url $(TORCH_INDEX) \
	"$$(grep '^torch==' constraints.txt)")

# One worker more than there are cores, as tests often wait for processes and servers; never more
# than four, as each loads the model. Files stay whole: their tests share what is costly to make,
# and conftest.py puts those that take longest first.
CORES := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
WORKERS := $(shell [ $(CORES) -lt 4 ] && echo $$(($(CORES) + 1)) || echo 4)
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
# Counting lines costs half as much time again: CI does it, or whoever says `make unit CI=true`.
ifeq ($(CI),true)
COVERED := --cov --cov-report=
FLOOR := $(BIN)/coverage report --fail-under=96
endif
# What fails beside the other tests is run once more, alone: a fault fails again, a busy machine does
# not. Both runs are printed; the first test that fails again ends the second.
AGAIN := $(BIN)/python -m pytest -n 0 -x --last-failed --last-failed-no-failures none

.PHONY: run test quick install slim torch dev lock audit lint unit faults browser mailserver clean

run: install
	@if [ -f earful.toml ]; then exec $(BIN)/earful run; else exec $(BIN)/earful demo; fi

install: $(VENV)/.installed

# What runs Earful, without libraries' own tests and torch's tools for C++.
slim: install
	$(BIN)/python deploy/slim.py $(BIN)/python

# torch alone, from TORCH_INDEX.
torch: $(VENV)/bin/python
	$(TORCH)

dev: $(VENV)/.dev

# Whenever constraints.txt changes. pip's config says where torch's build for CPUs lies.
lock: dev
	$(BIN)/python -m tests.lock_file

test: dev browser mailserver lint unit

lint: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy deploy
	$(BIN)/lint-imports
	$(BIN)/vulture

# Faults in our code, hashes of the lock, a list of all parts (dist/earful.cdx.json), known holes.
audit: dev
	$(PYTHON) -m venv $(VENV)/audit
	$(PIP) --python $(VENV)/audit/bin/python install --quiet -c constraints.txt --group audit
	$(BIN)/python -m tests.audit $(VENV)/audit/bin/python

unit: dev browser mailserver
	$(PYTEST) $(COVERED) || { [ $$? -eq 1 ] && $(AGAIN); }
	$(FLOOR)

# What the short forms in `make unit` do at length: kills, faults, hostile input and a steady load,
# for hours. A part alone: make faults PROOF="kills --kills 20 --mentions 1000".
PROOF ?= all
faults: dev
	$(BIN)/python -m tests.proof $(PROOF)

# Without what is marked slow, for between two changes.
quick: dev
	$(PYTEST) -m "not slow"

# Debian's Chromium; elsewhere the browser test says what it misses.
browser:
	@if command -v chromium >/dev/null && command -v chromedriver >/dev/null; then :; \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		echo "chromium or chromedriver is missing: installing both with apt-get"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
			--no-install-recommends chromium chromium-driver fonts-dejavu-core; \
	else echo "chromium and chromedriver are missing: install them to run the browser test"; fi

# Debian's Dovecot, which the tests start themselves: the one that Debian starts is ended.
mailserver:
	@if command -v dovecot >/dev/null || [ -x /usr/sbin/dovecot ]; then :; \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		echo "dovecot is missing: installing it with apt-get"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
			--no-install-recommends dovecot-imapd; \
		if [ -d /run/systemd/system ]; then systemctl disable --now --quiet dovecot; fi; \
	else echo "dovecot is missing: install it to run the tests of the mailbox"; fi

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Earful needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(TORCH)
	$(PIP) install --quiet -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) install --quiet 'pip>=25.1'  # the first that reads dependency groups
	$(TORCH)
	$(PIP) install --quiet -c constraints.txt -e '.[all]' --group dev
	@touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .coverage *.egg-info
