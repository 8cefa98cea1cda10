# Two commands matter: `make run` and `make test`. Everything here is safe to run again.
.DEFAULT_GOAL := help
.PHONY: help run build test coverage check bench soak docs measure-stops measure-alerts embed model

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

model: ## Spin on the halt protocol: as built, and with each rule switched off; ARGS=--full searches to the end
	@scripts/setup model
	@scripts/model $(ARGS)

measure-alerts: ## From a metric that moves to a webhook, with the default configuration
	@scripts/setup test
	@scripts/build
	@scripts/measure-alerts $(ARGS)

bench: ## The gateway beside the proxies installed here: CPU per request, latency, ratios
	@scripts/setup bench
	@scripts/build
	@scripts/bench --instructions $(ARGS)

soak: ## 1,000 requests a second through the proxy for a minute
	@scripts/setup test
	@scripts/build
	@scripts/soak $(ARGS)

embed: ## Rewrite the table of embedded files after adding or removing one
	@scripts/embed

docs: ## Rewrite the generated references
	@scripts/docs
