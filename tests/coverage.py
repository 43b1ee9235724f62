#!/usr/bin/env python3
"""Branch coverage of what the tests must reach: proto, store, the core and the conversation.

    make coverage

Reads gcov's JSON for every object of a build with --coverage and prints, for each
file and in all, the branches taken at least once; then the lines whose branches
never were, with --missing. Branches that only the compiler knows (of calls that may
throw) do not exist in C; a failing allocation ends the process and has none.
"""
import argparse
import glob
import gzip
import json
import os
import subprocess
import sys
import tempfile

WANTED = ("proto/", "store/", "daemon/core.c", "daemon/asking.c", "daemon/answer.c", "daemon/later.c")


def read(build):
    """{file: {line: [count, ...]}}, added up over all objects."""
    notes = [os.path.abspath(x) for x in glob.glob(os.path.join(build, "**", "*.gcda"), recursive=True)]
    files = {}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["gcov", "-b", "-j", "-s", os.getcwd()] + notes, cwd=folder, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for name in glob.glob(os.path.join(folder, "*.gcov.json.gz")):
            with gzip.open(name) as f:
                report = json.load(f)
            for file in report["files"]:
                path = os.path.normpath(file["file"])
                if not path.startswith(WANTED) or not path.endswith(".c"):
                    continue
                lines = files.setdefault(path, {})
                for line in file["lines"]:
                    counts = [b["count"] for b in line["branches"]]
                    if not counts:
                        continue
                    key = (line["line_number"], line.get("function_name", ""))
                    old = lines.setdefault(key, [0] * len(counts))
                    if len(old) == len(counts):
                        lines[key] = [a + b for a, b in zip(old, counts)]
    return files


def main():
    args = argparse.ArgumentParser()
    args.add_argument("build")
    args.add_argument("--least", type=float, default=0, help="fail below so many per cent in all")
    args.add_argument("--missing", action="store_true")
    args = args.parse_args()
    all_taken = all_there = 0
    for path, lines in sorted(read(args.build).items()):
        there = sum(len(c) for c in lines.values())
        taken = sum(1 for c in lines.values() for x in c if x)
        all_taken, all_there = all_taken + taken, all_there + there
        print("%-24s %5d of %5d  %5.1f %%" % (path, taken, there, 100 * taken / max(there, 1)))
        if args.missing:
            for (number, _), counts in sorted(lines.items()):
                if 0 in counts:
                    print("    line %d: %s" % (number, " ".join("-" if x == 0 else "+" for x in counts)))
    share = 100 * all_taken / max(all_there, 1)
    print("branches taken: %d of %d, %.1f %%" % (all_taken, all_there, share))
    return 1 if share < args.least else 0


if __name__ == "__main__":
    sys.exit(main())
