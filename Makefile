# Each target makes its own environment from a bare python3; nothing else is assumed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: benchmarks demo test test-slow lint format install docs docs-clean

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
	$(BIN)/python -m pytest -n 2 -m "not slow"

test-slow: $(STAMP)
	$(BIN)/python -m pytest -m slow

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
