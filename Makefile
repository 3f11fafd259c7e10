# Build, test and install dbb. `make help` lists the targets.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

VERSION := 0.1.0
BUILD ?= build
PREFIX ?= /usr/local
CXX := g++
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion
# Contracted multiply-add would change the last bit of translated angles and times.
CXXFLAGS ?= -O2 -g1
ALL_CXXFLAGS := -std=c++20 $(WARNINGS) $(CXXFLAGS) $(SANITIZE) -ffp-contract=off -pthread \
	-Ilib -Itools -Itests -isystem /usr/include/cfitsio -isystem /usr/include/postgresql -DDBB_VERSION='"$(VERSION)"' \
	-DSPDLOG_COMPILED_LIB -DSPDLOG_FMT_EXTERNAL
LIBS := -Wl,--as-needed -lsimdjson -lyaml-cpp -lspdlog -lfmt -lcfitsio -lsqlite3 -lerfa -ldate-tz -lcrypto -lb2 -lz -lzip -lpq

PROGRAMS := dbb-repo dbb-scan dbb-describe dbb-ingest dbb-why dbb-visits dbb-convert dbb-gen2-scan
LIB_SOURCES := $(wildcard lib/*/*.cc)
MAIN_SOURCES := $(wildcard tools/*/main_*.cc)
TOOL_SOURCES := $(filter-out $(MAIN_SOURCES),$(wildcard tools/*/*.cc))
TEST_SOURCES := $(wildcard tests/unit/*/*.cc)

EMBEDDED := $(wildcard lib/*/data/*)
LIB_OBJECTS := $(LIB_SOURCES:%.cc=$(BUILD)/obj/%.o) $(EMBEDDED:%=$(BUILD)/obj/%.o)
TOOL_OBJECTS := $(TOOL_SOURCES:%.cc=$(BUILD)/obj/%.o)
TEST_OBJECTS := $(TEST_SOURCES:%.cc=$(BUILD)/obj/%.o)

all: $(PROGRAMS:%=$(BUILD)/bin/%) $(BUILD)/man/dbb-reasons.7

include mk/rules.mk
include mk/tasks.mk
include mk/fuzz.mk
