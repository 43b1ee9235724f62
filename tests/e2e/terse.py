"""Terse batches, read by a second implementation: written from proto/README.md alone, kept plain rather than fast."""
import hashlib

from wire import Cut, blake, counted, varint, zigzag

M32, M64 = (1 << 32) - 1, (1 << 64) - 1
(SHAPE, PART, WALL, DRIFT, AT, REF, NEAR, FAR, ORIGIN, BIRTH, BASE, SETTLES, FORM, MEMO, DATE, DAYS, MONTHS, LENGTH, DIGIT, TAIL, AREA, BORN,
 SEX, ID, MATCH, SIZE, BYTE, NEXT, ALIKE, WHAT, SEQ, DRAWN, VOICE, PREFIX, BEFORE, GAP, CHAIN, WHY, CASE) = range(1, 40)
LETTER, SLOTS, TEXTS, PLACES = 64, 1 << 17, 524288, 16384
POINTS = [1, 2, 4, 6, 10, 17, 27, 45, 73, 120, 194, 310, 488, 747, 1101, 1546, 2048, 2550, 2995, 3349, 3608, 3786, 3902, 3976, 4023, 4051,
          4069, 4079, 4086, 4090, 4092, 4094, 4095]
PACE = [131072 // (2 * c + 3) for c in range(128)]
EPOCH_YEAR = 1970


class Refused(Exception):
    pass


def squash(x):
    if x > 2047:
        return 4095
    if x < -2047:
        return 1
    i, f = (x + 2048) >> 7, (x + 2048) & 127
    return (POINTS[i] * (128 - f) + POINTS[i + 1] * f + 64) >> 7


def make_stretch():
    out, x = [], -2047
    for p in range(4096):
        while x <= 2047 and squash(x) < p:
            x += 1
        out.append(min(x, 2047))
    return out


STRETCH = make_stretch()


def mix(a, b):
    h = (a * 0x2c9277b5 + b * 0x5851f42d + 0x14057b7e) & M32
    h ^= h >> 15
    h = h * 0x85ebca6b & M32
    return h ^ h >> 13


def fnv(text):
    h = 0x811c9dc5
    for b in text:
        h = (h ^ b) * 0x01000193 & M32
    return h ^ h >> 15


def wrap(n):
    """As a signed number of 64 bits."""
    n &= M64
    return n - (1 << 64) if n >> 63 else n


def days_of(y, m, d):
    """Days since 1970-01-01, by counting."""
    leaps = (y - 1) // 4 - (y - 1) // 100 + (y - 1) // 400
    leap = (y % 4 == 0 and y % 100 != 0) or y % 400 == 0
    months = [31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return (y - 1) * 365 + leaps + sum(months[:m - 1]) + d - 1 - 719162


def date_of(days):
    """(year, month, day), or None outside the years 1 to 9999."""
    if not days_of(1, 1, 1) <= days <= days_of(9999, 12, 31):
        return None
    y = 1
    step = 8192
    while step:
        if y + step <= 9999 and days_of(y + step, 1, 1) <= days:
            y += step
        step //= 2
    m = max(m for m in range(1, 13) if days_of(y, m, 1) <= days)
    return y, m, days - days_of(y, m, 1) + 1


class Field:
    def __init__(self):
        self.memos, self.next = [b""] * 64, 0
        self.memo = self.form = self.length = self.since = self.ago = self.months = 0
        self.area = bytes(6)

    def copy(self):
        out = Field()
        out.__dict__.update(self.__dict__, memos=list(self.memos))
        return out


class Mind:
    """What is remembered from batch to batch: what a dictionary taught."""

    def __init__(self):
        self.chance, self.count = [1 << 21] * SLOTS, [0] * SLOTS
        self.weights = [[19660] * 4 for _ in range(128)]
        self.texts, self.follows, self.pairs = bytearray(1), [0] * 16384, {}
        self.fields, self.shapes, self.next = {}, [], [0] * 1024

    def copy(self):
        out = Mind.__new__(Mind)
        out.chance, out.count, out.weights = list(self.chance), list(self.count), [list(w) for w in self.weights]
        out.texts, out.follows, out.pairs = bytearray(self.texts), list(self.follows), dict(self.pairs)
        out.fields, out.shapes, out.next = {k: f.copy() for k, f in self.fields.items()}, list(self.shapes), list(self.next)
        return out


class Coder:
    def __init__(self, mind, data):
        self.mind, self.data, self.at, self.range, self.code = mind, data, 0, M32, 0
        for _ in range(4):
            self.code = self.code << 8 | self.byte()

    def byte(self):
        self.at += 1
        return self.data[self.at - 1] if self.at <= len(self.data) else 0

    def fill(self):
        while self.range < 1 << 24:
            self.range, self.code = self.range << 8, (self.code << 8 | self.byte()) & M32

    def bit(self, decision, slots):
        chance, count, w = self.mind.chance, self.mind.count, self.mind.weights[decision]
        x = [STRETCH[chance[s] >> 10] for s in slots]
        p = squash(sum(a * b for a, b in zip(w, x)) >> 16)
        part = (self.range >> 12) * p
        bit = int(self.code < part)
        if bit:
            self.range = part
        else:
            self.range, self.code = self.range - part, self.code - part
        self.fill()
        miss = ((bit << 12) - p) * 6
        for i, (s, xi) in enumerate(zip(slots, x)):
            w[i] += (xi * miss + 512) >> 10
            chance[s] += ((4194303 if bit else 0) - chance[s]) * PACE[count[s]] >> 16
            count[s] += count[s] < 127
        return bit

    def tree(self, decision, bits, contexts):
        node = 1
        for _ in range(bits):
            node = node * 2 + self.bit(decision, [(c ^ node) % SLOTS for c in contexts])
        return node - (1 << bits)

    def number(self, decision, contexts):
        length = self.tree(decision, 3, contexts)
        if length == 7:
            length = min(64, 7 + self.tree(decision, 6, [mix(c, 84) for c in contexts]))
        if length < 2:
            return length
        learned = min(3, length - 1)
        out = 1 << learned | self.tree(decision, learned, [mix(c, 200 + length) for c in contexts])
        left = length - 1 - learned
        while left:
            bits = min(16, left)
            out, left = out << bits | self.even(1 << bits), left - bits
        return out

    def even(self, many):
        part = self.range // many
        value = min(self.code // part, many - 1)
        self.code, self.range = self.code - value * part, part
        self.fill()
        return value

    def bytes(self, n):
        return bytes(self.even(256) for _ in range(n))


class Batch:
    """One batch being read. `known(origin, n)` gives record and number of a change the hub has; None: a dictionary."""

    def __init__(self, mind, code, origin, first, known, wall=0, drift=0, boot=bytes(8), author=None):
        self.mind, self.coder, self.known = mind, Coder(mind, code), known
        self.origin, self.first, self.n = origin, first, first
        self.seen, self.record, self.other, self.told = [0, 0, 0], bytes(16), bytes(16), []
        self.wall, self.mono, self.boot, self.at, self.author = wall, wrap(wall - drift), boot, wall, author or b""
        self.date = self.anchor = self.base = 0
        self.origins, self.last, self.step = [origin], [first] * 256, [0] * 256
        if author is not None:
            self.keep(author)

    # ---- decisions ----

    def contexts(self, on, a, b, c=None):
        f = mix(on, a & M32)
        return [f, mix((f + 1) & M32, b & M32)] + ([] if c is None else [mix((f + 2) & M32, c & M32)])

    def tree(self, on, bits, a, b, c=None):
        return self.coder.tree(on, bits, self.contexts(on, a, b, c))

    def number(self, on, a, b):
        return self.coder.number(on, self.contexts(on, a, b))

    def signed(self, on, a, b):
        n = self.number(on, a, b)
        return wrap(n >> 1 ^ (M64 if n & 1 else 0))

    # ---- places ----

    def rows(self, places):
        out = b""
        for _ in range(places):
            record = bytes(16)
            if not self.tree(SIZE, 1, 0, 0):
                row = self.change()
                record, row = self.record, b"\0" + counted(row)
            elif self.tree(SIZE, 1, 1, 0):
                row = b"\0" + counted(self.as_they_are())
            else:
                row = b"\1" + self.coder.bytes(32)
            self.told.append(record)
            self.n += 1
            out += row
        if self.coder.at < len(self.coder.data):
            raise Refused("bytes behind the last place")
        return out

    def as_they_are(self):
        out, before = bytearray(), 0
        for _ in range(self.number(SIZE, 1, 0)):
            before = self.tree(BYTE, 8, 0, before)
            out.append(before)
        return bytes(out)

    def shape(self):
        mind, seen = self.mind, self.seen
        i = mix(seen[0], seen[1]) % 1024
        at = mind.next[i] if self.tree(NEXT, 1, seen[0], seen[1]) else self.tree(SHAPE, 8, seen[0], seen[1], mix(seen[1], seen[2]))
        mind.next[i] = at
        if at < 255:
            if at >= len(mind.shapes):
                raise Refused("no such shape")
            shape = mind.shapes[at]
        else:
            flags, record, base, stamp, kind, cell, fields = (self.number(PART, k, 0) for k in range(1, 8))
            if fields > 8:
                raise Refused("too many fields")
            shape = flags, record, base, stamp, kind, cell, tuple(self.number(PART, 8, 0) for _ in range(fields))
            if len(mind.shapes) < 255:
                mind.shapes.append(shape)
        self.seen = [at] + seen[:2]
        return shape

    def change(self, name=None):
        flags, record, base, stamp, kind, cell, fields = self.shape()
        self.stamps(stamp, flags & 2)
        at = self.at if flags & 2 else 0
        self.now = at if flags & 2 else self.wall
        self.times = self.wall, self.mono, self.boot
        out = self.records(record, base)
        settles, was, body, key = b"", b"", b"", b""
        if flags & 4:
            count = self.number(SETTLES, 0, 0)
            settles = varint(count) + b"".join(self.origin_id() + varint(self.number(SETTLES, 1, 0)) for _ in range(count))
        if flags & 8:
            was = self.origin_id() + varint(self.number(SETTLES, 1, 0)) + self.coder.bytes(32)
        self.values, before = [], 0
        if flags & 16:
            key, before = self.value((kind * 165 + 80 + cell) & M32, 0)
        for field in fields:
            text, before = self.value((kind * 165 + field) & M32, before)
            self.values.append(text)
            body += varint(field) + counted(text)
        name = name or self.origin + varint(self.n)
        return (b"\1" + name + varint(flags & 15) + self.record + varint(kind) + varint(cell) + counted(key) +
                varint(out) + counted(self.author) + zigzag(self.wall) + zigzag(self.mono) + self.boot +
                (zigzag(at) if flags & 2 else b"") + settles + was + varint(len(fields)) + body)

    def stamps(self, stamp, stated):
        if stamp & 2:
            self.author = self.text(1)
        if stamp & 1:
            return
        drift = wrap(self.wall - self.mono)
        if stamp & 4:
            self.boot = self.coder.bytes(8)
        self.wall = wrap(self.wall + self.signed(WALL, 0, self.seen[0]))
        if stamp & 8:
            drift = wrap(drift + self.signed(DRIFT, 0, stamp & 4))
        self.mono = wrap(self.wall - drift)
        if stated:
            self.at = wrap(self.at + self.signed(AT, 0, 0))

    def records(self, record, base):
        """Sets the record, returns the base."""
        known = self.known_change(self.seen[0]) if record == 1 or self.names_base(base) else None
        if record != 0:
            new = known[0] if record == 1 else self.new_id(record)
            self.other, self.record, self.anchor = self.record, new, 0
        if base == 2:
            out = (self.base + self.signed(BASE, 0, 0)) & M64
        else:
            out = self.known_base(known) if base == 1 else 0
        self.base = out or self.base
        return out

    def names_base(self, base):
        return base == 1

    def known_base(self, known):
        return known[1]

    def new_id(self, record):
        if record == 4:
            return self.coder.bytes(16)
        ms = self.now
        if record == 3:
            ms = wrap(ms + self.signed(BIRTH, 0, 0))
        out = (ms & (1 << 48) - 1).to_bytes(6, "big")
        out += bytes([0x70 | self.coder.even(16)])
        out += bytes([self.coder.even(256)])
        out += bytes([0x80 | self.coder.even(64)])
        return out + self.coder.bytes(7)

    def origin_id(self, on=ORIGIN, a=0):
        at = self.number(on, a, 0)
        self.which = min(at, len(self.origins))
        if at < len(self.origins):
            return self.origins[at]
        out = self.new_origin(on)
        if len(self.origins) < 64:
            self.origins.append(out)
        return out

    def new_origin(self, on):
        return self.coder.bytes(16)

    def known_change(self, shape):
        """(record, number)"""
        origin = self.origin_id()
        how = self.tree(REF, 2, 0, shape)
        if how == 0:
            n = self.last[shape] + self.step[shape]
        elif how == 1:
            n = self.last[shape] + self.signed(NEAR, 0, shape)
        elif origin == self.origin:
            n = self.n - self.number(FAR, 1, 0)
        else:
            n = self.number(FAR, 0, 0)
        n &= M64
        self.step[shape], self.last[shape] = (n - self.last[shape]) & M64, n
        if origin == self.origin and n >= self.first:
            if n - self.first >= len(self.told):
                raise Refused("a change yet to come")
            return self.told[n - self.first], self.number_of(n)
        if not self.known:
            raise Refused("a dictionary that knows something")
        return self.known(origin, n)

    def number_of(self, n):
        """Of a change told here."""
        return 0 if self.known else n

    # ---- values ----

    def value(self, field, before):
        """(text, its hash)"""
        mind = self.mind
        keep = mind.fields.setdefault(field % 256, Field())
        key = mix(field, before)
        pair = mind.pairs.get(key % 4096)
        paired = pair is not None and pair[0] == key
        if self.tree(ALIKE, 1, 2 * field + paired, keep.form):
            form = keep.form
        else:
            form = self.tree(FORM, 3, 2 * field + paired, before, keep.form)
        keep.form = form
        if form == 0:
            text = pair[1] if paired else b""
            self.anchor = fnv(text)
        elif form == 1:
            keep.memo = self.tree(MEMO, 6, field, before, keep.memo)
            text = keep.memos[keep.memo]
            mind.pairs[key % 4096] = key, text
        else:
            text = [self.date_text, self.month, self.digits_text, self.id18, self.id_text, self.spelled][form - 2](field, keep)
        if not text:
            raise Refused("an empty value")
        if form in (4, 7):
            mind.pairs[key % 4096] = key, text
            if len(text) <= 64:
                keep.memos[keep.next] = text
                keep.next = (keep.next + 1) % 64
        return text, fnv(text)

    def today(self):
        return wrap(self.now + 8 * 3600000) // 86400000

    def days(self, field, keep):
        today, how = self.today(), self.tree(DATE, 2, field, 0)
        if how == 0:
            days = wrap(self.date + keep.since)
        elif how == 1:
            days = wrap(today - keep.ago)
        else:
            days = wrap(today - self.signed(DAYS, field, 0))
        keep.since, keep.ago, self.date = wrap(days - self.date), wrap(today - days), days
        return days

    def ymd(self, days):
        date = date_of(days)
        if date is None:
            raise Refused("no date")
        return date

    def date_text(self, field, keep):
        return b"%04d-%02d-%02d" % self.ymd(self.days(field, keep))

    def month(self, field, keep):
        date = date_of(self.today())
        now = date[0] * 12 + date[1] - 1 if date else 0
        keep.months = self.signed(MONTHS, field, keep.months & 63)
        months = wrap(now - keep.months)
        if not 0 <= months < 120000:
            raise Refused("no month")
        return b"%04d-%02d" % (months // 12, months % 12 + 1)

    def digits(self, field, count):
        out, h = b"", 0
        for i in range(5 if count == 11 else count):
            at = (32 * field + i) & M32
            digit = self.tree(DIGIT, 4, at, h) if i < 5 else self.coder.tree(TAIL, 4, [mix(20, at)])
            if digit > 9:
                raise Refused("no digit")
            out += b"%d" % digit
            h = (h * 10 + digit + 1) & M32
        return out + b"%06d" % self.coder.even(1000000) if count == 11 else out

    def digits_text(self, field, keep):
        keep.length = self.tree(LENGTH, 5, field, keep.length)
        return self.keep(self.digits(field, keep.length))

    def id18(self, field, keep):
        if not self.tree(AREA, 1, field, 0):
            keep.area = self.digits(field, 6)
        elif keep.area == bytes(6):
            raise Refused("no area came before")
        days = self.date if self.tree(BORN, 1, field, 0) else self.days(field, keep)
        odd = self.tree(SEX, 1, field, fnv(self.values[2]) if len(self.values) > 2 else 0)
        first = keep.area + b"%04d%02d%02d" % self.ymd(days) + b"%03d" % (2 * self.coder.even(500) + odd)
        weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
        return first + b"10X98765432"[sum((c - 48) * w for c, w in zip(first, weights)) % 11:][:1]

    def id(self, field):
        how = self.tree(ID, 2, field, 0)
        return self.other if how == 0 else self.known_change(255)[0] if how == 1 else self.coder.bytes(16)

    def id_text(self, field, keep):
        h = self.id(field).hex().encode()
        return b"-".join((h[:8], h[8:12], h[12:16], h[16:20], h[20:]))

    def spelled(self, field, keep):
        return self.text(field)

    # ---- texts ----

    def keep(self, text):
        if len(self.mind.texts) + len(text) + 1 > TEXTS:
            raise Refused("too much text")
        self.mind.texts += text + b"\0"
        return text

    def text(self, field):
        texts, follows = self.mind.texts, self.mind.follows
        start = len(texts)
        follow = length = letter = left = one = two = letters = 0
        while True:
            end = len(texts)
            told = end - start
            if end == TEXTS:
                raise Refused("too much text")
            if told == 0:
                h = mix(field, self.anchor)
            else:
                h = 0 if told >= 6 else field
                for b in texts[end - min(6, told):]:
                    h = ((h ^ b) * 0x2c9277b5 + 0x9e3779b9) & M32
                h ^= h >> 15
            slot = h % 16384
            if follow == 0 and follows[slot]:
                follow, length = follows[slot], 0
                while length < min(15, told, follow) and texts[follow - 1 - length] == texts[end - 1 - length]:
                    length += 1
                if length < 3 and told >= 3:
                    follow = 0
            follows[slot] = end
            if follow and self.tree(MATCH, 1, length, texts[follow] + 256 * left, mix(field, left + (0 if told else 4))):
                byte, follow, length = texts[follow], follow + 1, min(15, length + 1)
            else:
                part = mix(letter, left)
                byte = self.coder.tree(LETTER + left + 3 * (field % 16), 8, [mix(mix(field, min(letters, 3)), part), mix((one + 7) & M32, part),
                                                                             mix(mix(two, one), part), mix(910, part)])
                follow = 0
            texts.append(byte)
            letter = (letter << 8 | byte) & M32
            left = left - 1 if left else 2 if byte >= 0xE0 else 1 if byte >= 0xC0 else 0
            if left == 0:
                two, one, letter, letters = one, letter, 0, letters + 1
            if byte == 0:
                return bytes(texts[start:-1])


class Voice:
    n = hash = None


class News(Batch):
    """A frame of news being read. `had(origin, n)` gives (record, hash, canonical bytes) of a change the station has, or None;
    `begins(prefix)` the origins it has that begin so."""

    def __init__(self, mind, code, welcome, start, had, begins):
        super().__init__(mind, code, bytes(16), 1, lambda origin, n: (self.have(origin, n)[0], 0), welcome.wall)
        self.mono = self.wall
        self.had, self.begins, self.numbers, self.voices, self.speaker, self.n = had, begins, [], {}, 0, 0
        self.what, self.seq, self.gap, self.ahead = 0, start, 0, [wrap(welcome.number - welcome.seq)] * 4

    def have(self, origin, n):
        found = self.had(origin, n)
        if found is None:
            raise Refused("a change that is not here")
        return found

    def items(self, count):
        return b"".join(self.item() for _ in range(count))

    def item(self):
        self.n, self.record_now = self.n + 1, None
        what = self.what = self.tree(WHAT, 2, self.what, 0)
        gap = self.number(SEQ, what, self.gap)
        self.gap, self.seq = min(gap, 15), (self.seq + 1 + gap) & M64
        self.ahead[what] = wrap(self.ahead[what] + self.signed(DRAWN, what, int(gap > 0)))
        number = (self.seq + self.ahead[what]) & M64
        out = bytes([what]) + varint(self.seq) + varint(number)
        if what == 1:
            out += self.id(0)
        elif what == 3:
            out += self.origin_id(ORIGIN, 2) + varint(self.number(FAR, 2, 0))
            out += bytes([self.tree(CASE, 8, 1, 0)]) + self.why()
        else:
            out += self.told_change()
        if what == 2:
            out += self.case()
        self.told.append(self.record_now or bytes(16))
        self.numbers.append(number if self.record_now else 0)
        return out

    def why(self):
        reason = self.number(WHY, self.what, 0)
        return bytes([reason]) + (counted(self.text(2)) + counted(self.text(3)) if reason else b"")

    def case(self):
        out = self.why()
        flags = self.tree(CASE, 2, 0, 0)
        out += bytes([flags])
        if not flags & 1:
            out += self.origin_id(ORIGIN, 1) + varint(self.number(SETTLES, 1, 1))
        return out + (counted(self.as_they_are()) if flags & 2 else b"")

    def told_change(self):
        if self.tree(SIZE, 1, 0, 0):
            row = self.as_they_are() if self.tree(SIZE, 1, 1, 0) else b""
            return counted(row) + self.coder.bytes(32)
        origin, voice = self.voice()
        n = (voice.n + 1 + self.signed(GAP, self.what, int(voice.n > 0))) & M64
        row = self.change(origin + varint(n))
        self.record_now = self.record
        if not self.tree(CHAIN, 1, self.what, int(n == voice.n + 1)):
            hash_ = self.coder.bytes(32)
        elif n <= 1:
            hash_ = blake(bytes(32) + row, 32)
        else:
            hash_ = blake((voice.hash if voice.hash and voice.n == n - 1 else self.have(origin, n - 1)[1]) + row, 32)
        voice.n, voice.hash = n, hash_
        return counted(row) + hash_

    def voice(self):
        """Who speaks: its stamp and author are what it said last."""
        self.voices.setdefault(self.speaker, Voice()).state = self.wall, self.mono, self.boot, self.at, self.author
        origin = self.origin_id(VOICE, self.speaker)
        self.speaker = self.which
        voice = self.voices.setdefault(self.speaker, Voice())
        if voice.n is None or self.speaker == 64:
            voice.n, voice.hash, voice.state = 0, None, (self.wall, self.mono, self.boot, self.at, self.author)
            if self.tree(BEFORE, 1, 0, 0):
                voice.n = self.number(BEFORE, 1, 0)
                _, voice.hash, row = self.have(origin, voice.n)
                wall, mono, boot, author = stamp_of(row)
                voice.state = wall, mono, boot, self.at, self.keep(author)
        self.wall, self.mono, self.boot, self.at, self.author = voice.state
        return origin, voice

    def names_base(self, base):
        return False

    def known_base(self, known):
        return ((known[1] if known and known[1] else self.base) + self.signed(BASE, 1, 1 + self.seen[0])) & M64

    def number_of(self, n):
        return self.numbers[n - 1]

    def new_origin(self, on):
        if not self.tree(PREFIX, 1, on, 0):
            return self.coder.bytes(16)
        found = self.begins(self.coder.bytes(4))
        if len(found) != 1:
            raise Refused("which origin?")
        return found[0]


def stamp_of(row):
    """(wall clock, since boot, which boot, author) of a change."""
    cut = Cut(row)
    cut.take(17), cut.varint(), cut.varint(), cut.take(16), cut.varint(), cut.varint(), cut.counted(), cut.varint()
    author = cut.counted()
    wall, mono = Hello.zigzag(cut), Hello.zigzag(cut)
    return wall, mono, cut.take(8), author


class Welcome:
    """What of a welcome terse news need."""

    def __init__(self, payload):
        cut = Cut(payload)
        cut.take(16)
        self.reach(cut)
        self.kinds = cut.take(32)
        self.streams = [cut.counted() for _ in range(cut.varint())]
        self.dictionary = cut.take(8) if cut.at < len(payload) else b""
        self.brief = cut.at < len(payload) and cut.byte() == 1

    def reach(self, cut):
        self.life, self.number, self.seq, self.secured = cut.varint(), cut.varint(), cut.varint(), cut.varint()
        self.wall = Hello.zigzag(cut)

    @classmethod
    def of_brief(cls, payload, hello):
        """What a brief one stands for."""
        self, cut = cls.__new__(cls), Cut(payload)
        self.reach(cut)
        self.kinds, self.streams, self.dictionary, self.brief = hello.kinds, list(hello.cursors), hello.dictionary, True
        return self


def read_news(mind, welcome, data, had, begins):
    """(stream, from, to, as of, more, count, items): the items as they stand in plain news."""
    cut = Cut(data)
    stream = welcome.streams[cut.varint()]
    start = cut.varint()
    end, flags = start + cut.varint(), cut.byte()
    as_of = welcome.number + Hello.zigzag(cut) if flags & 2 else 0
    count, items = cut.varint(), b""
    if count > PLACES or flags > 3:
        raise Refused("its head")
    if count:
        checksum = cut.take(8)
        reader = News(mind.copy(), data[cut.at:], welcome, start, had, begins)
        items = reader.items(count)
        if reader.coder.at < len(reader.coder.data):
            raise Refused("bytes behind the last item")
        if blake(items, 16)[:8] != checksum:
            raise Refused("its checksum")
    return stream, start, end, as_of, flags & 1, count, items


def read_dictionary(data):
    """(mind, name)"""
    cut, mind = Cut(data), Mind()
    places = cut.varint()
    Batch(mind, data[cut.at:], bytes(16), 1, None).rows(places)
    return mind, hashlib.blake2b(data, digest_size=32).digest()[:8]


class Hello:
    """What of a hello a terse batch needs."""

    def __init__(self, payload):
        cut = Cut(payload)
        for _ in range(3):
            cut.varint()
        self.kinds = cut.take(32)
        cut.varint()
        self.wall = self.zigzag(cut)
        for _ in range(5):
            cut.varint()
        self.heads, self.hashes = [], {}
        for _ in range(cut.varint()):
            origin, confirmed, _ = cut.take(16), cut.varint(), cut.varint()
            self.hashes[origin] = cut.take(32)
            if cut.byte() == 1:
                cut.take(16), cut.varint(), cut.take(32)
            self.heads.append((origin, confirmed))
        self.cursors = {}
        for _ in range(cut.varint()):
            stream = cut.counted()
            self.cursors[stream] = cut.varint()
        self.dictionary, self.author, self.boot, self.drift = cut.take(8), cut.counted(), cut.take(8), self.zigzag(cut)

    @staticmethod
    def zigzag(cut):
        n = cut.varint()
        return wrap(n >> 1 ^ (M64 if n & 1 else 0))


def read_batch(mind, hello, data, known):
    """The rows of a terse batch, as they stand in one of version 1."""
    cut = Cut(data)
    version, flags = cut.byte(), cut.byte()
    if version != 2 or flags > 1:
        raise Refused("another version")
    kinds = cut.take(32) if flags & 1 else hello.kinds
    origin, confirmed = hello.heads[cut.varint()]
    first = confirmed + 1 + cut.varint()
    cut.take(4)
    places, checksum = cut.varint(), cut.take(8)
    if not 1 <= places <= PLACES:
        raise Refused("too many places")
    rows = Batch(mind.copy(), data[cut.at:], origin, first, known, hello.wall, hello.drift, hello.boot, hello.author).rows(places)
    if blake(kinds + origin + first.to_bytes(8, "little") + places.to_bytes(8, "little") + rows, 16)[:8] != checksum:
        raise Refused("its checksum")
    return rows
