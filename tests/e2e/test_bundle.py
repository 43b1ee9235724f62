"""An exchange on a stick: pack, carry, unpack, carry back, unpack, beside a line, without one, and with everything that happens to sticks."""
import json
import os
import random
import shutil
import signal
import subprocess
import time
import uuid

import pytest

import room
import yz
from story import names, register
from test_model import PERSON

A, B = yz.COUNTY + "001", yz.COUNTY + "002"
MANY = 6000                             # lines of an import: a bundle of some hundred KiB

pytestmark = pytest.mark.skipif(not os.path.exists(yz.BIN), reason="no " + yz.BIN)


class Sticks:
    """Hub, a, b and the county's station c. Without a line unless `line`."""

    def __init__(self, field, line=False):
        field.kinds = field.path("kinds")
        os.mkdir(field.kinds)
        field.write("kinds/person.conf", PERSON)
        self.field, self.saves, self.ids, self.count, self.puts = field, [], {}, 0, 0
        self.hub = field.make_hub({"a": A, "b": B, "c": yz.COUNTY})
        port = None if line else yz.free_port()
        self.a, self.b = field.make_station("a", A, port), field.make_station("b", B, port)
        self.c = field.make_station("c", yz.COUNTY, port)
        self.people = {"a": self.a, "b": self.b, "c": self.c}
        for node in field.nodes:
            node.start()

    def put(self, node, who, **fields):
        self.puts += 1
        body = {"kind": "person", "token": "s%d" % self.puts, "fields": fields}
        if who in self.ids:
            body["id"] = self.ids[who]
        else:
            body["fields"] = {"org": B if node is self.b else A, "name": who, **fields}
        receipt = node.api("POST", "put", body)
        self.ids[who] = receipt["id"]
        self.saves += names(receipt)

    def bring(self, node, lines=MANY):
        text = "".join(json.dumps({"op": "insert", "kind": "person", "id": str(uuid.UUID(int=(7 << 76 | 2 << 62 | i + 1))), "at": "2025-01-01T08:00:00+08:00",
                                   "site": A, "data": {"org": A, "name": "%030x" % random.Random(i).getrandbits(120), "phone": str(i)}}) + "\n"
                       for i in range(lines))
        told = node.ok("import", self.field.write("lines.ndjson", text)).json
        assert told["new"] == lines, told
        return lines

    def path(self, name):
        return self.field.path(name)

    def pack(self, node, name=None, *more):
        self.count += 1
        path = self.path(name or "%s-%d.ask" % (node.name, self.count))
        told = node.ok("pack", path, *more, codes=(0, 1)).json
        assert told["file"] == path and told["bytes"] == os.path.getsize(path) and not os.path.exists(path + ".part")
        return path

    def answer(self, ask):
        told = self.hub.ok("unpack", ask, codes=(0,)).json
        assert told["file"] == ask[:-4] + ".answer"
        return told["file"]

    def carry(self, node):
        """There and back until nothing is left."""
        for _ in range(20):
            told = node.ok("unpack", self.answer(self.pack(node)), codes=(0, 1)).json
            if not told["more"] and told["queued"] == 0:
                return
        raise AssertionError("%s: there is always more: %s" % (node.name, told))

    def carry_all(self):
        for _ in range(2):
            for node in self.people.values():
                self.carry(node)

    def compare(self, extra=0):
        counts = [yz.counts(node.status()) for node in self.people.values()]
        hub, told = yz.counts(self.hub.status()), yz.add(counts)
        assert told["queued"] == 0 and hub == told, (hub, told)
        there = [(x["origin"], x["n"]) for record in set(self.ids.values())
                 for x in self.hub.api("GET", "show?history=1&id=" + record)["history"]]
        assert sorted(there) == sorted(set(self.saves)), "saved and there are not the same"
        for name, org in (("a", A), ("b", B), ("c", yz.COUNTY)):
            wrong = yz.differences(name + "'s register", register(self.people[name]), register(self.hub, org))
            assert not wrong, wrong
        for node in self.field.nodes:
            assert node.api("POST", "verify", {})["ok"] and node.api("POST", "rebuild", {})["ok"]


