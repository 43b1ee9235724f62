#!/usr/bin/env python3
"""How few bytes: what clerks wrote in a day, a month, a season, told tersely and by what else one could use.

    python3 tests/bench/lines.py --tool build/terse [--gen gen.py] [--towns CODE ...] [--places 10] [--seed 1]

Lines of a made-up county become changes as a station makes them: one for each cell a line touches, with the number
of the state that its author looked at as base, times, author, and one boot a working day. The first snapshot is an
import, as a station's first work is. Batches of 1, 10, 100 and 1,000 lines from several places of each stream, and the
snapshot in batches of 250 KiB, are told on an open connection: the hello has named origin, author and dictionary. All
of a batch is counted: head, checksum, anchor, bases, times, ids. Beside it, from the same lines, what a plain
engineer would send. Bytes a line; the speed is that of one core, beside zlib's on the same rows.
"""
import argparse
import gzip
import hashlib
import json
import lzma
import os
import random
import shutil
import subprocess
import sys
import tempfile
import zlib
from datetime import datetime

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(REPO, "tests", "e2e"))
import kinds  # noqa: E402
from wire import counted, varint, zigzag  # noqa: E402

SIZES = (1, 10, 100, 1000)
AIMS = {1: (36, 56), 10: (17, 22), 100: (13.5, 16), 1000: (9.2, 10.5), "snapshot": (33, 37.5)}
DAY, ROOM = 86400000, 250 * 1024
AUTHORS = ("张建国", "李秀英", "王军")


def le(n):
    return n.to_bytes(4, "little")


def milliseconds(at):
    return round(datetime.fromisoformat(at).timestamp() * 1000)


class Kinds:
    def __init__(self):
        self.of = kinds.read_kinds(os.path.join(REPO, "conf", "kinds"))
        self.ids = {k: {f: int(s["id"]) for f, s in kind.fields.items()} for k, kind in self.of.items()}


class Change:
    """One change, and the one it goes on from in its cell."""

    def __init__(self, site, n, record, kind, cell, key, body, prev, number, line, wall, at):
        self.site, self.n, self.record, self.kind, self.cell, self.key = site, n, record, kind, cell, key
        self.body, self.removal, self.prev, self.number, self.line = body or {}, body is None, prev, number, line
        self.wall, self.at = wall, at
        day = "import" if at is not None else wall // DAY
        self.boot = hashlib.blake2b(("%s %s" % (site, day)).encode(), digest_size=8).digest()
        begun = 1734590000000 if at is not None else wall // DAY * DAY + 1200000 + self.boot[0] * 7000
        self.mono = wall - begun

    def canonical(self, origin, base):
        author = AUTHORS[self.boot[1] % len(AUTHORS)] if self.at is None else AUTHORS[0]
        return (b"\1" + origin + varint(self.n) + varint((1 if self.removal else 0) | (2 if self.at is not None else 0)) + self.record +
                varint(self.kind) + varint(self.cell) + counted(self.key.encode()) + varint(base) + counted(author.encode()) +
                zigzag(self.wall) + zigzag(self.mono) + self.boot + (zigzag(self.at) if self.at is not None else b"") +
                varint(len(self.body)) + b"".join(varint(f) + counted(self.body[f].encode()) for f in sorted(self.body)))


