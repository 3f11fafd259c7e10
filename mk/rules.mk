# How files are made from files.

$(BUILD)/obj/%.o: %.cc
	@mkdir -p $(@D)
	$(CXX) $(ALL_CXXFLAGS) -MMD -MP -c -o $@ $<

# Made again whenever a source is newer, but another file only when the folder has others: what is compiled goes by the sources.
$(BUILD)/obj/%.unity.cc: $(LIB_SOURCES) $(TOOL_SOURCES) $(TEST_SOURCES)
	@mkdir -p $(@D)
	@printf '#include "%s"\n' $(filter-out $(MAIN_SOURCES) $(ALONE),$(wildcard $*/*.cc)) | sed 's|"|"$(CURDIR)/|' > $@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
.PRECIOUS: $(BUILD)/obj/%.unity.cc

$(BUILD)/obj/%.unity.o: $(BUILD)/obj/%.unity.cc
	$(CXX) $(ALL_CXXFLAGS) -MMD -MP -c -o $@ $<

ifneq ($(UNITY),)
$(ALONE:%.cc=$(BUILD)/obj/%.o): ALL_CXXFLAGS += -O1
endif

# Tests need not be fast, and the optimiser takes most of the time that they take to compile.
$(BUILD)/obj/tests/%.o: ALL_CXXFLAGS += -O0
# It is Catch2's.
$(BUILD)/obj/tests/unit/main.o: SANITIZE :=

# A data file becomes an object with the symbols dbb_data_<name>_start and _end, <name> being the file's name with
# every character that is no letter or digit turned into an underscore.
$(BUILD)/obj/lib/%.o: lib/%
	@mkdir -p $(@D)
	@symbol=dbb_data_$$(basename '$<' | tr -c 'A-Za-z0-9\n' '_'); \
	printf '.section .rodata\n.global %s_start\n.global %s_end\n%s_start:\n.incbin "%s"\n%s_end:\n.byte 0\n.section .note.GNU-stack,"",%%progbits\n' \
	  "$$symbol" "$$symbol" "$$symbol" '$<' "$$symbol" > $@.s
	$(CXX) -c -o $@ $@.s

$(BUILD)/libdbb.a: $(LIB_OBJECTS) $(TOOL_OBJECTS)
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/bin/%: $(BUILD)/libdbb.a
	@mkdir -p $(@D)
	$(CXX) $(ALL_CXXFLAGS) -o $@ $(BUILD)/obj/$(MAIN_OF_$*).o $(BUILD)/libdbb.a $(LIBS)

define program_rule
MAIN_OF_$(1) := $(basename $(wildcard tools/*/main_$(subst -,_,$(1)).cc))
$(BUILD)/bin/$(1): $(BUILD)/obj/$(basename $(wildcard tools/*/main_$(subst -,_,$(1)).cc)).o
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rule,$(p))))

$(BUILD)/tests/unit: $(TEST_OBJECTS) $(BUILD)/libdbb.a
	@mkdir -p $(@D)
	$(CXX) $(ALL_CXXFLAGS) -o $@ $(TEST_OBJECTS) $(BUILD)/libdbb.a $(LIBS)

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

# Floors that bench/run measures beside the programs.
$(BUILD)/bench/%: bench/%.cc $(BUILD)/libdbb.a
	@mkdir -p $(@D)
	$(CXX) $(ALL_CXXFLAGS) -o $@ $< $(BUILD)/libdbb.a $(LIBS)

# What make interop runs beside the programs.
$(BUILD)/tests/interop/%: tests/interop/%.cc $(BUILD)/libdbb.a
	@mkdir -p $(@D)
	$(CXX) $(ALL_CXXFLAGS) -o $@ $< $(BUILD)/libdbb.a $(LIBS)

# The page of all reasons comes out of the code; a reason without a test stops the build here.
$(BUILD)/man/dbb-reasons.7: mk/make_reasons.sh man/dbb-reasons.7.in tests/data/reasons.txt $(BUILD)/bin/dbb-why
	@mkdir -p $(@D)
	mk/make_reasons.sh $(BUILD)/bin/dbb-why man/dbb-reasons.7.in tests/data/reasons.txt > $@