@pytest.fixture
def sticks():
    with yz.Field() as field:
        yield Sticks(field)


@pytest.fixture
def lined():
    with yz.Field() as field:
        yield Sticks(field, True)


def refused(node, code, *verb, exit=2):
    a = node.cli(*verb)
    assert a.code == exit and a.json["error"]["code"] == code, (verb, a)
    assert code in a.err and a.err.count("\n") == 1, a.err
    for lang in ("en", "zh"):               # which, why and what to do, in either language
        text = node.cli(*verb, flags=("--lang", lang)).err
        assert code in text, text
    return a


def rewrite(path, name, change):
    with open(path, "rb") as f:
        data = bytearray(f.read())
    to = os.path.join(os.path.dirname(path), name)
    with open(to, "wb") as f:
        f.write(change(data))
    return to


# -- what it is for

def test_a_county_without_any_line(sticks):
    s = sticks
    s.put(s.a, "P1", phone="1", note="x")
    s.put(s.a, "P2", phone="2")
    s.put(s.b, "Q1", phone="3")
    s.carry_all()
    s.put(s.a, "P1", phone="4")
    s.put(s.c, "P1", phone="5")             # they collide
    s.put(s.c, "Q1", note="from the county")
    s.put(s.a, "P2", note="y")
    s.carry_all()
    assert len(s.c.cases()) == 1 and len(s.a.cases()) == 1
    receipt = s.c.ok("cases", "take", "parked", s.c.cases()[0]["case"]).json
    s.saves += names(receipt)
    s.carry_all()
    assert not s.a.cases() and not s.c.cases()
    s.compare()
    status = s.a.status()
    assert status["last_contact"] and status["last_complete"], "what a stick brought is a contact, too"


def test_a_folder_is_given_a_name(sticks):
    s, folder = sticks, sticks.path("stick")
    os.mkdir(folder)
    s.put(s.a, "P1", phone="1")
    for number in (1, 2):
        told = s.a.ok("pack", folder, codes=(0,)).json
        assert told["file"] == "%s/yizhan-a-%d.ask" % (folder, number) and told["number"] == number
        assert (told["changes"], told["left"], told["direction"], told["station"]) == (2, 0, "ask", "a")
    s.a.restart()
    assert s.a.ok("pack", folder, codes=(0,)).json["number"] == 3, "a number is not used twice"
    told = s.hub.ok("unpack", folder + "/yizhan-a-1.ask", s.path("elsewhere"), codes=(0,)).json
    assert told["file"] == s.path("elsewhere") and told["number"] == 1 and told["changes"] == 2
    told = s.a.ok("unpack", s.path("elsewhere"), codes=(0,)).json
    assert (told["number"], told["taken"], told["queued"], told["more"], told["overtaken"]) == (1, 2, 0, False, False)
    assert sorted(os.listdir(folder)) == ["yizhan-a-%d.ask" % n for n in (1, 2, 3)]


def test_a_lost_stick_shows_counts_and_no_names(sticks):
    s = sticks
    s.put(s.a, "zhang-san-of-the-hill", phone="13812345678")
    ask = s.pack(s.a)
    answer = s.answer(ask)
    for path, direction in ((ask, "ask"), (answer, "answer")):
        with open(path, "rb") as f:
            data = f.read()
        for secret in (b"zhang", b"13812345678", A.encode(), b"person", s.saves[0][0][:16].encode(), bytes.fromhex(s.saves[0][0][:16])):
            assert secret not in data, secret
        for node in s.field.nodes:
            node.stop()
        listed = s.b.ok("unpack", "--list", path, codes=(0,)).json
        assert listed == {"direction": direction, "station": "a", "number": 1, "bytes": len(data), "whole": True, "changes": 2, "left": 0}
        for node in s.field.nodes:
            node.start()
    cut = rewrite(ask, "cut", lambda d: d[:-1])
    a = s.b.cli("unpack", "--list", cut)
    assert a.code == 2 and not a.json["whole"] and "changes" not in a.json


