# Two commands matter: `make run` and `make test`. Everything here is safe to run again.
.DEFAULT_GOAL := help
.PHONY: help run build test coverage check bench soak docs measure-stops embed fuzz corpora instructions measure-gateway model bench-metrics fuzz-promql measure-overload measure-guard sim faults measure-audit measure-gate measure-alerts measure-automatic measure-replicas

help: ## What there is to make
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1|/' | column -t -s '|'

run: ## Build release and start the demo; Ctrl-C stops it
	@scripts/setup run
	@scripts/build
	@exec .build/release/breakwater demo $(ARGS)

build: ## Build the release binary
	@scripts/setup run
	@scripts/build

test: ## Every test: Swift, rules, browser
	@scripts/setup test
	@scripts/test

coverage: ## The Swift tests with coverage: covered lines by target
	@scripts/setup test
	@scripts/coverage

check: ## Format, lint, layering, names, documents
	@scripts/check

measure-stops: ## 200 stops under load and 50 kill -9, in figures
	@scripts/setup test
	@scripts/build
	@scripts/measure-stops $(ARGS)

sim: ## Simulated histories of three replicas on one store, and every mutant; HISTORIES=…, SEED=… begins elsewhere
	@SIM_HISTORIES=$(or $(HISTORIES),10000) SIM_SEED=$(or $(SEED),1) swift test --filter SimulationTests | grep -E 'simulation:|✘|Test run with'

faults: ## 320 histories of the real process with faults, each judged; ARGS="--histories …"
	@scripts/setup test
	@swift build --product breakwater 2>&1 | grep -E 'error|Build complete'
	@scripts/faults $(ARGS)

measure-gate: ## What a check at the gate costs, and a hundred million orders against stops, in figures
	@scripts/setup run
	@swift build -c release --static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked --product breakwater-gate-load 2>&1 | grep -E 'error|Compiling|Build complete' | tail -3
	@.build/release/breakwater-gate-load $(ARGS)

measure-audit: ## How fast half a million audit entries are verified and single ones proven, in figures
	@scripts/setup run
	@scripts/build
	@scripts/measure-audit $(ARGS)

model: ## Spin on the halt protocol: as built, and with each rule switched off; ARGS=--full searches to the end
	@scripts/setup model
	@scripts/model $(ARGS)

measure-alerts: ## From a metric that moves to a webhook, with the default configuration
	@scripts/setup test
	@scripts/build
	@scripts/measure-alerts $(ARGS)

measure-automatic: ## From an alert to the stop it calls for, durable, while a demo trades
	@scripts/setup run
	@scripts/build
	@scripts/measure-automatic $(ARGS)

measure-replicas: ## Stops across three processes on one store, one of them frozen, and restarts, in figures
	@scripts/setup run
	@scripts/build
	@scripts/measure-replicas $(ARGS)

measure-overload: ## One greedy tenant of a hundred, stops under ten times the load, restarts under load, in figures
	@scripts/setup bench
	@scripts/build
	@scripts/measure-overload $(ARGS)

measure-guard: ## The response guard: megabytes a second, and the gateway's throughput with and without it
	@scripts/setup bench
	@scripts/build
	@scripts/measure-guard $(ARGS)

bench: ## The gateway beside the proxies installed here: CPU per request, latency, ratios
	@scripts/setup bench
	@scripts/build
	@scripts/bench $(ARGS)
	@scripts/instructions

instructions: ## Instructions per proxied request under callgrind, against their checked-in limit
	@scripts/setup measure
	@scripts/build
	@scripts/instructions

measure-gateway: ## Slow clients, large bodies, idle connections, key rotation under a flood, in figures (ARGS="slow")
	@scripts/setup bench
	@scripts/build
	@scripts/measure-gateway $(ARGS)

corpora: ## The published vectors and attack corpora against the real verifier and parser, in figures
	@scripts/setup test
	@scripts/corpora

fuzz: ## A million tokens and a million request heads under libFuzzer, then the other readers
	@scripts/setup run
	@scripts/fuzz

bench-metrics: ## The metric store beside the Prometheus and VictoriaMetrics installed here: writes, queries, rules, restart
	@scripts/setup bench-metrics
	@scripts/build
	@.build/venv-bench/bin/python scripts/bench-metrics $(ARGS)

fuzz-promql: ## A million mutated queries through parser, printer and engine
	@swift build --build-tests 2>&1 | grep -E 'error|Build complete'
	@BREAKWATER_FUZZ_QUERIES=1000000 swift test --skip-build --filter 'FuzzTests'

soak: ## 1,000 requests a second through the proxy for a minute
	@scripts/setup test
	@scripts/build
	@scripts/soak $(ARGS)

embed: ## Rewrite the table of embedded files after adding or removing one
	@scripts/embed

docs: ## Rewrite the generated references
	@scripts/docs
