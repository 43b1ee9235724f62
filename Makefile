# yizhan: `make demo` shows it, `make check` tests it, `make deps` installs what
# they need. V=1 shows the commands. SAN=1 builds with the sanitizers.

VERSION := 0.1.0
CC ?= gcc
B ?= build$(if $(SAN),-san)
PREFIX ?= /usr
# The first python3 that has pytest; Debian's own does.
PYTHON ?= $(firstword $(foreach p,python3 /usr/bin/python3,$(shell \
	$(p) -c 'import pytest' 2>/dev/null && echo $(p))) /usr/bin/python3)
DESTDIR ?=
Q := $(if $(V),,@)

PKGS := libuv sqlite3 libcurl zlib libmicrohttpd gnutls jansson libsodium \
	libseccomp
DEBS := build-essential pkg-config libuv1-dev libsqlite3-dev \
	libcurl4-openssl-dev zlib1g-dev libmicrohttpd-dev libgnutls28-dev \
	libjansson-dev libinih-dev libsodium-dev libseccomp-dev \
	libcmocka-dev python3-pytest openssl procps

comma := ,
WARN := -Wall -Wextra -Wshadow -Wconversion -Werror
OPT := $(if $(SAN),-O1 -fsanitize=address$(comma)undefined \
	-fno-sanitize-recover=all -fno-omit-frame-pointer \
	-Wno-format-truncation,-O2)
CPPFLAGS += -I. -D_GNU_SOURCE -DYIZHAN_VERSION='"$(VERSION)"' \
	$(if $(SAN),-DYZ_SANITIZED)
CFLAGS += -std=c11 -g $(OPT) $(WARN) -fstack-protector-strong \
	-ffile-prefix-map=$(CURDIR)=.
LDFLAGS += $(if $(SAN),-fsanitize=address$(comma)undefined) -Wl,-z,relro,-z,now
LDLIBS += $(shell pkg-config --libs $(PKGS) 2>/dev/null) -linih

PROTO := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard proto/*.c))) \
	$(B)/proto/dictionary.o
STORE := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard store/*.c))) \
	$(B)/store/schema.o
DAEMON := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard daemon/*.c)))
TESTS := $(patsubst tests/%.c,$(B)/tests/%,$(sort $(wildcard tests/test_*.c)))
# Everything but main, so that a test links what it uses.
LIB := $(B)/libyizhan.a
# The simulator's parts without its main, likewise.
SIM := $(patsubst %.c,$(B)/%.o,$(filter-out tests/sim/main.c,\
	$(sort $(wildcard tests/sim/*.c))))
SIMLIB := $(B)/libsim.a

# Fuzzers have a build of their own, by clang.
FUZZ := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(sort $(wildcard tests/fuzz/*.c)))
FUZZ_HELP := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard tests/fuzz/help/*.c)))
FUZZ_OPT := -O1 -fsanitize=fuzzer-no-link$(comma)address$(comma)undefined \
	-fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZ_MAKE := +$(MAKE) --no-print-directory CC=clang-14 B=build-fuzz \
	OPT='$(FUZZ_OPT)'

.PHONY: sim coverage all demo check unit e2e rules deps ready bench bench-wire soak install clean tidy \
	fuzz fuzz-smoke fuzz-corpus fuzzers
.DELETE_ON_ERROR:
.SECONDARY:

all: $(B)/yizhan

$(B)/yizhan: $(PROTO) $(STORE) $(DAEMON)
	@echo "  LD    $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/%.o: %.c | ready
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/store/schema.c: store/schema.sql
	@mkdir -p $(@D)
	$(Q){ echo 'extern const char store_schema[];'; \
	  echo 'const char store_schema[] ='; \
	  sed -e 's/--.*//' -e 's/[[:space:]]*$$//' -e '/^$$/d' \
	      -e 's/.*/"&\\n"/' $<; echo ';'; } > $@

# The dictionary of terse batches, made by tests/dictionary.py.
$(B)/proto/dictionary.c: proto/dictionary-1.bin
	@mkdir -p $(@D)
	$(Q){ echo '#include "proto/terse.h"'; \
	  echo 'static const unsigned char made[] = {'; \
	  od -An -v -tu1 $< | sed 's/ *\([0-9][0-9]*\)/\1,/g'; echo '};'; \
	  echo 'struct bytes dictionary_built(void)'; \
	  echo '{ return bytes_of(made, sizeof made); }'; } > $@

$(B)/proto/dictionary.o: $(B)/proto/dictionary.c
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(B)/store/schema.o: $(B)/store/schema.c
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(LIB): $(PROTO) $(STORE) $(filter-out $(B)/daemon/main.o,$(DAEMON))
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/yz-sim: $(B)/tests/sim/main.o $(SIMLIB) $(LIB)
	@echo "  LD    $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(SIMLIB): $(SIM)
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/tests/%: tests/%.c $(SIMLIB) $(LIB)
	@mkdir -p $(@D)
	@echo "  TEST  $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP $(LDFLAGS) -o $@ $< $(SIMLIB) \
	  $(LIB) $(LDLIBS) -lcmocka