def test_more_than_a_stick_holds(sticks):
    s = sticks
    lines = s.bring(s.a, 2 * MANY)
    small = s.a.api_raw("POST", "pack?bytes=65536", {})
    assert small[0] == 200
    path = s.path("small.ask")
    with open(path, "wb") as f:
        f.write(small[1])
    told = s.a.ok("unpack", "--list", path).json
    assert told["changes"] > 0 and told["left"] > 0 and told["changes"] + told["left"] == 2 * lines, told
    assert s.a.ok("unpack", s.answer(path), codes=(1,)).json["queued"] == told["left"]
    assert s.a.ok("pack", s.path("rest.ask"), codes=(0,)).json["changes"] == told["left"]
    s.carry_all()
    assert s.hub.status()["records"] == lines


# -- beside the line

def test_what_came_by_stick_is_not_sent_by_line(lined):
    s = lined
    s.put(s.a, "P1", phone="1")
    s.a.ok("unpack", s.answer(s.pack(s.a)), codes=(0,))
    assert s.a.sync()["up"] == 0
    s.put(s.a, "P1", phone="2")
    ask = s.pack(s.a)
    s.a.sync()
    told = s.a.ok("unpack", s.answer(ask), codes=(0,)).json
    assert told["up"] == 0 and told["taken"] == 0
    s.carry_all()
    s.compare()


def test_line_and_stick_in_any_order(lined):
    """Drawn at random: who writes, packs, unpacks what of all sticks so far, syncs, restarts."""
    s, draw = lined, random.Random(yz.SEED)
    print("YZ_SEED=%d" % yz.SEED)
    s.put(s.a, "P0", phone="0")
    s.put(s.b, "Q0", phone="0")
    asks, answers = [], []
    for step in range(40):
        name = draw.choice("aabc")
        node = s.people[name]
        what = draw.choice(("write", "write", "pack", "hub", "hub", "unpack", "unpack", "line", "restart"))
        if what == "write":
            who = draw.choice([w for w in s.ids if name == "c" or w[0] == ("P" if name == "a" else "Q")])
            if name == "c" and not node.status()["records"]:
                continue
            try:
                s.put(node, who, **{draw.choice(("phone", "note")): str(step)})
            except AssertionError as e:     # it has not heard of that one yet, and a new one needs more
                assert "YZ2201" in str(e) and '"org"' in str(e), e
        elif what == "pack":
            asks.append((name, s.pack(node)))
        elif what == "hub" and asks:
            name, ask = draw.choice(asks)
            answers.append((name, s.answer(ask)))
        elif what == "unpack" and answers:
            name, answer = draw.choice(answers)
            s.people[name].ok("unpack", answer, codes=(0, 1))
        elif what == "line":
            node.ok("sync", codes=(0, 1, 2, 3))         # the hub may just have been started again
        elif what == "restart":
            draw.choice(s.field.nodes).restart()
    for name, ask in asks:                  # all of them once more, months later
        s.people[name].ok("unpack", s.answer(ask), codes=(0, 1))
    s.carry_all()
    for case in s.c.cases():
        s.saves += names(s.c.ok("cases", "take", "parked", case["case"]).json)
    s.carry_all()
    s.compare()


def test_an_answer_that_was_lost_or_is_late(sticks):
    s = sticks
    s.put(s.a, "P1", phone="1")
    first = s.pack(s.a)
    late = shutil.copy(s.answer(first), s.path("late"))     # and lost
    s.put(s.a, "P1", phone="2")
    s.a.ok("unpack", s.answer(s.pack(s.a)), codes=(0,))
    before = register(s.a), yz.counts(s.a.status())
    assert s.a.ok("unpack", late, codes=(0,)).json["up"] == 0
    assert (register(s.a), yz.counts(s.a.status())) == before
    s.hub.restart()                                         # a newer life, of which the station hears
    s.carry(s.a)
    told = s.a.ok("unpack", late, codes=(0,)).json
    assert told["overtaken"] and told["up"] == told["down"] == 0
    s.a.ok("unpack", s.answer(first), codes=(0,))           # the oldest ask once more
    s.carry_all()
    s.compare()


# -- at the wrong place, and damaged

