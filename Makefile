# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   make demo             build all, boot the lab, and show a guest move with
#                         its vHBAs
#   make check            the tests: libvirt's own and ours, and the lab's scenarios
#   make fuzz             bad input, an hour for each of five targets
#                         (FUZZ_SECONDS=N for N seconds)
#   make bench            measure what has a speed, next to the alternative
#   make bench-quick      rows 1, 2 and 4 of it, with fewer and smaller samples,
#                         and without a build of the bare release
#   make lab              build all and the lab's images
#   make deb              build all, and pack it as a Debian package in build/deb
#   make base-9.0.0       carry the stack to another release, one of bases/
#   make series OUT=DIR   write the complete, numbered series into DIR
#   make clean            remove build/, where all of the above is
#
# and the steps on the way: deps fetch import configure compile install pristine.
# Longer checks: check-long (the model with more faults, every scenario in full,
# and the three that follow: hours), fuzz, check-sanitized and check-valgrind (our
# unit tests with an eye on memory), check-sanitized-lab (the same of the daemons,
# while they play SCENARIO in the lab), check-series-full (each patch of the series
# compiles and passes the tests, and it can be carried to the other bases),
# check-hooks (each hook is guarded by a test).

ifneq ($(words $(CURDIR)),1)
$(error make cannot work in '$(CURDIR)', whose name has a blank; move the tree to a place without one)
endif

SHELL := /bin/sh
# The system's own tools, above all its python3: the packages are for it.
export PATH := /usr/sbin:/usr/bin:/sbin:/bin
# All that is made is in build/.
export PYTHONDONTWRITEBYTECODE := 1
# ccache, where there is one, then shares objects between build folders; in a
# cache of its own, unless the user has one already.
export CCACHE_BASEDIR := $(CURDIR)/build
export CCACHE_NOHASHDIR := 1
ifndef CCACHE_DIR
ifneq ($(shell test -w "$$(ccache -k cache_dir 2>/dev/null)" && echo usable),usable)
export CCACHE_DIR := $(CURDIR)/build/ccache
endif
endif

OUT = build/series
FUZZ_SECONDS = 3600
SCENARIO = handover
SRC = build/libvirt
OBJ = build/obj
ROOT = build/root
CONFIGURED = $(OBJ)/build.ninja
BASES = $(notdir $(patsubst %/,%,$(dir $(wildcard bases/*/UPSTREAM))))

.PHONY: demo check bench bench-quick deb lab series clean \
        deps fetch import configure compile install pristine \
        check-long check-series-full check-hooks \
        deps-long fuzz check-sanitized check-valgrind check-sanitized-lab
.NOTPARALLEL:
.DELETE_ON_ERROR:

compile: import $(CONFIGURED)
	ninja -C $(OBJ)

deps:
	build-aux/install-packages build-aux/packages $(wildcard lab/packages)

fetch: deps
	build-aux/fetch-upstream

import: fetch
	build-aux/import-series

configure: $(CONFIGURED)

$(CONFIGURED): build-aux/configure | import
	rm -rf $(OBJ)
	build-aux/configure $(SRC) $(OBJ)

# meson tells which files are older than what is installed.
install: compile
	DESTDIR=$(CURDIR)/$(ROOT) meson install -C $(OBJ) \
	    --no-rebuild --only-changed --quiet

lab: install
	lab/lab build

demo: lab
	lab/demo

deb: install
	build-aux/install-packages build-aux/packages-deb
	build-aux/build-deb $(ROOT) build/deb

# The release without the patches, as far as scenarios compare with it.
pristine: fetch
	build-aux/build-pristine

check: lab pristine
	build-aux/check

check-long: lab pristine deps-long
	model/check --long
	build-aux/check packaging docs fuzz sanitized valgrind
	LAB_FULL=1 build-aux/check scenarios

deps-long: deps
	build-aux/install-packages build-aux/packages-long

fuzz: compile deps-long
	fuzz/fuzz --seconds $(FUZZ_SECONDS)

check-sanitized: import
	build-aux/check sanitized

check-valgrind: compile deps-long
	build-aux/check valgrind

check-sanitized-lab: import
	build-aux/check-memory sanitized --install
	lab/sanitized $(SCENARIO)

bench: lab pristine
	bench/bench

bench-quick: lab
	bench/bench --quick

series: fetch
	build-aux/import-series --full "$(OUT)"

base-%: fetch
	build-aux/carry --build v$*

check-series-full: fetch
	build-aux/check-series
	build-aux/check-packaging
	set -e; for base in $(BASES); do build-aux/carry $$base; done
	build-aux/walk-series

check-hooks: deps-long fetch
	build-aux/check-hooks

clean:
	set -e; for lab in build/lab build/sanitized/lab; do \
	    test ! -d $$lab || LAB_BUILD=$$lab lab/lab down --all; \
	done
	rm -rf build