class County:
    """All sites' lines in the order of their times, as changes."""

    def __init__(self, folder):
        with open(os.path.join(folder, "manifest.json"), encoding="utf-8") as f:
            self.sites = json.load(f)["sites"]
        self.kinds, self.state, self.first, self.number = Kinds(), {}, {}, 0
        self.per = {s["site"]: [] for s in self.sites}
        self.lines = {s["site"]: [] for s in self.sites}
        todo = []
        for s in self.sites:
            with open(os.path.join(folder, s["site"] + ".ndjson"), encoding="utf-8") as f:
                for i, text in enumerate(f):
                    line = json.loads(text)
                    todo.append((i >= s["snapshot"], milliseconds(line["at"]), len(todo), line, text.encode()))
        for edit, at, _, line, text in sorted(todo, key=lambda t: t[:3]):
            self.take(line, text, at, edit)

    def take(self, line, text, at, edit):
        site, kind = line["site"], self.kinds.of[line["kind"]]
        record = bytes.fromhex(line["id"].replace("-", ""))
        state, per = self.state.setdefault(record, {}), self.per[site]
        which = len(self.lines[site])
        self.lines[site].append(text)
        for cell, key, body in self.cells(line, kind, state):
            self.number += 1
            change = Change(site, len(per) + 1, record, kind.id, cell, key, body, state.get((cell, key)), self.number, which,
                            at if edit else 1734600000000 + which // 8, None if edit else at)
            state[cell, key] = change
            self.first.setdefault(record, change)
            per.append(change)

    def cells(self, line, kind, state):
        """(cell, key, body or None for a removal) of what a line changes."""
        if line["op"] == "delete":
            return [(0, "", {})]
        ids, touched, out = self.kinds.ids[line["kind"]], {}, []
        for field, value in line["data"].items():
            if field in ids:
                touched.setdefault(kind.cell_of[field].id, (kind.cell_of[field], {}))[1][field] = value
        for cell, values in (touched[c] for c in sorted(touched)):
            if cell.keyed:
                field, want = next(iter(values.items()))
                have = [k for (c, k), x in state.items() if c == cell.id and not x.removal]
                out += [(cell.id, k, {ids[field]: k}) for k in want if k not in have]
                out += [(cell.id, k, None) for k in have if k not in want]
                continue
            old = state.get((cell.id, ""))
            before = dict(old.body) if old else {}
            body = {f: v for f, v in {**before, **{ids[f]: kind.tidy(f, v) for f, v in values.items()}}.items() if v != ""}
            if body != before:
                out.append((cell.id, "", body or None))
        return out

    def known(self, change, inside):
        """The change of this cell that stood before a batch, and the record's first."""
        before, first = change.prev, self.first[change.record]
        while before is not None and id(before) in inside:
            before = before.prev
        return before, [c for c in (before, first) if c is not None and id(c) not in inside and c.number < change.number]

    def case(self, changes):
        """What the tool reads: what both ends have, then the changes."""
        inside, known, said = {id(c) for c in changes}, {}, []
        for c in changes:
            before, both = self.known(c, inside)
            if c.kind == 2 and c.cell == 1 and 2 in c.body:
                both += [f for f in [self.first.get(bytes.fromhex(c.body[2].replace("-", "")))] if f is not None and id(f) not in inside]
            known.update({(k.site, k.n): k for k in both})
            said.append(c.canonical(self.origin(c.site), before.number if before else 0))
        out = le(len(known))
        for k in known.values():
            one = self.origin(k.site) + varint(k.n) + k.record + varint(k.number)
            out += le(len(one)) + one
        return out + le(len(said)) + b"".join(le(len(c)) + c for c in said)

    @staticmethod
    def origin(site):
        return hashlib.blake2b(("origin " + site).encode(), digest_size=16).digest()

    def of_lines(self, site, first, end):
        return [c for c in self.per[site] if first <= c.line < end]

    def snapshot(self, site):
        """Its first lines, in batches as a station cuts them."""
        lines = next(s["snapshot"] for s in self.sites if s["site"] == site)
        room, out = 0, [[]]
        for c in self.of_lines(site, 0, lines):
            room += len(c.canonical(bytes(16), 0)) + 6
            if room > ROOM:
                room, out = 0, out + [[]]
            out[-1].append(c)
        return lines, out


# ---- what else one could use ----

def cbor(value):
    """RFC 8949, as far as these lines need it."""
    def head(kind, n):
        for size, code in ((1, 24), (2, 25), (4, 26), (8, 27)):
            if n < 24:
                return bytes([kind << 5 | n])
            if n < 1 << 8 * size:
                return bytes([kind << 5 | code]) + n.to_bytes(size, "big")
        raise ValueError(n)

    if value is None:
        return b"\xf6"
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())


