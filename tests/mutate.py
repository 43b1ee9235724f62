#!/usr/bin/env python3
"""Deliberate bugs, one at a time: does a test catch each?

    tests/mutate.py                 all of tests/mutants/, in a copy of the tree
    tests/mutate.py --only NAME     those whose name has these words in it
    tests/mutate.py --list          the table of tests/README.md

A mutant in the list:

    == its name: what would go wrong for a user
    in FILE
    - exact old text, one line or more; it must stand in the file once
    + the new text; further pairs may follow
    by a test, and the next one when that lets it live: test_x, sim or a pytest node

Ends with 1 if a mutant lives, with 2 if the list itself is wrong: a text that is
not there once, a mutant that does not compile, a test that fails without any.
"""
import argparse
import collections
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(HERE)
LISTS, PAGE = os.path.join(HERE, "mutants"), os.path.join(HERE, "README.md")
SEEDS = "1-20"                      # of the simulator
# A line of cmocka, of pytest, of the simulator, that names what failed.
SAID = r"\[\s+(RUN|FAILED)\s+\] (\w+)$|FAILED \S+::(\S+)|FAIL .*(seed \d+ invariant \w+)"

Mutant = collections.namedtuple("Mutant", "name file edits tests")
Outcome = collections.namedtuple("Outcome", "failed what seconds")


class Wrong(Exception):
    """The list, or the tree without any mutant."""


# -- the list

def read_all():
    return [m for name in sorted(os.listdir(LISTS)) if name.endswith(".txt") for m in read_list(os.path.join(LISTS, name))]


def read_list(path):
    mutants, edits, last = [], [], None
    with open(path, encoding="utf-8") as f:
        lines = f.read().splitlines()
    for number, line in enumerate(lines, 1):
        word, _, rest = line.partition(" ")
        if word == "==":
            edits = []
            mutants.append(Mutant(rest, [], edits, []))
        elif word in ("in", "by"):
            getattr(mutants[-1], "file" if word == "in" else "tests").append(rest)
        elif word == "-" and last != "-":
            edits.append(([rest], []))
        elif word in ("-", "+"):
            edits[-1][word == "+"].append(rest)
        elif line and word != "#":
            raise Wrong("%s:%d: what is this?" % (path, number))
        last = word
    for m in mutants:
        if len(m.file) != 1 or not m.edits or not m.tests:
            raise Wrong("'%s': one file, one text or more, one test or more" % m.name)
    return [Mutant(m.name, m.file[0], [("\n".join(old), "\n".join(new)) for old, new in m.edits], m.tests) for m in mutants]


def mutated(mutant, text):
    for old, new in mutant.edits:
        if text.count(old) != 1:
            raise Wrong("'%s': in %s there is %d times:\n%s" % (mutant.name, mutant.file, text.count(old), old))
        text = text.replace(old, new)
    return text


def check_list(mutants):
    """Everything that can be wrong before anything is built, all of it at once."""
    names, wrong = [m.name for m in mutants], []
    wrong += ["'%s' is there twice" % name for name in sorted(set(names)) if names.count(name) > 1]
    for m in mutants:
        try:
            with open(os.path.join(REPO, m.file), encoding="utf-8") as f:
                mutated(m, f.read())
        except (OSError, Wrong) as e:
            wrong.append(str(e))
        wrong += ["'%s': there is no %s" % (m.name, t) for t in m.tests
                  if t != "sim" and not os.path.exists(os.path.join(REPO, source_of(t)))]
    if wrong:
        raise Wrong("\n".join(wrong))


def source_of(test):
    return test.partition("::")[0] if "/" in test else "tests/%s.c" % test


def table(mutants):
    rows = ["| deliberate bug | in | caught by |", "|---|---|---|"]
    for m in mutants:
        rows.append("| %s | `%s` | `%s` |" % (m.name, m.file, m.tests[0].rpartition("/")[2].replace("::", " ")))
    return "\n".join(rows) + "\n"


# -- the copy

