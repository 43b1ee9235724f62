#!/usr/bin/env python3
"""How few bytes come down: news as a real hub tells them, tersely and plainly.

    YZ_BIN=build/yizhan python3 tests/bench/news.py [--gen gen.py] [--places 5] [--seed 1]

One PC of a township writes, and what another PC of it would hear is asked for twice: with and without the dictionary in
the hello. All of a frame of news is counted, head and MAC too; bytes a line. The first snapshot is what was imported;
"a year later" is the same, loaded for the first time behind a year of edits, when of many changes the one before is
gone and their hash must be told.
"""
import argparse
import os
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(REPO, "tests", "e2e"))
import lines  # noqa: E402
import terse  # noqa: E402
import wire  # noqa: E402
import yz  # noqa: E402

FRAME = 1 + 16                  # of a frame beside its payload and the length of that


class Listener:
    """A PC that has heard everything up to a cursor, and keeps nothing."""

    def __init__(self, field, name, org):
        with open(field.path(name + ".key"), "rb") as f:
            self.station = wire.Station(field.hub_port, name, f.read().strip())
        with open(os.path.join(REPO, "proto", "dictionary-1.bin"), "rb") as f:
            self.name = wire.blake(f.read(), 32)[:8]
        self.org = org.encode()
        self.station.kinds = wire.hub_kinds(self.station.exchange([]))

    def heard(self, cursor, dictionary):
        """(bytes, new cursor) of all news behind a cursor."""
        total, more = 0, True
        while more:
            self.station.cursors, self.station.dictionary = {self.org: cursor}, dictionary
            frames = self.station.exchange([])
            welcome = terse.Welcome(frames[0][1])
            for kind, payload in frames:
                if kind not in (wire.NEWS, wire.TERSE_NEWS):
                    continue
                stream, end, left = head(welcome, kind, payload)
                if stream == self.org:
                    cursor, more = end, left
                    total += FRAME + len(wire.varint(len(payload))) + len(payload)
        return total, cursor


def head(welcome, kind, payload):
    cut = wire.Cut(payload)
    if kind == wire.NEWS:
        stream, _, end, _ = cut.counted(), cut.varint(), cut.varint(), cut.varint()
        return stream, end, cut.byte()
    stream = welcome.streams[cut.varint()]
    end = cut.varint() + cut.varint()
    return stream, end, cut.byte() & 1


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--gen", default=os.path.join(REPO, "..", "shared", "data", "gen.py"))
    p.add_argument("--places", type=int, default=5)
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()
    folder = tempfile.mkdtemp(prefix="yz-news-")
    sums = {}
    try:
        county = lines.make(a.gen, os.path.join(folder, "a"), a.seed)
        site = max(county.sites, key=lambda s: s["snapshot"])
        text, snapshot = county.lines[site["site"]], site["snapshot"]
        with yz.Field() as field:
            hub = field.make_hub({"pc1": site["site"], "pc2": site["site"]})
            hub.start()
            pc = field.make_station("pc1", site["site"])
            pc.start()
            listener, cursor = Listener(field, "pc2", site["site"]), 0

            def bring(first, end):
                path = os.path.join(folder, "lines")
                with open(path, "wb") as f:
                    f.writelines(text[first:end])
                pc.ok("import", path)
                pc.sync()
                while yz.counts(pc.status())["queued"]:
                    pc.sync()

            def measure(what, count, cursor):
                bytes_terse, end = listener.heard(cursor, listener.name)
                bytes_plain, again = listener.heard(cursor, b"")
                assert end == again
                one = sums.setdefault(what, [0, 0, 0])
                for i, n in enumerate((count, bytes_terse, bytes_plain)):
                    one[i] += n
                return end

            bring(0, snapshot)
            cursor, at = measure("snapshot", snapshot, 0), snapshot
            for size in lines.SIZES:
                for _ in range(a.places):
                    if at + size <= len(text):
                        bring(at, at + size)
                        cursor, at = measure(size, size, cursor), at + size
            bring(at, len(text))
            measure("a year later", snapshot, 0)
    finally:
        shutil.rmtree(folder)
    print("news of %s, seed %d; bytes a line, of the snapshots a record (%d)" % (site["site"], a.seed, snapshot))
    print("%-20s" % "" + "".join("%14s" % k for k in sums))
    for i, what in ((1, "terse"), (2, "plain")):
        print("%-20s" % what + "".join("%14.1f" % (s[i] / s[0]) for s in sums.values()))


if __name__ == "__main__":
    main()
