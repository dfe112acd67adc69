# `make help` lists the targets. The targets install everything they need beyond Rust and Python 3, into .venv and target.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

DATA ?= tests/fixtures/iot23-34-1
VENV := .venv
TOOLS := $(VENV)/.installed
BENCH_VENV := target/bench/venv
BENCH_TOOLS := $(BENCH_VENV)/.installed
export AWS_DEFAULT_REGION ?= us-east-1
export SAM_CLI_TELEMETRY := 0

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## Detect anomalies in the bundled flow logs, or in yours: make run DATA=folder
	cargo run --quiet --package weir -- detect $(DATA)

.PHONY: check
check: lint test ## Run what CI runs: lint, then test

.PHONY: lint
lint: $(TOOLS) ## Check formatting, clippy without warnings, and the template
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- --deny warnings
	$(VENV)/bin/cfn-lint template.yaml
	$(VENV)/bin/sam validate --lint --template template.yaml

.PHONY: test
test: $(TOOLS) ## Run all tests: unit, property and contract tests, and the pipeline end to end on a simulated AWS
	cargo build --workspace --all-targets
	cargo test --workspace
	$(VENV)/bin/pytest --quiet tests/e2e

.PHONY: bench
bench: $(BENCH_TOOLS) ## Measure speed: every format, the forests, reading against gunzip and pandas, a million rows to findings
	cargo bench --package weir-ingest --package weir-model
	cargo build --release --package weir
	$(MAKE) --no-print-directory bench-reading
	time target/release/weir preprocess target/bench/million.log.gz --store target/bench/store
	time target/release/weir detect target/bench/million.log.gz

.PHONY: bench-reading
bench-reading: $(BENCH_TOOLS) ## Measure only reading against gunzip and pandas, with its target values
	cargo build --release --package weir-ingest --example reading
	python3 tests/bench/reading.py --reading target/release/examples/reading --python $(BENCH_VENV)/bin/python \
		--folder target/bench

.PHONY: bench-memory
bench-memory: $(BENCH_TOOLS) ## Check bounded memory: weir inspect on 2 GB of every format (writes 3 GB, takes minutes)
	cargo build --release --package weir
	python3 tests/bench/memory.py --weir target/release/weir --python $(BENCH_VENV)/bin/python --folder target/bench

TRUTHS ?=
.PHONY: bench-detection
bench-detection: ## Measure detection on ten simulated networks, and on labelled logs: TRUTHS="FOLDER…"
	cargo build --workspace
	python3 tests/bench/detection.py target/debug/weir $(TRUTHS)

SECONDS_EACH ?= 600
CARGO_FUZZ := target/tools/bin/cargo-fuzz
FUZZED ?= $(notdir $(basename $(wildcard fuzz/fuzz_targets/*.rs)))

.PHONY: fuzz
fuzz: $(CARGO_FUZZ) ## Fuzz the readers with libFuzzer, SECONDS_EACH=600 per target
	$(CARGO_FUZZ) fuzz build --sanitizer none --target-dir target/fuzz
	fuzz/run.sh $(SECONDS_EACH) target/fuzz/runs $(FUZZED)

$(CARGO_FUZZ):
	cargo install --root target/tools --locked cargo-fuzz

.PHONY: functions
functions: $(TOOLS) ## Build the Lambda functions for this machine, as `sam build` does for AWS
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" cargo lambda build --release --bin preprocess --bin score --bin publish

.PHONY: deploy
deploy: $(TOOLS) ## Build and deploy to the AWS account of your credentials (asks for the parameters)
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" sam build
	$(VENV)/bin/sam deploy --guided

.PHONY: format
format: ## Format all code
	cargo fmt --all

.PHONY: clean
clean: ## Remove everything that was built or installed
	cargo clean
	rm -rf $(VENV) .aws-sam

$(TOOLS): tests/requirements.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

$(BENCH_TOOLS): tests/bench/requirements.txt
	mkdir -p target/bench
	python3 -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@