def test_the_wrong_place(sticks):
    s = sticks
    s.put(s.a, "P1", phone="1")
    ask = s.pack(s.a)
    answer = s.answer(ask)
    assert "station a" in refused(s.b, "YZ6032", "unpack", answer).err
    assert "hub" in refused(s.a, "YZ6032", "unpack", ask).err
    assert "station a" in refused(s.hub, "YZ6032", "unpack", answer).err
    refused(s.hub, "YZ1002", "pack", s.path("none"), exit=64)
    refused(s.a, "YZ1002", "unpack", s.path("nothing there"), exit=64)
    refused(s.a, "YZ1002", "unpack", s.field.dir, exit=64)
    assert not os.path.exists(s.path("none"))
    other = yz.Field()                      # another county, where there is a station a as well
    with other:
        o = Sticks(other)
        o.put(o.a, "O1", phone="1")
        theirs = o.pack(o.a)
        refused(s.hub, "YZ6031", "unpack", theirs)
        refused(s.a, "YZ6031", "unpack", o.answer(theirs))
        other.write("stations.conf", "[b]\norg = %s\nsecret = %s\n" % (B, o.path("b.key")))
        o.hub.restart()
        refused(o.hub, "YZ2106", "unpack", theirs, exit=4)
    s.a.ok("unpack", answer, codes=(0,))
    s.carry_all()
    s.compare()


def test_no_bundle_at_all(sticks):
    s = sticks
    s.put(s.a, "P1", phone="1")
    ask = s.pack(s.a)
    letter = s.field.write("letter.txt", "Dear county,\n" * 1000)
    for node in (s.a, s.hub):
        refused(node, "YZ6030", "unpack", letter)
        refused(node, "YZ6030", "unpack", s.field.write("empty", ""))
        refused(node, "YZ6030", "unpack", "--list", letter)
        refused(node, "YZ2102", "unpack", rewrite(ask, "newer", lambda d: d[:3] + b"\7" + d[4:]), exit=70)
    # A whole page of another's is refused by the daemon, too, and to its end: not by a broken connection.
    body = b"no bundle" * 400000
    status, text = s.a.api_raw("POST", "unpack", body, "application/vnd.yizhan.bundle")
    assert status == 422 and json.loads(text)["error"]["code"] == "YZ6030", (status, text)
    for path in (letter, s.field.dir + "/no/such/folder/x"):
        a = s.a.cli("pack", path)
        assert a.code in (5, 64), a
    with open(letter) as f:
        assert f.read().startswith("Dear county"), "a letter was written over"
    s.carry_all()
    s.compare()


