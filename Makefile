# The four things people do here. Each installs what it needs first; nothing outside .build changes,
# except for missing Debian packages.

SHELL := /bin/bash
.DEFAULT_GOAL := help
BINARY := .build/release/pillion
RELEASE := swift build -c release --static-swift-stdlib --product pillion
SOURCES := Sources Tests Package.swift

.PHONY: help build demo test integration bench allocations format lint fuzz clean

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

build: ## Build the release binary, one file: .build/release/pillion
	@scripts/install.sh build
	$(RELEASE)

demo: ## See a sidecar carry real requests to a real app, in a minute.
	@scripts/install.sh demo
	$(RELEASE)
	@scripts/demo.sh $(BINARY)

test: ## Everything that must hold: format, unit tests, binary checks, integration tests.
	@.ci/test

integration: build ## The integration tests alone; T='-k retries' selects some.
	@scripts/install.sh test
	.build/venv/bin/pytest -c IntegrationTests/pytest.ini -n 2 IntegrationTests $(T)

bench: build ## Cost per request beside HAProxy, nginx and Envoy, with pass or fail.
	@scripts/install.sh bench
	@scripts/bench.sh $(BINARY) --rounds 3 $(B)

allocations: build ## Memory allocations per request at steady state.
	@scripts/install.sh bench
	.build/venv/bin/python Benchmarks/allocations.py --pillion $(BINARY)

format: ## Rewrite the Swift sources in the project's format.
	swift format --in-place --parallel --recursive $(SOURCES)

lint: ## Fail where a source differs from the project's format or rules.
	swift format lint --strict --parallel --recursive $(SOURCES)

fuzz: ## Fuzz the HTTP/1.1 parsers for a minute; S=3600 for an hour.
	@scripts/install.sh build
	@Fuzz/run.sh $(or $(S),60)

clean: ## Remove everything that was built.
	rm -rf .build
