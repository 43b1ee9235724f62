#!/usr/bin/env python3
"""What becomes of each second of a bad line: the real binaries, with a line between them that is as slow, as long and as broken as asked.

    python3 tests/bench/line.py --yizhan build/yizhan [--only NAME ...]

    thousand    64 kbit/s, 600 ms: 1,000 lines on an open connection, against what the line can carry at all
    one         the same line: one edit, until it is confirmed
    cuts        256 kbit/s, 200 ms, 100,000 lines: uncut, reset every 10 s, every 3 s, and with cuts that hang
    windows     a line that is up for 8 s of each minute
    bytes       what an exchange of 20 lines costs, and a contact with nothing to say
    tls         the first contact of a station that was let in, and 96 contacts that each make a new connection

The line passes 1,460 bytes at a time, 40 more counted for each packet's own head, and takes the next only when these
have gone, so that at most some KB wait in it; each packet arrives half a round trip later. A new connection costs a round
trip more. What was on the way when it is cut is lost. Bytes are counted as they go onto the line. There is no TLS on it: one
record each way is added where it says so, 22 bytes.
"""
import argparse
import collections
import itertools
import json
import os
import random
import select
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(REPO, "tests", "e2e")]
COUNTY, TOWN = "520527", "520527001"
PACKET, PACKET_HEAD, RECORD = 1460, 40, 22

options = bench = yz = None


def say(text):
    print("# " + text, file=sys.stderr, flush=True)


def tell(name, value, wanted, unit="", **more):
    print(json.dumps(dict(name=name, value=round(value, 3), wanted=wanted, unit=unit,
                          met=None if wanted is None else value <= wanted, **more)), flush=True)


# ---- the line ----

class Way:
    """One direction of one connection."""

    def __init__(self, line, name, source, sink):
        self.line, self.name, self.source, self.sink = line, name, source, sink
        self.under_way, self.some = collections.deque(), threading.Condition()

    def take(self):
        """Packets go onto the line one behind the other."""
        line = self.line
        try:
            while True:
                waits = select.select([self.source], [], [], 0)[0]
                data = self.source.recv(PACKET)
                line.up.wait()
                if not data:
                    break
                now, free = time.monotonic(), line.free[self.name]
                line.first.setdefault(self.name, now)
                # What waited goes on the line as it becomes free, though this thread may come late.
                line.pace(free if waits and now - free < .1 else max(now, free), self.name, len(data))
                line.bytes[self.name] += len(data)
                line.packets[self.name] += 1
                self.put(data)
        except (OSError, ValueError):
            pass
        self.put(None)

    def put(self, data):
        with self.some:
            self.under_way.append((time.monotonic() + self.line.rtt / 2, data))
            self.some.notify()

    def give(self):
        try:
            while True:
                with self.some:
                    while not self.under_way:
                        self.some.wait()
                    at, data = self.under_way.popleft()
                time.sleep(max(0, at - time.monotonic()))
                self.line.up.wait()
                if data is None:
                    self.sink.shutdown(socket.SHUT_WR)
                    return
                if self.line.holds(self.source, self.sink):
                    return                  # it hangs: nothing passes any more
                self.sink.sendall(data)
                self.line.last[self.name] = time.monotonic()
        except OSError:
            self.line.cut((self.source, self.sink))


