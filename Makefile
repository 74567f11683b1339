# Two doors: `make demo` shows the tool on a recorded cluster and on a live loop in the sandbox, `make test` checks everything.
# Both build a virtual environment first and need nothing but Python 3.11 or newer.
PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
# Where the files of all releases will be; it stands in the manifest for krew.
ADDRESS ?=
CONTAINER ?= podman
VERSION  = $$($(BIN)/python -c 'import cosictl; print(cosictl.__version__)')

.PHONY: demo test bench bench-cluster golden completions docs stubs screenshot dist image clean

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --config-settings editable_mode=compat --editable '.[sandbox]'
	@touch $@

$(VENV)/.installed-dev: pyproject.toml $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --config-settings editable_mode=compat --editable '.[dev,dist]'
	@touch $@

demo: $(VENV)/.installed
	@$(BIN)/python -m cosictl.demo

test: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest --numprocesses=auto --dist=loadfile --no-loadscope-reorder

# Figures are also written to bench.json; AGAINST=FILE compares them with earlier ones.
bench: $(VENV)/.installed-dev
	$(BIN)/python -m tests.bench --json bench.json $(if $(AGAINST),--against $(AGAINST))

# On the cluster of KUBECONFIG, in namespaces of its own, beside kubectl; without one on the sandbox. It fills, measures
# and empties a cluster of each size in CLAIMS, which takes half an hour; figures go to bench-cluster.json.
CLAIMS ?= 10000 100000
bench-cluster: $(VENV)/.installed-dev
	$(BIN)/python -m tests.bench.live --claims $(CLAIMS) --json bench-cluster.json $(if $(AGAINST),--against $(AGAINST))

golden: $(VENV)/.installed-dev
	$(BIN)/pytest tests/test_golden.py --update-golden

completions: $(VENV)/.installed
	for shell in bash zsh fish kubectl; do $(BIN)/cosictl completion $$shell > completions/$$($(BIN)/python -m cosictl.cli.completion_names $$shell); done

# Pages of findings, policies and commands in docs/, and the manual pages in man/.
docs: $(VENV)/.installed
	$(BIN)/python -m tests.docs

stubs: $(VENV)/.installed-dev
	$(BIN)/python -m tests.stubs

# Packages, single-file archive, krew plugin and checksums of this checkout, for this machine's Python and platform.
dist: $(VENV)/.installed-dev
	$(BIN)/python -m release $(if $(ADDRESS),--address $(ADDRESS))

image: $(VENV)/.installed
	$(CONTAINER) build --file Containerfile --tag cosictl:$(VERSION) --build-arg VERSION=$(VERSION) --build-arg REVISION=$$(git rev-parse HEAD) .

# Needs Debian's chromium, or another one.
screenshot: $(VENV)/.installed-dev
	$(BIN)/python -m tests.screenshot docs/report.png

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
