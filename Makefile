# Two commands, each does all its set-up: `make rehearse` runs the main job, `make test` the tests.
# Both can be interrupted and run again; what is there already is not done twice.

PYTHON ?= python3
BIN := .venv/bin
# Izumi city and the seed's A-town and B-town.
REHEARSED := 272191 273414 273619

.PHONY: rehearse test install check image-tools benchmarks lock clean

rehearse: .venv/ready
	@$(BIN)/honseki rehearse $(REHEARSED)

test: .venv/ready
	@$(BIN)/honseki engine install
	@$(MAKE) --no-print-directory image-tools
	@$(MAKE) --no-print-directory check
	@$(BIN)/pytest -m "slow or not slow" -n 2 --dist loadfile --no-loadscope-reorder --durations=10

# What both commands do first; alone, for who wants the command line and nothing deployed.
install: .venv/ready

check: .venv/ready
	@echo "Checking style, types and the direction of imports ..."
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# What building and booting images needs from Debian: installed as root, else said with the command to run.
image-tools: .venv/ready
	@$(BIN)/python -m honseki.images.tools

# Everything that is installed is pinned by version and hash in requirements.lock. The file is made last, so an
# interrupted installation is taken up again.
.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Honseki needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || \
	  { echo "Python's venv module is missing. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Installing the pinned Python packages into .venv (about a minute, once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch $@

# After a change of the dependencies in pyproject.toml. Needs `uv`; names no package index.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --extra dev pyproject.toml -o requirements.lock

clean:
	-@test -x $(BIN)/honseki && $(BIN)/honseki region stop
	rm -rf .venv .honseki
