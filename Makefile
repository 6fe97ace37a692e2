# What a fresh machine needs: Go (the version in go.mod), git and make.

GO       ?= go
COLLECTOR = dist/iishunt

# The race detector needs a C compiler; where there is none Go says CGO_ENABLED=0.
RACE := $(if $(filter 1,$(shell $(GO) env CGO_ENABLED)),-race)

# The tools have modules of their own, so that their dependencies are not ours.
TOOL = $(GO) tool -modfile="$(CURDIR)/internal/tools/go.mod"
LINT = $(GO) tool -modfile="$(CURDIR)/internal/tools/lint/go.mod" golangci-lint

# Where our code is; dist/ has what ocb writes.
CODE = $(wildcard bench connector exporter internal processor receiver)

# Components that mdatagen generates code for.
GENERATED = $(dir $(wildcard receiver/*/metadata.yaml processor/*/metadata.yaml connector/*/metadata.yaml exporter/*/metadata.yaml))

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: build ## build the collector and hunt through the sample logs
	@$(GO) run ./internal/cmd/demo

# Of hunt: a folder (its .log and .log.gz files, at any depth), a file or a
# pattern; the report to write. They go through the environment, so that blanks
# and quotes in them are no business of the shell. CONFIG is another rule, AGAINST
# one to compare it with.
LOGS    ?=
REPORT  ?= hunt.html
CONFIG  ?= config/hunt.yaml
AGAINST ?=

.PHONY: hunt
hunt: export HUNT_LOGS = $(LOGS)
hunt: export HUNT_REPORT = $(REPORT)
hunt: export HUNT_CONFIG = $(CONFIG)
hunt: export HUNT_AGAINST = $(AGAINST)
hunt: build ## hunt in old logs: make hunt LOGS=<folder or pattern>, writes hunt.html
	@$(GO) build -o bin/hunt ./internal/cmd/hunt # go run would not pass its exit status on
	@bin/hunt -logs "$$HUNT_LOGS" -report "$$HUNT_REPORT" -config "$$HUNT_CONFIG" -against "$$HUNT_AGAINST"

.PHONY: test
test: ## run every test, with the race detector where there is a C compiler
	@$(if $(RACE),,echo "no C compiler: testing without the race detector")
	$(GO) test $(RACE) ./...
	cd internal/e2e && $(GO) test $(RACE) ./...

# Of test-crash: how often the Collector dies.
KILLS ?= 100

.PHONY: test-crash
test-crash: build ## kill the built collector again and again, and compare what it finds with an oracle
	$(GO) run ./internal/cmd/crash -collector $(COLLECTOR) -kills $(KILLS)

# Of test-transit: how long edge and gateway run.
LENGTH ?= 60s

.PHONY: test-transit
test-transit: build ## run edge and gateway with a bad network between them, and compare what they find with an oracle
	$(GO) run ./internal/cmd/crash -collector $(COLLECTOR) -transit $(LENGTH)
	$(GO) run ./internal/cmd/crash -collector $(COLLECTOR) -transit $(LENGTH) -lossy

BROWSERTEST = exporter/huntreportexporter/browsertest

.PHONY: test-browser
test-browser: ## test the hunt report in Chromium (needs node, npm and a Chromium)
	$(GO) run ./$(BROWSERTEST) -out $(BROWSERTEST)/out
	cd $(BROWSERTEST) && npm ci --silent --no-audit --no-fund && npm test

.PHONY: build
build: ## build the distribution, dist/iishunt, with ocb
	$(TOOL) builder --config builder-config.yaml

.PHONY: validate
validate: build ## let the built collector validate every file in config/
	@for f in config/*.yaml; do \
		echo "validate $$f"; $(COLLECTOR) validate --config "$$f" || exit 1; done

.PHONY: ocb-check
ocb-check: ## build the README's manifest, and one with Kafka and ClickHouse, from an empty folder
	$(GO) build -modfile=internal/tools/go.mod -o bin/ocb go.opentelemetry.io/collector/cmd/builder
	testdata/ocb/check.sh "$(CURDIR)" "$(CURDIR)/bin/ocb"

.PHONY: windows
windows: build ## cross-compile components, tests and distribution for windows/amd64
	GOOS=windows GOARCH=amd64 $(GO) vet ./...
	cd dist && GOOS=windows GOARCH=amd64 CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-s -w' -o iishunt.exe .

.PHONY: generate
generate: ## regenerate everything that mdatagen writes from metadata.yaml
	@for d in $(GENERATED); do \
		echo "mdatagen $$d"; (cd "$$d" && $(TOOL) mdatagen metadata.yaml) || exit 1; done

.PHONY: fmt
fmt: ## format the code: gofumpt, and the order of imports
	$(LINT) fmt $(CODE)

.PHONY: fmt-check
fmt-check: ## fail if a file is not formatted
	@files=$$($(TOOL) gofumpt -l $(CODE)) && { [ -z "$$files" ] || \
		{ printf 'not formatted (make fmt does it):\n%s\n' "$$files"; exit 1; }; }

.PHONY: lint
lint: ## run golangci-lint on every module
	$(LINT) run
	cd internal/e2e && $(LINT) run --config "$(CURDIR)/.golangci.yml"

# Of bench: log lines, the files they are in, header changes in each, runs.
LINES      ?= 1000000
FILES      ?= 1
HEADERS    ?= 0
RUNS       ?= 3
BENCH_ARGS ?=

.PHONY: bench
bench: ## measure side by side with what is used today, into bench/README.md
	@mkdir -p bench/out/duckdb
	$(TOOL) builder --config bench/builder-config.yaml
	@cp bench/duckdb/package.json bench/duckdb/package-lock.json bench/duckdb/hunt.mjs bench/out/duckdb/
	@cd bench/out/duckdb && npm install --no-save --silent || echo "DuckDB is left out: npm or its package @duckdb/node-api is missing"
	$(GO) build -o bench/out/bench ./bench
	bench/out/bench generate -lines $(LINES) -files $(FILES) -headers $(HEADERS)
	bench/out/bench measure -runs $(RUNS) $(BENCH_ARGS)

.PHONY: bench-rank
bench-rank: ## at which rank are invented attacks, and what does each signal add? into docs/ranking.md
	$(GO) run ./bench/rank

# Of bench-compare: the commit to compare with, how often each benchmark runs,
# which ones.
BASE  ?=
COUNT ?= 6
BENCH ?= .
MICRO  = internal/w3c internal/rule internal/engine internal/rareclient receiver/iislogreceiver

.PHONY: bench-baseline
bench-baseline: ## micro-benchmarks of now into bench/baseline.txt
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) -p 1 $(addprefix ./,$(MICRO)) >bench/baseline.txt

.PHONY: bench-compare
bench-compare: ## micro-benchmarks at BASE=commit and now, with benchstat
	@[ -n "$(BASE)" ] || { echo "name the commit to compare with: make bench-compare BASE=main"; exit 1; }
	@rm -rf bench/out/base && mkdir -p bench/out/base
	git archive "$(BASE)" | tar -x -C bench/out/base
	cd bench/out/base && $(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) -p 1 $$(for d in $(MICRO); do [ ! -d $$d ] || echo ./$$d; done) >../base.txt
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) -p 1 $(addprefix ./,$(MICRO)) >bench/out/now.txt
	@$(GO) tool -modfile=bench/tools/go.mod benchstat BASE=bench/out/base.txt now=bench/out/now.txt
