# The fuzzer (tests/fuzz). It needs the sanitizers; with COVERAGE the code tells it which branches an input reached.
FUZZ_SOURCES := $(wildcard tests/fuzz/*.cc)
FUZZ_OBJECTS := $(FUZZ_SOURCES:%.cc=$(BUILD)/obj/%.o)
SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=all
COVERAGE := -fsanitize-coverage=trace-pc

$(BUILD)/tests/fuzz: $(FUZZ_OBJECTS) $(BUILD)/libdbb.a
	@mkdir -p $(@D)
	$(CXX) $(ALL_CXXFLAGS) -o $@ $(FUZZ_OBJECTS) $(BUILD)/libdbb.a $(LIBS)

.PHONY: fuzz

fuzz: ## look for inputs that crash, FUZZ_SECONDS long (3600), guided by coverage
	@mk/deps.sh build check
	@$(MAKE) --no-print-directory $(JOBS) BUILD='$(BUILD)/cov' CXXFLAGS='-O1 -g1 -D_GLIBCXX_ASSERTIONS -Wno-maybe-uninitialized' \
	  SANITIZE='$(SANITIZERS) $(COVERAGE)' '$(BUILD)/cov/tests/fuzz'
	@$(MAKE) --no-print-directory $(JOBS) all
	@PROGRAMS='$(abspath $(BUILD))/bin' tests/fuzz/run.sh '$(BUILD)/cov' "$${FUZZ_SECONDS:-3600}" "$${FUZZ_SEED:-1}"
