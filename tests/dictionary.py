#!/usr/bin/env python3
"""Makes a dictionary of terse batches: changes that are usual, of a county that does not exist.

    python3 tests/dictionary.py --tool build/terse --gen gen.py OUT

`gen.py` makes the people; this gives it a county of invented places, so that no batch of a real one is told by names
learned from it. What it makes becomes changes by the kind files, of one origin: first a snapshot, then a year
of edits. A dictionary that messages name is never made again under the same name: a newer one is another file.
"""
import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "bench"))
import lines  # noqa: E402

SIGNS = "青白石龙桥林泉岭溪河坪湾寨坝沟营塘山云华新永安和平丰仙金大小上下高双红水马田中东西南北长"
SEED, TOWNS, VILLAGES, MEMBERS, EDITS = 21, 3, 8, 220, 1500
SEASON = 60 * lines.DAY          # edits go by township for so long


def invent(gen, folder):
    """gen.py beside a county that does not exist."""
    rnd = random.Random(SEED)
    with open(os.path.join(os.path.dirname(gen), "divisions.json"), encoding="utf-8") as f:
        places = json.load(f)

    def name():
        return rnd.choice(SIGNS) + rnd.choice(SIGNS)

    places["county"] = {"code": "990000", "name": name() + "县"}
    places["neighbours"] = ["990001", "990002", "990003", "990004"]
    places["townships"] = [{
        "code": "990000%03d" % (1 if i == 0 else 100 + i), "name": name() + ("街道" if i == 0 else "乡" if i % 3 == 0 else "镇"),
        "villages": [name() + ("社区居民委员会" if j == 0 else "村村民委员会") for j in range(VILLAGES)]} for i in range(TOWNS)]
    with open(os.path.join(folder, "divisions.json"), "w", encoding="utf-8") as f:
        json.dump(places, f, ensure_ascii=False)
    return shutil.copy(gen, folder)


def rows(county):
    """As they stand in a batch; the number of a change is its n."""
    changes = [c for site in sorted(county.per) for c in county.per[site]]
    changes.sort(key=lambda c: (c.at is None, 0 if c.at is not None else c.wall // SEASON, c.site, c.line, c.n))
    for i, c in enumerate(changes):
        c.n = i + 1
    return b"".join(b"\0" + lines.counted(c.canonical(bytes(16), c.prev.n if c.prev is not None and c.prev.n < c.n else 0)) for c in changes)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--tool", required=True)
    p.add_argument("--gen", required=True)
    p.add_argument("out")
    a = p.parse_args()
    folder = tempfile.mkdtemp(prefix="yz-dictionary-")
    try:
        gen = invent(a.gen, folder)
        county = lines.make(gen, os.path.join(folder, "out"), SEED,
                           ("--townships", str(TOWNS), "--members", str(MEMBERS), "--edits", str(EDITS)))
    finally:
        shutil.rmtree(folder)
    made = subprocess.run([a.tool, "dictionary"], input=rows(county), stdout=subprocess.PIPE, check=True).stdout
    with open(a.out, "wb") as f:
        f.write(made)
    print("%d bytes of %d changes" % (len(made), sum(map(len, county.per.values()))))


if __name__ == "__main__":
    main()