def rivals(sample, folder):
    out = {
        "JSON + gzip -6": lambda lines: len(gzip.compress(b"".join(lines), 6)),
        "JSON + xz -9e": lambda lines: len(lzma.compress(b"".join(lines), preset=9 | lzma.PRESET_EXTREME)),
        "CBOR + zlib -6": lambda lines: len(zlib.compress(b"".join(cbor(json.loads(x)) for x in lines), 6)),
    }
    if shutil.which("zstd") is None:
        print("# no zstd: not beside it", file=sys.stderr)
        return out
    for i, line in enumerate(sample):
        with open(os.path.join(folder, "%d" % i), "wb") as f:
            f.write(line)
    trained = os.path.join(folder, "dictionary")
    subprocess.run(["zstd", "-q", "--train", "-r", folder, "--maxdict=112640", "-o", trained], check=True, stderr=subprocess.DEVNULL)
    out["JSON + zstd -19 + dictionary"] = lambda lines: len(subprocess.run(
        ["zstd", "-q", "-19", "--no-check", "-D", trained, "-c"], input=b"".join(lines), stdout=subprocess.PIPE, check=True).stdout)
    return out


# ---- the whole ----

def make(gen, folder, seed, more=()):
    if os.path.exists(gen):
        subprocess.run([sys.executable, gen, "--out", folder, "--seed", str(seed), *more], check=True, stdout=subprocess.DEVNULL)
    else:
        import made_up
        print("# no gen.py: made_up.py instead, other lines", file=sys.stderr)
        made_up.write(folder, seed, 5, 2000, 6000)
    return County(folder)


def cases_of(county, towns, places):
    """(name, lines, [changes, ...], their lines as bytes)"""
    for town in towns:
        lines, batches = county.snapshot(town)
        yield "snapshot", lines, batches, county.lines[town][:lines]
        left = len(county.lines[town]) - lines
        for size in SIZES:
            for i in range(places):
                first = lines + max(0, left - size) * i // max(1, places - 1)
                end = min(first + size, lines + left)
                changes = county.of_lines(town, first, end)
                if changes:
                    yield size, end - first, [changes], county.lines[town][first:end]


def measure(a, county, beside):
    towns = a.towns or random.Random(a.seed).sample(sorted(s["site"] for s in county.sites if s["snapshot"] > 500), 3)
    cases = list(cases_of(county, towns, a.places))
    said = subprocess.run([a.tool, "measure"], input=b"".join(county.case(c) for _, _, batches, _ in cases for c in batches),
                          stdout=subprocess.PIPE, check=True).stdout.split()
    at, sums = 0, {}
    for name, lines, batches, text in cases:
        one = sums.setdefault(name, {"lines": 0, "changes": 0, "terse": 0, **{r: 0 for r in beside}})
        one["lines"] += lines
        one["changes"] += sum(map(len, batches))
        one["terse"] += sum(int(x) for x in said[at:at + len(batches)])
        at += len(batches)
        for rival, size in beside.items():
            one[rival] += size(text)
    write, read, zlib_speed = (float(x) for x in said[at + 1:at + 4])
    print("towns %s of seed %d; bytes a line" % (" ".join(towns), a.seed))
    print("%-30s" % "" + "".join("%10s" % k for k in AIMS))
    for what in ["terse"] + list(beside):
        print("%-30s" % what + "".join("%10.2f" % (sums[k][what] / sums[k]["lines"]) for k in AIMS))
    print("%-30s" % "aim" + "".join("%10s" % aim for aim, _ in AIMS.values()))
    print("%-30s" % "acceptable" + "".join("%10s" % most for _, most in AIMS.values()))
    print("%-30s" % "changes a line" + "".join("%10.2f" % (sums[k]["changes"] / sums[k]["lines"]) for k in AIMS))
    print("changes a second on one core: written %.0f, read %.0f; zlib -6 deflates %.0f MB/s of the same rows" % (write, read, zlib_speed))
    print("scaled to 60 MB/s: written %.0f (at least 150000), read %.0f (at least 300000)" % (write * 60 / zlib_speed, read * 60 / zlib_speed))


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--tool", required=True)
    p.add_argument("--gen", default=os.path.join(REPO, "..", "shared", "data", "gen.py"))
    p.add_argument("--towns", nargs="*")
    p.add_argument("--places", type=int, default=10)
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()
    folder = tempfile.mkdtemp(prefix="yz-wire-")
    try:
        county = make(a.gen, os.path.join(folder, "a"), a.seed)
        other = make(a.gen, os.path.join(folder, "b"), a.seed + 100)
        os.mkdir(os.path.join(folder, "c"))
        measure(a, county, rivals([x for s in list(other.lines)[:8] for x in other.lines[s][:1000]], os.path.join(folder, "c")))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