class Copy:
    """The tree in a folder of its own, built once, with one file changed at a time."""

    def __init__(self, folder):
        self.dir, self.env = os.path.join(folder, "tree"), dict(os.environ)
        self.seconds = {}           # what each test takes when nothing is wrong
        for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "B", "SAN", "V"):
            self.env.pop(name, None)
        worlds = os.path.join(folder, "tmp")
        os.mkdir(worlds)
        self.env.update(TMPDIR=worlds, YZ_SEED="1", YZ_STRIDE="1", YZ_BIN=os.path.join(self.dir, "build", "yizhan"), YZ_WORLDS=worlds)
        names = subprocess.run(["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=REPO, stdout=subprocess.PIPE, check=True).stdout.decode()
        for name in names.split("\0"):
            source, to = os.path.join(REPO, name), os.path.join(self.dir, name)
            if name and os.path.isfile(source):
                os.makedirs(os.path.dirname(to), exist_ok=True)
                shutil.copy2(source, to)
        self.simulated = os.path.exists(os.path.join(self.dir, "tests/sim/main.c"))

    def tests_of(self, mutant):
        return [t for t in mutant.tests if t != "sim" or self.simulated]

    def read(self, name):
        with open(os.path.join(self.dir, name), encoding="utf-8") as f:
            return f.read()

    def write(self, name, text):
        with open(os.path.join(self.dir, name), "w", encoding="utf-8") as f:
            f.write(text)

    def build(self, test):
        target = "build/yz-sim" if test == "sim" else "build/yizhan" if "/" in test else "build/tests/" + test
        done = subprocess.run(["make", "-j2", "WARN=-w", target], cwd=self.dir, env=self.env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise Wrong("it does not compile:\n" + done.stdout.decode("utf-8", "replace"))

    def command(self, test):
        if test == "sim":
            return ["build/yz-sim", "--seeds", SEEDS, "--stations", "10", "--days", "3", "--jobs", "2"]
        if "/" in test:
            return [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", test]
        return ["build/tests/" + test]

    def run(self, test):
        """Until its first failure, or its end, or too long."""
        began, limit = time.monotonic(), 60 + 4 * self.seconds.get(test, 60)
        process = subprocess.Popen(self.command(test), cwd=self.dir, env=self.env, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        late = threading.Timer(limit, kill, [process])
        late.start()
        failed, running, ended = None, None, False
        try:
            for line in process.stdout:
                said = re.match(SAID, line.decode("utf-8", "replace"))
                if said and said.group(1) == "RUN":
                    running = said.group(2)
                elif said:
                    failed = said.group(2) or said.group(3) or said.group(4)
                    if "/" not in test:
                        break       # the first is enough; pytest clears up behind itself
            else:
                ended = True
            too_late = not late.is_alive()
        finally:
            late.cancel()
            if not ended:
                kill(process)
            process.stdout.close()
            code = process.wait()
        if too_late:
            failed = "no end of %s after %d s" % (running or "it", limit)
        elif "/" in test and code not in (0, 1):
            raise Wrong("pytest %s ends with %d" % (test, code))
        elif code != 0 and not failed:
            failed = "%s in %s" % (signal.Signals(-code).name if code < 0 else "exit %d" % code, running or "it")
        return Outcome(bool(failed), "%s: %s" % (test.partition("::")[0], failed) if failed else test,
                       time.monotonic() - began)


def kill(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)          # of its own session: it and its children
    except ProcessLookupError:
        pass


# -- all of it

def healthy(copy, mutants):
    """A test that fails by itself would catch everything."""
    for test in dict.fromkeys(t for m in mutants for t in copy.tests_of(m)):
        copy.build(test)
        outcome = copy.run(test)
        if outcome.failed:
            raise Wrong("without any mutant, " + outcome.what)
        copy.seconds[test] = outcome.seconds


def judge(copy, mutant):
    """The outcome that caught it, or None."""
    whole = copy.read(mutant.file)
    copy.write(mutant.file, mutated(mutant, whole))
    try:
        for test in copy.tests_of(mutant):
            copy.build(test)
            outcome = copy.run(test)
            if outcome.failed:
                return outcome
        return None
    except Wrong as e:
        raise Wrong("'%s': %s" % (mutant.name, e)) from e
    finally:
        copy.write(mutant.file, whole)      # built again together with the next


def run(mutants):
    alive, began = 0, time.monotonic()
    room = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = tempfile.mkdtemp(prefix="yizhan-mutants-", dir=room)
    try:
        copy = Copy(folder)
        healthy(copy, mutants)
        print("ready after %.0f s" % (time.monotonic() - began), flush=True)
        for mutant in mutants:
            start = time.monotonic()
            if not copy.tests_of(mutant):
                print("PASSED OVER %s: it needs the simulator" % mutant.name, flush=True)
                continue
            outcome = judge(copy, mutant)
            alive += outcome is None
            print("%s  %s  (%s, %.1f s)" % ("LIVES " if outcome is None else "caught", mutant.name,
                                           outcome.what if outcome else "not by " + ", ".join(copy.tests_of(mutant)),
                                           time.monotonic() - start), flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("%d of %d caught, %.0f s" % (len(mutants) - alive, len(mutants), time.monotonic() - began))
    return 1 if alive else 0


def main():
    parser = argparse.ArgumentParser(description="Deliberate bugs, one at a time: does a test catch each?")
    parser.add_argument("--only", action="append", metavar="NAME", help="mutants with these words in their name")
    parser.add_argument("--list", action="store_true", help="print the table and end")
    wish = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))     # and so clears up
    try:
        mutants = read_all()
        check_list(mutants)
        if wish.list:
            print(table(mutants), end="")
            return 0
        if wish.only:
            mutants = [m for m in mutants if any(words in m.name for words in wish.only)]
        with open(PAGE, encoding="utf-8") as f:
            if not wish.only and table(mutants) not in f.read():
                raise Wrong("the table in tests/README.md is another one: put in what --list prints")
        if not mutants:
            raise Wrong("no such mutant")
        return run(mutants)
    except Wrong as e:
        print("tests/mutate.py: %s" % e, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
