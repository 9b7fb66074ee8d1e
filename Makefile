# The two commands of the README are `make demo` and `make test`. Both set up all they need.
PYTHON ?= python3
BIN    := .venv/bin

# Bytecode is kept: without it each of the many processes compiles the house anew, for seconds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-long check bench docs format lock clean
.DEFAULT_GOAL := demo

demo: .venv/demo            ## start everything in one process, on real data, and print a URL
	$(BIN)/comptoir demo $(DEMO_ARGS)

test: .venv/dev             ## all tests but the long proofs
	$(BIN)/python tools/chromium.py
	$(BIN)/pytest -n auto $(TEST_ARGS)

test-long: .venv/dev        ## the long proofs: kill -9, crowds, 10,000 events through a bad network, many examples
	$(BIN)/python tools/chromium.py
	$(BIN)/pytest -m long $(TEST_ARGS)
	TEST_EXAMPLES=10 $(BIN)/pytest -n auto -m "hypothesis and not long" $(TEST_ARGS)

check: .venv/dev            ## lint, types, architecture
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/pyright

bench: .venv/demo           ## every benchmark, as tables; one: make bench BENCH=ingest
	$(BIN)/comptoir bench $(or $(BENCH),all) $(BENCH_ARGS)

docs: .venv/dev             ## write the reference pages anew from the code
	$(BIN)/python tools/reference.py

format: .venv/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only .

lock:                       ## resolve the newest versions into requirements/*.lock (needs uv)
	cd requirements && for name in run dev; do \
	  uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --upgrade -q $$name.in -o $$name.lock; done
	cd requirements && uv pip compile --no-deps --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --upgrade -q data.in -o data.lock

clean:
	rm -rf .venv .comptoir

# A stamp file per set of dependencies: nothing is installed twice.
.venv/demo: requirements/run.lock requirements/data.lock pyproject.toml
	sh tools/venv.sh $(PYTHON)
	$(BIN)/pip install -q --require-hashes -r requirements/run.lock
	$(BIN)/pip install -q --require-hashes --no-deps -r requirements/data.lock
	$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	touch $@

.venv/dev: requirements/dev.lock requirements/data.lock pyproject.toml
	sh tools/venv.sh $(PYTHON)
	$(BIN)/pip install -q --require-hashes -r requirements/dev.lock
	$(BIN)/pip install -q --require-hashes --no-deps -r requirements/data.lock
	$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	touch $@ .venv/demo
