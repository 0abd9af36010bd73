# Spanreel. `make demo` and `make test` do all their own set-up on a fresh machine.
#
#   make demo [ARGS='--devices 4']   a live distributed inference in the browser, recorded
#   make test                        all tests
#   make install [PREFIX=~/.local]   the command and its page
#   make lint format                 style, checked or applied
#   make torture [SECONDS=600]       kills, faults, damage, power loss, fuzzing, sanitizers: docs/FAULTS.md
#   make bench [ROUNDS=15] [ONLY=emit,seal] [ARGS=--write]   ours beside the peers, against the bars
#   make accept                      the statistical kits; its twenty demos take 8 minutes
SHELL := /bin/bash
PREFIX ?= $(HOME)/.local
ARGS ?=
SECONDS ?= 600

.PHONY: demo test install lint format torture bench accept browser goldens setup clean

setup:
	@Scripts/setup.sh

demo: setup
	@./spanreel demo $(ARGS)

test: setup
	@echo "Building and running the tests; the first build takes about 10 minutes on 2 cores."
	swift test
	@Scripts/page-tests.sh
	cd Benchmarks && python3 -m unittest

install: setup
	@./spanreel --build-only
	install -d "$(PREFIX)/bin" "$(PREFIX)/lib/spanreel"
	install -m 755 "$$(swift build -c release --show-bin-path)/spanreel" "$(PREFIX)/lib/spanreel/spanreel"
	cp -R "$$(swift build -c release --show-bin-path)"/spanreel_*.resources "$(PREFIX)/lib/spanreel/"
	ln -sf ../lib/spanreel/spanreel "$(PREFIX)/bin/spanreel"
	@echo "Installed $(PREFIX)/bin/spanreel"

lint:
	swift format lint --strict --recursive --parallel Sources Tests Benchmarks Package.swift

format:
	swift format --in-place --recursive --parallel Sources Tests Benchmarks Package.swift

# Bash counts a variable of this name for itself: the kit gets it as an argument.
torture: setup
	python3 Tests/Torture/torture.py --seconds $(SECONDS)
	python3 Tests/Torture/planted.py
	./spanreel --build-only
	python3 Tests/Torture/demo.py .build/release/spanreel

bench: setup
	@ROUNDS="$(ROUNDS)" ONLY="$(ONLY)" Benchmarks/run.sh $(ARGS)

accept: setup
	swift test --filter Diff
	SPANREEL_ACCEPT=1 swift test --filter ClockSimulationTests
	./spanreel --build-only
	python3 Tests/Acceptance/bottlenecks.py .build/release/spanreel

browser: setup
	@Scripts/browser.sh

goldens: setup
	@Scripts/goldens.sh

clean:
	rm -rf .build
