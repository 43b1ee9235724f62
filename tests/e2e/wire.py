"""A station's half of the wire, written from proto/README.md alone: it says what a test wants said, without any check."""
import hashlib
import http.client
import os
import time
import zlib

HELLO, BATCH, END, WELCOME, CONFIRM, NEWS, KINDS, FACTS, TERSE_NEWS, BRIEF_WELCOME, BRIEF_CONFIRM = range(1, 12)
ZEROS = bytes(32)
STATES = ["queued", "received", "taken", "same", "parked", "returned", "aside", "settled"]
REASONS = ["", "clash", "proposal", "ended", "fixed", "step", "rule", "scope", "unreadable", "duplicate", "value"]


def blake(data, size, key=b""):
    return hashlib.blake2b(data, digest_size=size, key=key).digest()


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out) + bytes([n])


def zigzag(n):
    return varint(n << 1 if n >= 0 else ~n << 1 | 1)


def counted(data):
    return varint(len(data)) + data


class Cut:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        out = self.data[self.at:self.at + n]
        assert len(out) == n, "cut off"
        self.at += n
        return out

    def byte(self):
        return self.take(1)[0]

    def varint(self):
        out = shift = 0
        while True:
            b = self.byte()
            out |= (b & 127) << shift
            if b < 128:
                return out
            shift += 7

    def counted(self):
        return self.take(self.varint())

    def why(self):
        reason = self.byte()
        return (REASONS[reason],) + ((self.counted().decode(), self.counted().decode()) if reason else ("", ""))


def change(origin, n, record, kind, cell, body, key=b"", base=0, author="wire".encode(), settles=(), was=None):
    """Canonical bytes; `body` is {field id: bytes}; `settles` the names (origin, n) of cases; `was` its old name and hash."""
    out = b"\x01" + origin + varint(n) + varint((4 if settles else 0) + (8 if was else 0)) + record + varint(kind) + varint(cell) + counted(key)
    out += varint(base) + counted(author) + zigzag(int(time.time() * 1000)) + zigzag(1) + bytes(8)
    if settles:
        out += varint(len(settles)) + b"".join(o + varint(m) for o, m in settles)
    if was:
        out += was[0] + varint(was[1]) + was[2]
    out += varint(len(body))
    return out + b"".join(varint(f) + counted(body[f]) for f in sorted(body))


def batch(kinds, origin, first, before, changes, version=1, layout=0, size=None, checksum=None):
    rows = b"".join(b"\x00" + counted(c) for c in changes)
    check = blake(kinds + origin + first.to_bytes(8, "little") + before + len(changes).to_bytes(8, "little") + rows, 16)
    return (bytes([version, layout]) + kinds + origin + varint(first) + before + varint(len(changes)) +
            varint(len(rows) if size is None else size) + (checksum or check) + zlib.compress(rows))


class Station:
    """Speaks for one origin; what it sends is its caller's business."""

    def __init__(self, hub_port, name, secret):
        self.port, self.name, self.key = hub_port, name.encode(), blake(secret, 32)
        self.origin, self.n, self.head, self.confirmed = os.urandom(16), 0, ZEROS, 0
        self.kinds, self.life, self.number = ZEROS, 0, 0
        self.parent = b"\x00"              # or 1, name and hash of the change it goes on from
        self.cursors, self.dictionary, self.brief = {}, b"", b""       # brief: or 1, and 1 again if it reads brief confirmations

    def chain(self, changes):
        before = self.head
        for c in changes:
            self.head = blake(self.head + c, 32)
        self.n += len(changes)
        return before

    def hello(self):
        return (varint(self.life) + varint(self.number) + varint(0) + self.kinds + varint(1 << 20) + zigzag(int(time.time() * 1000)) + varint(0) * 5 + varint(1) +
                self.origin + varint(self.confirmed) + varint(self.n) + self.head + self.parent + varint(len(self.cursors)) +
                b"".join(counted(s) + varint(n) for s, n in self.cursors.items()) +
                (self.dictionary + counted(b"") + bytes(8) + zigzag(0) + self.brief if self.dictionary else b""))

    def mac(self, ask, index, answer, kind, payload):
        return blake(ask + bytes([1, answer, kind]) + index.to_bytes(8, "little") + payload, 16, self.key)

    def ask(self, batches, more=()):
        ask = os.urandom(16)
        out = b"YZ\x01A" + ask + counted(self.name)
        for i, (kind, payload) in enumerate([(HELLO, self.hello())] + [(BATCH, b) for b in batches] + list(more) + [(END, b"")]):
            out += bytes([kind]) + counted(payload) + self.mac(ask, i, 0, kind, payload)
        return ask, out

    def post(self, body):
        http_ = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        http_.request("POST", "/exchange", body, {"Content-Type": "application/vnd.yizhan.exchange"})
        reply = http_.getresponse()
        data = reply.read()
        http_.close()
        return reply.status, data

    def exchange(self, batches, more=()):
        """Frames of the answer as (type, payload); every MAC is checked."""
        ask, body = self.ask(batches, more)
        status, data = self.post(body)
        assert status == 200, (status, data)
        return self.frames(ask, data)

    def frames(self, ask, data):
        cut, frames = Cut(data), []
        assert cut.take(20) == b"YZ\x01R" + ask
        while cut.at < len(data):
            kind, payload = cut.byte(), cut.counted()
            assert cut.take(16) == self.mac(ask, len(frames), 1, kind, payload)
            frames.append((kind, payload))
        assert frames[0][0] in (WELCOME, BRIEF_WELCOME) and frames[-1][0] == END
        return frames

    def answer(self, ask, frames):
        """An answer as the hub would write it."""
        return b"YZ\x01R" + ask + b"".join(bytes([kind]) + counted(payload) + self.mac(ask, i, 1, kind, payload)
                                           for i, (kind, payload) in enumerate(frames))

    def confirms(self, frames):
        """What the hub says of our origin: (standing, through, [(n, verdict, reason, field, rule)])."""
        told, standing, through = [], 0, 0
        for kind, payload in frames:
            if kind not in (CONFIRM, BRIEF_CONFIRM):
                continue
            cut = Cut(payload)
            if kind == CONFIRM:
                assert cut.take(16) == self.origin
                standing, n, through = cut.byte(), cut.varint(), cut.varint()
                cut.take(32), cut.byte()
            else:
                assert cut.varint() == 0
                standing, n, through = 0, self.confirmed + 1, self.n
            for _ in range(cut.varint()):
                count, verdict, _ = cut.varint(), cut.byte(), cut.varint()
                why = cut.why()
                told += [(n + i, STATES[verdict]) + why for i in range(count)]
                n += count
            self.confirmed = max(self.confirmed, n - 1)
        return standing, through, told


def hub_kinds(frames):
    """The hash of the kinds the hub sends (BLAKE2b-256 of their text)."""
    for kind, payload in frames:
        if kind == KINDS:
            cut = Cut(payload)
            size = cut.varint()
            text = zlib.decompress(payload[cut.at:])
            assert len(text) == size
            return blake(text, 32)
    raise AssertionError("no kinds")
