# What people ask make to do. None of the targets needs a terminal or stdin.

JOBS = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

.PHONY: all deps demo check check-all interop bench install clean help

deps: ## install the Debian packages that are missing
	@mk/deps.sh

demo: ## make a repository, ingest the raw files of examples/data, show what arrived
	@mk/deps.sh build
	@$(MAKE) --no-print-directory $(JOBS) all
	@PATH='$(abspath $(BUILD))/bin':"$$PATH" examples/demo.sh

check: ## all tests that need no network; the last line sums them up (about a quarter of an hour on 2 processors)
	@mk/deps.sh build check
	@BUILD='$(BUILD)' tests/run_check.sh

check-all: ## everything: check, interop, every stop, fault and meeting, an hour of fuzzing (some hours)
	@rc=0; for target in check interop fuzz; do UBSAN=full $(MAKE) --no-print-directory $$target || rc=1; done; export BUILD='$(BUILD)'; \
	for suite in fault/kill fault/faults concurrency/meet concurrency/threads postgres/check; do tests/$$suite.sh || rc=1; done; \
	tests/run_cli.sh || rc=1; SERVER=1 tests/fault/kill.sh || rc=1; PROGRAM=dbb-convert tests/fault/kill.sh || rc=1; exit $$rc

interop: ## compare with the real Python Butler (downloads it once)
	@mk/deps.sh build interop
	@$(MAKE) --no-print-directory $(JOBS) all '$(BUILD)/tests/interop/converted'
	@BUILD='$(BUILD)' tests/interop/run.sh

bench: ## measure describe, ingest, conversion and telemetry beside their floors
	@mk/deps.sh build bench
	@$(MAKE) --no-print-directory $(JOBS) all
	@$(MAKE) --no-print-directory $(JOBS) $(patsubst bench/%.cc,$(BUILD)/bench/%,$(wildcard bench/*.cc))
	@BUILD='$(BUILD)' bench/run
	@BUILD='$(BUILD)' bench/run_postgres
	@BUILD='$(BUILD)' bench/run_convert
	@BUILD='$(BUILD)' bench/run_efd
	@BUILD='$(BUILD)' bench/run_efd_night
	@BUILD='$(BUILD)' bench/run_efd_load

SHARE = $(DESTDIR)$(PREFIX)/share

install: all ## programs, man pages, completions, examples and licence below $(DESTDIR)$(PREFIX)
	install -d '$(DESTDIR)$(PREFIX)/bin' '$(SHARE)/doc/dbb' '$(SHARE)/bash-completion/completions' \
	  '$(SHARE)/zsh/site-functions' '$(SHARE)/fish/vendor_completions.d'
	install -s -m 755 $(PROGRAMS:%=$(BUILD)/bin/%) '$(DESTDIR)$(PREFIX)/bin'
	install -m 644 LICENSE README.md '$(SHARE)/doc/dbb'
	install -D -m 755 -t '$(SHARE)/doc/dbb/examples' $(filter-out examples/demo.sh,$(wildcard examples/*.sh))
	install -D -m 644 -t '$(SHARE)/doc/dbb/examples/rules' $(wildcard examples/rules/*.yaml)
	for page in $(wildcard man/*.[157]) $(BUILD)/man/dbb-reasons.7; do \
	  install -D -m 644 -t '$(SHARE)'/man/man$${page##*.} $$page || exit 1; done
	umask 022; for program in $(PROGRAMS); do \
	  $(BUILD)/bin/$$program --completion bash > '$(SHARE)'/bash-completion/completions/$$program && \
	  $(BUILD)/bin/$$program --completion zsh > '$(SHARE)'/zsh/site-functions/_$$program && \
	  $(BUILD)/bin/$$program --completion fish > '$(SHARE)'/fish/vendor_completions.d/$$program.fish || exit 1; done

clean: ## remove what was built
	rm -rf -- '$(BUILD)'

help: ## list these targets
	@echo 'make            build the programs in $(BUILD)/bin'
	@sed -nE 's/^([a-z-]+):.* ## (.*)/\1\t\2/p' mk/tasks.mk mk/fuzz.mk | while IFS=$$'\t' read -r target text; do \
	  printf 'make %-10s %s\n' "$$target" "$$text"; done
