# Each target makes its own environment from a bare python3; nothing else is assumed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: benchmarks chromium demo test test-browser test-slow lint format install page docs docs-clean

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $(STAMP)

install: $(STAMP)

demo: $(STAMP)
	$(BIN)/python benchmarks/demo.py --out demo_out

# Takes hours and a quiet machine; appends to benchmarks/results. The peers get an environment of their own.
benchmarks: $(STAMP)
	$(BIN)/python benchmarks/maps.py --n 10000 --out maps.txt
	$(BIN)/python benchmarks/maps.py --n 60000 --out maps.txt
	$(BIN)/python benchmarks/scaling.py --out scaling.txt
	$(BIN)/python benchmarks/scaling.py --steps --out scaling.txt
	$(BIN)/python benchmarks/scaling.py --transform --out scaling.txt
	$(BIN)/python benchmarks/clustering.py --out clustering.txt
	$(BIN)/python benchmarks/clustering.py --alpha --out clustering.txt
	$(BIN)/python benchmarks/clustering.py --scale tenth --out clustering.txt
	$(BIN)/python benchmarks/cluster_loss.py --out clustering.txt
	$(BIN)/python benchmarks/losses.py --out losses.txt
	$(BIN)/python benchmarks/encoders.py --out encoders.txt
	$(BIN)/python benchmarks/digits.py --out digits.txt
	$(BIN)/python benchmarks/memory.py --out memory.txt

test: $(STAMP)
	$(BIN)/python -m pytest -n 2 -m "not slow and not browser"

test-slow: $(STAMP)
	$(BIN)/python -m pytest -m slow

# The page of `iconlearn explore`: Node builds it, and what is built is part of the package.
NODE_STAMP := frontend/node_modules/.installed

$(NODE_STAMP): frontend/package.json frontend/package-lock.json
	cd frontend && npm ci --no-audit --no-fund
	touch $(NODE_STAMP)

page: $(NODE_STAMP)
	cd frontend && npm run build

# The page in a real browser: its own tests, that the built one is current, and a run from the table to an export.
test-browser: $(STAMP) chromium page
	cd frontend && npm test
	git diff --exit-code --stat -- src/iconlearn/explorer/page
	$(BIN)/python -m pytest -m browser tests/browser

chromium:
	@command -v chromium > /dev/null || (apt-get update -qq && apt-get install -qq --yes chromium > /dev/null)

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The documentation: a page a method from real runs, which docs/_cache keeps. Apart from the tests on purpose.
DOCS_STAMP := $(VENV)/.installed-docs

$(DOCS_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev,docs]"
	touch $(DOCS_STAMP)

docs: $(DOCS_STAMP)
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

docs-clean:
	rm -rf docs/_build docs/_cache docs/_generated
