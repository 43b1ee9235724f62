#!/usr/bin/env python3
"""Branch coverage of what the tests must reach: proto, store, the core and the conversation.

    make coverage

Reads gcov's JSON for every object of a build with --coverage and prints, for each
file and in all, the branches taken at least once; with --missing, the lines with a
branch that never was. Left out is what only a failed allocation or a mistake in this very
program can take: the constructs in LEFT_OUT, each with its reason, and no file or
line by name. What was left out is told at the end, line by line with --missing.
"""
import argparse
import glob
import json
import os
import re
import subprocess
import sys

WANTED = ("proto/", "store/", "daemon/core.c", "daemon/asking", "daemon/answer", "daemon/later.c")

# What the line is like, what the next one is like, how many of its branches that were not
# taken are left out, and why.
LEFT_OUT = (
    (r"", r"^\s*abort\(\);", 99, "memory that runs out ends the process"),
    (r"\bassert\(", r"", 99, "an assertion fails: a mistake of our own"),
    (r"^\s*switch \(", r"", 1, "no case of a switch: it has each value of its enum, or a default"),
)


def read(build):
    """{file: {line: [count, ...]}}, added up over all objects."""
    notes = [x for x in glob.glob(os.path.join(build, "**", "*.gcda"), recursive=True)
             if os.path.relpath(x, build).startswith(("proto/", "store/", "daemon/"))]
    out = subprocess.run(["gcov", "-b", "-j", "-t", "-s", os.getcwd()] + notes, check=True,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    files = {}
    for report in out.decode().splitlines():
        for file in json.loads(report)["files"]:
            path = os.path.normpath(file["file"])
            if not path.startswith(WANTED) or not path.endswith(".c"):
                continue
            lines = files.setdefault(path, {})
            for line in file["lines"]:
                counts = [b["count"] for b in line["branches"]]
                if counts:
                    old = lines.get(line["line_number"], [])
                    lines[line["line_number"]] = old + counts
    return files


def left_out(text, number):
    """How many branches of this line at most, and why."""
    line, following = text[number - 1], text[number] if number < len(text) else ""
    for this, then, most, why in LEFT_OUT:
        if re.search(this, line) and re.search(then, following):
            return most, why
    return 0, ""


def main():
    args = argparse.ArgumentParser()
    args.add_argument("build")
    args.add_argument("--least", type=float, default=0, help="fail below so many per cent in all")
    args.add_argument("--missing", action="store_true")
    args = args.parse_args()
    all_taken = all_there = 0
    reasons = {}
    for path, lines in sorted(read(args.build).items()):
        taken = there = 0
        missing = []
        with open(path, encoding="utf-8") as f:
            text = f.read().splitlines()
        for number, counts in sorted(lines.items()):
            never = counts.count(0)
            most, why = left_out(text, number)
            out = min(never, most)
            if out:
                reasons[why] = reasons.get(why, 0) + out
            taken += len(counts) - never
            there += len(counts) - out
            if never:
                missing.append("%5d %-12s %s%s" % (number, "".join("+-"[x == 0] for x in counts), text[number - 1].strip(),
                                                   "   <left out: %d>" % out if out else ""))
        all_taken, all_there = all_taken + taken, all_there + there
        print("%-24s %5d of %5d  %5.1f %%" % (path, taken, there, 100 * taken / max(there, 1)))
        if args.missing:
            print("\n".join(missing))
    for why, count in sorted(reasons.items()):
        print("left out: %3d, %s" % (count, why))
    share = 100 * all_taken / max(all_there, 1)
    print("branches taken: %d of %d, %.1f %%" % (all_taken, all_there, share))
    return 1 if share < args.least else 0


if __name__ == "__main__":
    sys.exit(main())