class Line:
    def __init__(self, target, bits, rtt_ms):
        self.target, self.rate, self.rtt = ("127.0.0.1", target), bits / 8, rtt_ms / 1000
        self.lock, self.pairs, self.hung = threading.Lock(), set(), set()
        self.free = {"up": 0, "down": 0}
        self.bytes, self.packets, self.first, self.last = {}, {}, {}, {}
        self.connects = 0
        self.fillers, self.up = [], threading.Event()
        self.up.set()
        self.mark()
        self.door = socket.socket()
        self.small(self.door)
        self.door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.door.bind(("127.0.0.1", 0))
        self.door.listen(1)
        self.port = self.door.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    @staticmethod
    def small(s):
        """Little may wait before and behind the line, or nobody knows what is on it."""
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, PACKET)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2 * PACKET)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * PACKET)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def mark(self):
        self.bytes, self.packets = {"up": 0, "down": 0}, {"up": 0, "down": 0}
        self.first, self.last, self.connects = {}, {}, 0

    def pace(self, begin, way, n):
        self.free[way] = begin + (n + PACKET_HEAD) / self.rate
        time.sleep(max(0, self.free[way] - time.monotonic()))

    def took(self):
        """From the first byte up to the last byte down."""
        return self.last["down"] - self.first["up"]

    def accept(self):
        while True:
            self.up.wait()
            try:
                if not select.select([self.door], [], [], .02)[0] or not self.up.is_set():
                    continue
                near, _ = self.door.accept()
            except (OSError, ValueError):
                return
            self.connects += 1
            threading.Thread(target=self.connect, args=(near,), daemon=True).start()

    def connect(self, near):
        time.sleep(self.rtt)
        self.up.wait()
        far = socket.socket()
        self.small(far)
        try:
            if not select.select([near], [], [], 60)[0] or not near.recv(1, socket.MSG_PEEK):
                raise OSError           # who hung up again, or never says anything
            far.connect(self.target)
        except OSError:
            near.close()
            return
        pair = (near, far)
        with self.lock:
            self.pairs.add(pair)
        for way in (Way(self, "up", near, far), Way(self, "down", far, near)):
            threading.Thread(target=way.take, daemon=True).start()
            threading.Thread(target=way.give, daemon=True).start()

    def holds(self, a, b):
        return (a, b) in self.hung or (b, a) in self.hung

    def cut(self, pair):
        with self.lock:
            self.pairs.discard(pair)
        for s in pair:
            try:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                s.shutdown(socket.SHUT_RD)
            except OSError:
                pass
            s.close()

    def reset(self):
        with self.lock:
            pairs = list(self.pairs)
        for pair in pairs:
            self.cut(pair)

    def vanish(self):
        """Nothing passes, and nobody gets in: those who wait fill the queue, so the kernel answers no other."""
        self.up.clear()
        time.sleep(.1)
        for _ in range(4):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex(("127.0.0.1", self.port))
            self.fillers.append(s)
        self.hang()

    def appear(self):
        for s in self.fillers:
            s.close()
        self.fillers = []
        self.up.set()

    def hang(self):
        """What is open passes nothing any more, and nobody is told."""
        with self.lock:
            self.hung |= self.pairs

    def close(self):
        self.door.close()
        self.reset()


# ---- a county behind it ----

class County:
    def __init__(self, bits, rtt_ms, every="manual"):
        self.field = yz.Field()
        self.field.make_hub({"county": COUNTY})
        self.line = Line(self.field.hub_port, bits, rtt_ms)
        self.field.closers.append(self.line.close)
        self.station = self.field.make_station("county", COUNTY, self.line.port, every)
        self.field.hub.start()
        self.station.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.field.__exit__()

    def queue(self):
        self.station.hang_up()              # it closes what is idle
        s = self.station.api("GET", "status")
        return s["queued"] + s["received"]

    def arrived(self):
        """Changes the hub has."""
        self.field.hub.hang_up()
        s = self.field.hub.api("GET", "status")
        return sum(s[x] for x in yz.STATES)

    def sync(self, seconds):
        self.station.ok("sync", "--wait", str(seconds), timeout=seconds + 60)

    def fill(self, n):
        """The first lines, as if there were no line between."""
        rate, rtt, self.line.rate, self.line.rtt = self.line.rate, self.line.rtt, 1e9, 0
        self.station.ok("import", lines(n, self.field.path("first.ndjson")), timeout=600)
        self.sync(600)
        assert self.queue() == 0
        self.ids = [r["id"] for r in map(json.loads, self.station.export().splitlines()) if r["kind"] == "member"]
        self.line.rate, self.line.rtt = rate, rtt
        self.station.restart()              # what it learned of that line is forgotten
        self.talk()

    def edit(self, n):
        """A new telephone number of each of `n` members."""
        for x in random.sample(self.ids, n):
            self.station.api("POST", "put", {"kind": "member", "id": x, "fields": {"phone": "139%08d" % random.randrange(10 ** 8)}})

    def keep_trying(self):
        """From its next start on the station comes by itself."""
        self.station.stop()
        with open(self.station.conf, encoding="utf-8") as f:
            text = f.read()
        with open(self.station.conf, "w", encoding="utf-8") as f:
            f.write(text.replace("every = manual", "every = 15min"))

    def talk(self):
        """A whole exchange, and the line's own count of it."""
        self.line.mark()
        self.station.talk(60)
        time.sleep(.2)


