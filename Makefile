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

PROGRAMS := dbb-repo dbb-scan dbb-describe dbb-ingest dbb-why dbb-visits dbb-convert dbb-gen2-scan dbb-windows dbb-efd-fetch dbb-efd-join dbb-efd-load
LIB_SOURCES := $(wildcard lib/*/*.cc)
MAIN_SOURCES := $(wildcard tools/*/main_*.cc)
TOOL_SOURCES := $(filter-out $(MAIN_SOURCES),$(wildcard tools/*/*.cc))
TEST_SOURCES := $(wildcard tests/unit/*/*.cc)

EMBEDDED := $(wildcard lib/*/data/*)
# UNITY=1 compiles the sources of a folder together, in a third of the time; a change then compiles its whole folder.
UNITY ?=
# What computes for long stays by itself, and is optimised in any case.
ALONE := lib/butler/sky_region.cc
objects_of = $(if $(UNITY),$(addsuffix .unity.o,$(sort $(patsubst %/,%,$(dir $(1))))) \
	$(patsubst %.cc,%.o,$(filter $(ALONE),$(1))),$(1:%.cc=%.o))
LIB_OBJECTS := $(addprefix $(BUILD)/obj/,$(call objects_of,$(LIB_SOURCES)) $(EMBEDDED:%=%.o))
TOOL_OBJECTS := $(addprefix $(BUILD)/obj/,$(call objects_of,$(TOOL_SOURCES)))
TEST_OBJECTS := $(addprefix $(BUILD)/obj/,$(call objects_of,$(TEST_SOURCES)) tests/unit/main.o)

all: $(PROGRAMS:%=$(BUILD)/bin/%) $(BUILD)/man/dbb-reasons.7

include mk/rules.mk
include mk/tasks.mk
include mk/fuzz.mk