-include $(wildcard $(B)/*/*.d $(B)/*/*/*.d)

# ---- the two commands ----

demo: $(B)/yizhan
	$(Q)$(B)/yizhan demo $(if $(FOR),--for $(FOR))

check: all rules unit sim e2e

unit: $(TESTS)
	$(Q)$(if $(SAN),YZ_STRIDE=$${YZ_STRIDE:-12}; export YZ_STRIDE;) \
	  for t in $(TESTS); do echo "== $$t"; $$t || exit 1; done

# Terse batches from outside the tests: at random, measured, dictionaries.
$(B)/terse: tests/bench/terse.c $(LIB)
	@echo "  LD    $@"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP $(LDFLAGS) -o $@ $< $(LIB) \
	  $(LDLIBS) -lcmocka

e2e: $(B)/yizhan $(B)/terse
	$(Q)$(if $(SAN),YZ_MEMBERS=1000 YZ_EDITS=4000 YZ_ROUNDS=5) \
	  YZ_BIN=$(CURDIR)/$(B)/yizhan $(PYTHON) -m pytest -q -x tests/e2e

# A page of somebody else's in a real browser; also part of e2e where there is one.
.PHONY: browser
browser: $(B)/yizhan
	$(Q)YZ_BIN=$(CURDIR)/$(B)/yizhan $(PYTHON) -m pytest -q -x -rs \
	  tests/e2e/test_browser.py

rules: $(PROTO) $(STORE) $(DAEMON)
	$(Q)B=$(B) sh tests/rules.sh

bench: $(B)/yizhan
	$(Q)$(PYTHON) tests/bench/bench.py --yizhan $(B)/yizhan

# Bytes a line on the wire, beside what else one could use.
bench-wire: $(B)/terse $(B)/yizhan
	$(Q)$(PYTHON) tests/bench/lines.py --tool $(B)/terse
	$(Q)YZ_BIN=$(CURDIR)/$(B)/yizhan $(PYTHON) tests/bench/news.py

# What becomes of each second of a bad line. Takes half an hour, and wants a
# machine that has nothing else to do.
.PHONY: bench-line
bench-line: $(B)/yizhan
	$(Q)$(PYTHON) tests/bench/line.py --yizhan $(B)/yizhan

# Three hundred stations that come back to one hub at once.
.PHONY: bench-herd
bench-herd: $(B)/yizhan
	$(Q)YZ_BIN=$(CURDIR)/$(B)/yizhan $(PYTHON) tests/bench/herd.py

# MINUTES of new seeds, then what is drawn at random on the real binaries. The
# table is for tests/README.md.
MINUTES ?= 60
SEED ?= $(shell date +%s)
soak: $(B)/yizhan $(B)/yz-sim
	$(Q)$(SIM_RUN) --seeds $(SEED)-$$(($(SEED) + 10000000)) --all --table \
	  --minutes $(MINUTES)
	$(Q)YZ_ROUNDS=200 YZ_KILLS=1000 YZ_STRIDE=1 \
	  YZ_BIN=$(CURDIR)/$(B)/yizhan $(PYTHON) -m pytest -q -x \
	  $(addprefix tests/e2e/test_,crash.py kills.py cuts.py rot.py \
	    memory_gone.py)

# A county on virtual time, disks and lines: what is drawn, and what failed, is
# told. A failing seed is shrunk to a schedule for --replay.
SEEDS ?= $(if $(SAN),1-20,1-200)
COMMIT := $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)
SIM_RUN = $(B)/yz-sim --stations 10 --days 3 --jobs 2 --commit $(COMMIT) \
	--save $(B)/failed.sim
sim: $(B)/yz-sim
	$(Q)for f in tests/sim/stories/*.sim; do \
	  $(B)/yz-sim --replay $$f || exit 1; done
	$(Q)$(SIM_RUN) --seeds $(SEEDS)

# The same seeds by two compilers: the same histories, to the last bit. And each
# again under other clocks: the same register.
.PHONY: sim-twice night
sim-twice:
	+$(Q)$(MAKE) --no-print-directory B=build build/yz-sim
	+$(Q)$(MAKE) --no-print-directory CC=clang-14 B=build-clang \
	  build-clang/yz-sim
	$(Q)for b in build build-clang; do \
	  $(SIM_RUN:$(B)/%=$$b/%) --seeds $(SEEDS) >$$b/sim.log || \
	    { cat $$b/sim.log; exit 1; }; sed 's/.*traces/traces/' $$b/sim.log \
	    >$$b/sim.traces; cat $$b/sim.log; done
	$(Q)cmp build/sim.traces build-clang/sim.traces
	$(Q)$(SIM_RUN) --seeds $(SEEDS) --twice

# What is too long for every day: two compilers, two months without a stop, and
# every kind of fault and every place worth reaching must have been come by.
night: sim-twice
	$(Q)$(SIM_RUN) --seeds 1-12 --days 60 --stations 3 --saves 4
	$(Q)$(SIM_RUN) --seeds 1001-3000 --marks --require-marks

# Branch coverage of proto, store, core and conversation by units, stories and a
# few counties of the simulator, which are replayed, as what it draws runs in
# processes that end without a count. What it finds is not asked here.
COVERED := $(MAKE) --no-print-directory B=build-coverage \
	CFLAGS='-std=c11 -g -O0 --coverage' LDFLAGS=--coverage

coverage:
	$(Q)rm -rf build-coverage
	$(Q)YZ_STRIDE=1 $(COVERED) unit build-coverage/yz-sim >/dev/null
	$(Q)cd build-coverage && for s in 1 2 3 4 5 6 7 8; do \
	  ./yz-sim --seed $$s --stations 6 --days 2 --draw >seed && \
	  ./yz-sim --replay seed >/dev/null || true; done
	$(Q)$(PYTHON) tests/coverage.py build-coverage --least 93

# A station that is enrolled and hostile, for long; a short run is in `unit`.
# SEED repeats one.
TRIES ?= 100000
.PHONY: hostile
hostile: $(B)/tests/test_hostile
	$(Q)$(B)/tests/test_hostile --tries $(TRIES) --seed $(SEED)

# Deliberate bugs, each of which a test must catch.
.PHONY: mutants
mutants: ready
	$(Q)$(PYTHON) tests/mutate.py

# ---- fuzzing ----

# TIME seconds for each target, two at a time; TARGETS= for some of them.
TIME ?= 60
TARGETS ?= $(filter-out seeds,$(patsubst tests/fuzz/%.c,%,\
	$(sort $(wildcard tests/fuzz/*.c))))

fuzz:
	$(FUZZ_MAKE) fuzzers
	$(Q)sh tests/fuzz/run.sh build-fuzz $(TIME) $(TARGETS)

fuzz-smoke:
	$(Q)$(MAKE) --no-print-directory fuzz TIME=20

# Makes the inputs of the tree again; those that once found something stay.
fuzz-corpus:
	$(FUZZ_MAKE) build-fuzz/fuzz/seeds
	$(Q)build-fuzz/fuzz/seeds tests/fuzz/corpus

fuzzers: $(FUZZ)

$(B)/tests/fuzz/%.o: CPPFLAGS += -DFUZZ_KINDS='"$(CURDIR)/conf/kinds"'

$(B)/libfuzz.a: $(FUZZ_HELP)
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/fuzz/%: $(B)/tests/fuzz/%.o $(B)/libfuzz.a $(LIB)
	@mkdir -p $(@D)
	@echo "  FUZZ  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) \
	  -fsanitize=$(if $(filter seeds,$*),address,fuzzer) -o $@ $< \
	  $(B)/libfuzz.a $(LIB) $(LDLIBS) -lcmocka

-include $(wildcard $(B)/tests/fuzz/*.d $(B)/tests/fuzz/help/*.d)

# ---- what they need ----

# Installs once what is missing; a build that finds all of it asks nobody.
ready:
	@{ pkg-config --exists $(PKGS) && test -e /usr/include/ini.h && \
	   test -e /usr/include/cmocka.h && $(PYTHON) -c 'import pytest'; } \
	   2>/dev/null || $(MAKE) --no-print-directory deps

deps:
	$(Q)DEBS='$(DEBS)' sh packaging/deps.sh

# ---- care ----

install: $(B)/yizhan
	install -D $(B)/yizhan $(DESTDIR)$(PREFIX)/bin/yizhan
	@# What is there may have been edited: it stays.
	$(Q)for f in conf/*.conf conf/kinds/*.conf; do \
	  to=$(DESTDIR)/etc/yizhan/$${f#conf/}; \
	  test -e $$to || install -D -m 644 $$f $$to || exit 1; done
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 packaging/*.1
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man5 packaging/*.5
	install -D -m 644 -t $(DESTDIR)/lib/systemd/system packaging/*.service
	install -D -m 644 packaging/yizhan.sysusers \
	  $(DESTDIR)/usr/lib/sysusers.d/yizhan.conf

tidy:
	$(Q)cppcheck -q -j2 --std=c11 --enable=warning,performance,portability \
	  --error-exitcode=1 --inline-suppr --library=posix \
	  --library=tests/cppcheck.cfg -I. proto store daemon
	$(Q)ls -S proto/*.c store/*.c daemon/*.c | xargs -P2 -I{} \
	  sh -c 'out=$$(clang-tidy --quiet "$$0" -- "$$@" 2>&1) || \
	    { printf "%s\n" "$$out"; exit 1; }' {} $(CPPFLAGS) -std=c11

clean:
	rm -rf build build-*