def lines(n, out, first=0):
    """`n` lines of the county's, behind the first ones."""
    with open(bench.lines_file(options.lines), "rb") as f, open(out, "wb") as to:
        to.writelines(itertools.islice(f, first, first + n))
    return out


def bench_thousand():
    with County(64000, 600) as c:
        c.fill(20000)
        c.station.ok("import", lines(1000, c.field.path("lines.ndjson"), 20000))
        changes = c.queue()
        c.line.mark()
        c.sync(300)
        took, total = c.line.took(), sum(c.line.bytes.values())
        least = total * 8 / 64000 * 1500 / 1460 + 2 * .6
        assert c.queue() == 0 and c.line.connects == 0
        tell("thousand", took / least, 1.05, "of the line's own time", seconds=round(took, 2), least=round(least, 2), bytes=c.line.bytes,
             changes=changes)


def bench_one():
    with County(64000, 600) as c:
        c.fill(1000)
        got = []
        for i in range(5):
            c.edit(1)
            c.talk()
            assert c.queue() == 0
            got.append((c.line.took(), c.line.bytes))
        took, sent = sorted(got, key=lambda x: x[0])[len(got) // 2]
        carried = (sum(sent.values()) + 2 * PACKET_HEAD) * 8 / 64000
        tell("one", took / .6, 1.1, "round trips", seconds=round(took, 3), bytes=sent, carrying_it=round(carried, 3),
             rest=round((took - carried) / .6, 3))


def bench_bytes():
    with County(64000, 600) as c:
        c.fill(1000)
        for name, edits, wanted in (("bytes.20", 20, 1600), ("bytes.idle", 0, 64 * 1024 / 96)):
            c.edit(edits)
            c.talk()                            # what the day before left to say
            c.edit(edits)
            c.talk()
            assert c.queue() == 0
            tell(name, sum(c.line.bytes.values()) + 2 * RECORD, wanted, "bytes", bytes=c.line.bytes, packets=c.line.packets)


def bench_tls():
    """Over TLS: the first contact of a station that was let in, and one with nothing to say on a new connection each time."""
    import tls
    plain, yz.Field = yz.Field, tls.Field
    try:
        with County(1e9, 0) as c:
            while c.station.api("GET", "status")["last_complete"] is None:
                time.sleep(.1)
            time.sleep(.2)
            tell("tls.first", sum(c.line.bytes.values()), 3800, "bytes", bytes=dict(c.line.bytes), connections=c.line.connects)
            c.talk()
            got = []
            for _ in range(9):
                c.line.reset()
                time.sleep(.2)
                c.talk()
                assert c.line.connects == 1
                got.append(sum(c.line.bytes.values()))
            each = sorted(got)[len(got) // 2]
            tell("tls.day", 96 * each / 1024, 200, "KiB", each=each, bytes=c.line.bytes)
    finally:
        yz.Field = plain


def drain(n, every=None, hang=False):
    """Seconds, bytes up, cuts; of cuts that hang, what passes until the station comes again is not in it."""
    with County(256000, 200) as c:
        c.station.ok("import", lines(n, c.field.path("lines.ndjson")), timeout=600)
        c.keep_trying()
        c.line.mark()
        c.station.start()
        while "up" not in c.line.first:
            time.sleep(.01)
        begin, apart, cuts = c.line.first["up"], 0, 0
        at = begin + (every or 10 ** 6)
        while c.queue() > 0:
            now = time.monotonic()
            assert now - begin < 3000, c.station.tail()
            if now < at:
                time.sleep(.05)
                continue
            cuts += 1
            if hang:
                before = c.line.connects
                c.line.hang()
                while c.line.connects == before and c.queue() > 0:
                    time.sleep(.01)
                apart += time.monotonic() - now
            else:
                c.line.reset()
            at = time.monotonic() + every
        seconds = c.line.last["down"] - begin - apart
        say("%d lines, cut %s%s: %.1f s, %s, %d cuts, %.1f s each until it came again" % (
            n, every, " (hangs)" if hang else "", seconds, c.line.bytes, cuts, apart / max(cuts, 1)))
        return seconds, sum(c.line.bytes.values()), cuts, apart / max(cuts, 1)


def bench_cuts():
    whole = drain(options.lines)
    for every, time_, bytes_ in ((10, 1.10, 1.05), (3, 1.35, 1.12)):
        got = drain(options.lines, every)
        tell("cuts.%d.time" % every, got[0] / whole[0], time_, "of the uncut", seconds=round(got[0], 1), uncut=round(whole[0], 1), cuts=got[2])
        tell("cuts.%d.bytes" % every, got[1] / whole[1], bytes_, "of the uncut", bytes=got[1], uncut=whole[1])


def bench_hangs():
    n = options.lines // 4
    whole = drain(n)
    for every, time_, bytes_ in ((10, 1.10, 1.05), (3, 1.35, 1.12)):
        got = drain(n, every, True)
        tell("hangs.%d.time" % every, got[0] / whole[0], time_, "of the uncut", seconds=round(got[0], 1), uncut=round(whole[0], 1),
             cuts=got[2], found_after=round(got[3], 1))
        tell("hangs.%d.bytes" % every, got[1] / whole[1], bytes_, "of the uncut", bytes=got[1], uncut=whole[1])


def bench_windows():
    """Up for 8 s of a minute; between, nothing passes and nobody is let in."""
    with County(64000, 600) as c:
        c.station.ok("import", lines(20000, c.field.path("lines.ndjson")), timeout=600)
        c.keep_trying()
        c.line.vanish()
        c.station.start()
        gone = []
        for _ in range(6):
            time.sleep(52)
            before = c.arrived()
            c.line.appear()
            time.sleep(8)
            c.line.vanish()
            time.sleep(.5)
            gone.append(c.arrived() - before)
        tell("windows", sum(x == 0 for x in gone), 0, "windows without progress", changes=gone)


# ----

FIGURES = {"thousand": bench_thousand, "one": bench_one, "bytes": bench_bytes, "tls": bench_tls,
           "cuts": bench_cuts, "hangs": bench_hangs, "windows": bench_windows}


def main():
    global options, bench, yz
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--yizhan", default=os.path.join(REPO, "build", "yizhan"))
    p.add_argument("--only", nargs="*", choices=sorted(FIGURES), default=list(FIGURES))
    p.add_argument("--lines", type=int, default=100000, help="of cuts")
    p.add_argument("--cache", default=os.path.join(REPO, "build", "bench-cache"), help="input; delete it at will")
    options = p.parse_args()
    options.cache = os.path.abspath(options.cache)
    os.makedirs(options.cache, exist_ok=True)
    os.environ["YZ_BIN"] = os.path.abspath(options.yizhan)
    import bench as other
    import yz as harness
    bench, yz = other, harness
    bench.options = options
    for name in options.only:
        say(name)
        FIGURES[name]()


if __name__ == "__main__":
    sys.exit(main())
