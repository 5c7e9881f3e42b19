# Needs make, python3 (3.11 or later) and its venv module; everything else goes into .venv.
# Written for GNU make 3.81 too, which is what macOS has.

PYTHON ?= python3
PYTEST_ARGS ?=
JOBS ?= 2
SEEDS ?= 1000
SEED ?= 1
STORE ?= both
MINUTES ?= 10

BIN := .venv/bin
RUN := .venv/.installed
DEV := .venv/.installed-dev
DEMO := .demo
SOURCES := beat queue tests examples
EXHAUSTIVE := tests/unit/schedules/test_all_zones.py tests/unit/schedules/test_cron_differential.py tests/unit/schedules/test_solar_skyfield.py
BENCHMARKS := benchmarks/fire.py benchmarks/drain.py benchmarks/schedules.py benchmarks/solar.py benchmarks/wait.py
FUZZ := tests/process/test_worker_fuzz.py tests/unit/test_execute_fuzz.py tests/contract/beat/test_fuzzed_definitions.py \
	tests/unit/config/test_fuzz.py tests/unit/config/test_fuzz_definitions.py

.PHONY: help run test test-exhaustive sim chaos fuzz lint bench clean

help:
	@echo "make run     run the example schedule on SQLite, with two workers, until Ctrl-C"
	@echo "make test    run ruff, mypy and every test (PYTEST_ARGS='-k name' chooses,"
	@echo "             JOBS=4 runs four at a time, JOBS=0 all in one process, for -s and --pdb)"
	@echo "make test-exhaustive"
	@echo "             compare cron with a walk over every minute at every change of every time zone (about half an hour)"
	@echo "make sim SEEDS=10000"
	@echo "             simulate beats and workers whose calls, clocks and processes fail, and check the promises"
	@echo "             (SEED=1 is the first, STORE=sqlite|redis|both, TRACE=1 prints what happened in a bad one)"
	@echo "make chaos   kill, stop and cut off a fleet for ten minutes a store, and see that nothing is lost or doubled"
	@echo "             (MINUTES=2 STORE=redis SEED=1 choose, SEED= draws one)"
	@echo "make fuzz    put ten thousand mutated messages, definitions and files each to the workers and the beat"
	@echo "make lint    run ruff and mypy only"
	@echo "make bench   run the benchmarks"
	@echo "make clean   remove .venv, $(DEMO) and every cache"
	@echo
	@echo "PYTHON=python3.12 chooses the interpreter that .venv is made with."

run: $(RUN)
	@mkdir -p $(DEMO)
	@echo "The example schedule runs until Ctrl-C. From a second terminal:"
	@echo "    $(BIN)/beat --config examples/beat.toml list"
	@echo "    $(BIN)/beat --config examples/beat.toml history host"
	@echo "    $(BIN)/jobq --store sqlite:///$(DEMO)/beat.db info"
	@echo
	@exec $(BIN)/beatd --config examples/beat.toml --worker 2

# Every check runs, whatever the ones before it said; the last line names those that failed.
test: $(DEV)
	@redis=$$($(BIN)/python tests/support/redis_server.py) || exit 1; \
	export BEATD_TEST_REDIS_SERVER="$$redis" CI="$${CI:-true}"; \
	failed=""; \
	check() { name="$$1"; shift; echo "==> $$name"; "$$@" || failed="$$failed, $$name"; }; \
	check "ruff check" $(BIN)/ruff check .; \
	check "ruff format" $(BIN)/ruff format --check .; \
	check "mypy" $(BIN)/mypy; \
	check "pytest" $(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(PYTEST_ARGS); \
	if [ -n "$$failed" ]; then echo "make test: these failed: $${failed#, }." >&2; exit 1; fi; \
	echo "make test: everything passed."

test-exhaustive: $(DEV)
	@BEATD_TEST_EXHAUSTIVE=1 $(BIN)/python -m pytest $(EXHAUSTIVE) $(PYTEST_ARGS)

sim: $(DEV)
	@redis=$$($(BIN)/python tests/support/redis_server.py) || exit 1; \
	BEATD_TEST_REDIS_SERVER="$$redis" $(BIN)/python tests/support/simulate.py \
		--seeds $(SEEDS) --first $(SEED) --store $(STORE) $(if $(TRACE),--trace)

chaos: $(DEV)
	@redis=$$($(BIN)/python tests/support/redis_server.py) || exit 1; \
	BEATD_TEST_REDIS_SERVER="$$redis" PYTHONPATH=tests/support \
		$(BIN)/python -m chaos --minutes $(MINUTES) --store $(STORE) --seed "$(SEED)"

fuzz: $(DEV)
	@redis=$$($(BIN)/python tests/support/redis_server.py) || exit 1; \
	BEATD_TEST_REDIS_SERVER="$$redis" BEATD_TEST_FUZZ=$${BEATD_TEST_FUZZ:-10000} $(BIN)/python -m pytest -s $(FUZZ) $(PYTEST_ARGS)

lint: $(DEV)
	@failed=0; \
	$(BIN)/ruff check . || failed=1; \
	$(BIN)/ruff format --check . || failed=1; \
	$(BIN)/mypy || failed=1; \
	exit $$failed

bench: $(DEV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group bench
	@for file in $(BENCHMARKS); do echo "==> $$file"; $(BIN)/python $$file || exit 1; done
	@echo "==> benchmarks/failover.py --quick"; $(BIN)/python benchmarks/failover.py --quick

clean:
	rm -rf .venv $(DEMO) .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps are older than pyproject.toml when the dependencies may have changed, and only then.
$(RUN): pyproject.toml
	@if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
		command -v $(PYTHON) >/dev/null || { \
			echo "There is no '$(PYTHON)' on PATH; install Python 3.11 or later, or name one: make PYTHON=/path/to/python3." >&2; exit 1; }; \
		$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
			echo "beatd needs Python 3.11 or later, and '$(PYTHON)' is $$($(PYTHON) -V 2>&1); name a newer one: make PYTHON=python3.12." >&2; exit 1; }; \
		echo "Making .venv with $$($(PYTHON) -V)."; \
		$(PYTHON) -m venv --clear .venv || { \
			echo "'$(PYTHON) -m venv' failed; on Debian and Ubuntu 'apt-get install python3-venv' brings what it needs." >&2; exit 1; }; \
	fi
	@echo "Installing beatd into .venv."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

# Dependency groups need pip 25.1; Debian 12 brings 23.0.
$(DEV): $(RUN)
	@echo "Installing the development tools into .venv."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group dev
	@touch $@