def test_damage(sticks):
    """Cut at many places, and bits flipped: refused, and the good file does it all."""
    s = sticks
    s.bring(s.a)
    s.put(s.a, "P1", phone="1")
    ask = s.pack(s.a)
    s.put(s.a, "P1", phone="2")
    answer = None
    for node, path, codes in ((s.hub, ask, (0,)), (s.a, None, (0, 1))):
        path = path or answer
        size = os.path.getsize(path)
        assert size > (65536 if node is s.hub else 100), "one chunk is too few for this test"
        for at in sorted({6, 30, 60, 65553, size // 2, size - 21, size - 1} & set(range(size))):
            refused(node, "YZ6031", "unpack", rewrite(path, "cut", lambda d: d[:at]))
            refused(node, "YZ6031", "unpack", rewrite(path, "bit", lambda d: d[:at + 1] + bytes([d[at + 1] ^ 8]) + d[at + 2:])
                    if at + 1 < size and at > 6 else rewrite(path, "more", lambda d: d + b"x"))
        assert not os.path.exists(s.path("cut.answer")) and not os.path.exists(s.path("bit.answer"))
        told = node.ok("unpack", path, codes=codes).json
        answer = told.get("file")
    s.carry_all()
    s.compare()


# -- full, pulled out, killed

def test_a_full_stick(sticks):
    s = sticks
    lines = s.bring(s.a)
    small = s.pack(s.b, "small")
    with room.Room(s.path("stick"), 64) as stick:
        out = os.path.join(stick.folder, "out.ask")
        shutil.copy(small, stick.path("out.ask"))
        s.a.before = stick.enter
        refused(s.a, "YZ6002", "pack", out, exit=5)
        refused(s.a, "YZ6002", "pack", stick.folder, exit=5)
        assert os.listdir(stick.path()) == ["out.ask"]
        assert os.path.getsize(stick.path("out.ask")) == os.path.getsize(small), "what was there before is gone"
        s.a.before = []
        s.hub.before = stick.enter              # the answer does not fit: the ask is in all the same
        s.carry(s.a)
        fresh = s.pack(s.b)
        shutil.copy(fresh, stick.path("b.ask"))
        stick.fill()
        refused(s.hub, "YZ6002", "unpack", os.path.join(stick.folder, "b.ask"), exit=5)
        stick.free()
        s.hub.ok("unpack", os.path.join(stick.folder, "b.ask"), codes=(0,))
        shutil.copy(stick.path("b.answer"), s.path("b.answer"))
        s.hub.before = []
    s.b.ok("unpack", s.path("b.answer"), codes=(0,))
    s.carry_all()
    assert s.c.status()["records"] == lines


@pytest.mark.parametrize("place", ["ask.before", "commit.before", "commit.after"])
def test_a_station_killed_while_it_packs(sticks, place):
    s = sticks
    s.put(s.a, "P1", phone="1")
    s.a.stop()
    s.a.env["YZ_CRASH_AT"] = place
    if place == "ask.before":
        s.a.start()
    else:                                   # not in a start's own commits
        s.a.env["YZ_CRASH_AT"] = place + ":3"
        s.a.launch()
    until = time.monotonic() + 20
    while s.a.process.poll() is None and time.monotonic() < until:
        s.a.cli("pack", s.path("out"))
    assert s.a.wait() == -signal.SIGKILL
    s.a.env.clear()
    s.a.start()
    assert not os.path.exists(s.path("out.part"))
    s.carry_all()
    s.compare()


@pytest.mark.parametrize("who,place", [("hub", "take.before"), ("hub", "take.after"), ("hub", "answer.before"), ("hub", "answer.end"),
                                       ("hub", "commit.before"), ("hub", "commit.after"), ("a", "settle.confirm"), ("a", "settle.news"),
                                       ("a", "commit.before"), ("a", "commit.after")])
def test_killed_while_it_unpacks(sticks, who, place):
    s = sticks
    s.put(s.a, "P1", phone="1")
    s.put(s.c, "P9", phone="9")
    s.carry(s.c)
    path = s.pack(s.a)
    if who == "a":
        path = s.answer(path)
    node = s.hub if who == "hub" else s.a
    node.stop()
    for nth in range(1, 9):                 # a place of a start is none of the unpacking
        node.env["YZ_CRASH_AT"] = "%s:%d" % (place, nth)
        try:
            node.start()
            break
        except AssertionError:
            continue
    a = node.cli("unpack", path)
    assert a.code != 0 and node.wait() == -signal.SIGKILL, a
    assert not os.path.exists(s.path("a-1.answer")) or who == "a"
    node.env.clear()
    node.start()
    if who == "hub":
        path = s.answer(path)
    s.a.ok("unpack", path, codes=(0, 1))
    s.carry_all()
    s.compare()


def test_the_command_is_killed_at_random(sticks):
    """Pulled out, or killed: no half bundle under its name, ever; and it is made again."""
    s, draw = sticks, random.Random(yz.SEED)
    print("YZ_SEED=%d" % yz.SEED)
    lines = s.bring(s.a)
    out = s.path("out.ask")
    for turn in range(12):
        node, verb = (s.a, ["pack", out]) if turn % 2 == 0 or not os.path.exists(out) else (s.hub, ["unpack", out])
        process = subprocess.Popen([yz.BIN, "--conf", node.conf, *verb], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(draw.random() * .06)
        process.kill()
        process.wait()
        for path in (out, out[:-4] + ".answer"):
            if os.path.exists(path):
                assert s.a.cli("unpack", "--list", path).json["whole"]
    s.carry_all()
    assert s.hub.status()["records"] == s.a.status()["records"] == lines
