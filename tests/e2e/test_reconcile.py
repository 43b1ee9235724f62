"""Comparing with the hub, on real binaries: rot that no check of the file sees, a hub restored that nobody refills, cut lines, kills."""
import http.client
import json
import os
import random
import shutil
import sqlite3
import subprocess
import threading
import time

import pytest

import made_up
import proxy
import wire
import yz

pytestmark = pytest.mark.skipif(not os.path.exists(yz.BIN), reason="no " + yz.BIN)
TOWN, OTHER = yz.COUNTY + "001", yz.COUNTY + "002"
DIGEST, DIGESTS = 16, 17


@pytest.fixture
def field():
    with yz.Field() as field:
        yield field


class County:
    """A hub, a township whose line is the proxy's, a second one, and the county's station; `people` members."""

    def __init__(self, field, people=60):
        self.rnd = random.Random(yz.SEED)
        print("seed %d" % yz.SEED)
        self.field, self.made = field, made_up.MadeUp(self.rnd.getrandbits(30), 20)
        self.line = proxy.Proxy(0)
        field.closers.append(self.line.close)
        self.hub = field.make_hub({"t1": TOWN, "t2": OTHER, "county": yz.COUNTY})
        self.line.target = ("127.0.0.1", field.hub_port)
        self.town = field.make_station("t1", TOWN, self.line.port)
        self.other = field.make_station("t2", OTHER)
        self.county = field.make_station("county", yz.COUNTY)
        self.stations = (self.town, self.other, self.county)
        for node in (self.hub,) + self.stations:
            node.start()
        self.phones = {}
        lines = [json.dumps(self.line_of(i), ensure_ascii=False) for i in range(people)]
        a = self.county.ok("import", field.write("people.ndjson", "\n".join(lines) + "\n")).json
        assert a["new"] == people and a["wrong"] == 0, a
        self.sync()

    def line_of(self, i):
        town = TOWN if i % 3 else OTHER
        fields = {k: v for k, v in self.made.member(town).items() if v}
        fields["phone"] = "12%09d" % i
        id = "%08x-0000-7000-8000-%012x" % (i * 70000003 % 2 ** 32, i)
        self.phones[id] = fields["phone"]
        return {"op": "insert", "kind": "member", "id": id, "at": "2025-01-01T08:00:00+08:00", "site": yz.COUNTY, "data": fields}

    def people_of(self, node):
        text = node.export()
        return sorted(i for i in self.phones if self.phones[i] in text)

    def sync(self):
        for _ in range(2):
            for node in self.stations:
                node.sync(30)

    def agree(self):
        for node in self.stations:
            a = node.cli("reconcile")
            assert a.code == 0, (node.name, a)
            assert node.export() == self.hub.export("--scope", TOWN if node is self.town else
                                                    OTHER if node is self.other else yz.COUNTY)


def compare(node, *more, code=0):
    """The lines that differ, and the sum."""
    a = node.cli("reconcile", *more)
    assert a.code == code, "%r\n%s" % (a, node.tail())
    lines = a.lines
    assert [x for x in lines if "state" in x] == lines[-1:]
    return lines[:-1], lines[-1]


def rot(node, old, new):
    """Bytes of its closed file, which must stand there once; checks of SQLite's own see nothing of it."""
    node.stop()
    path = os.path.join(node.data, "yizhan.db")
    with open(path, "rb") as f:
        data = f.read()
    assert data.count(old) == 1, "%d times in the file" % data.count(old)
    assert len(old) == len(new)
    with open(path, "wb") as f:
        f.write(data.replace(old, new))
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()
    node.start()


def meddle(node, sql):
    """What a bug, or a disk, did to its tables."""
    node.stop()
    db = sqlite3.connect(os.path.join(node.data, "yizhan.db"))
    with db:
        assert db.execute(sql).rowcount > 0
    db.close()
    node.start()


def test_a_register_that_agrees(field):
    c = County(field)
    c.agree()
    c.town.api("POST", "put", {"kind": "member", "fields": {k: v for k, v in c.made.member(TOWN).items() if v}})
    lines, sum = compare(c.town)                # takes what waits along
    assert lines == [] and c.town.status()["queued"] == 0
    assert sum["here"] == sum["county"] and sum["here"]["records"] == 41, sum
    assert [x["org"] for x in sum["orgs"]] == [TOWN] and sum["orgs"][0]["agree"]
    text = c.town.cli("reconcile", flags=("--lang", "zh"))
    assert text.code == 0 and "一致" in text.out and "41 条" in text.out, text
    assert c.hub.cli("reconcile").code == 64    # a hub has nobody to ask
    assert c.town.api_raw("GET", "reconcile")[0] == 401
    assert c.town.raw("POST", "/api/reconcile", b"{}", {"Content-Type": "application/json"})[0] == 401
    assert c.town.api_raw("POST", "reconcile", {"mend": True})[0] == 422


def test_a_byte_that_rotted_in_a_body(field):
    c = County(field)
    node = c.town
    id = c.people_of(node)[17]
    phone = c.phones[id]
    rot(node, phone.encode(), b"13" + phone.encode()[2:])
    assert "13" + phone[2:] in node.export()
    lines, sum = compare(node, code=2)
    assert [(x["record"], x["kind"], x["cell"], x["difference"]) for x in lines] == [(id, "member", "phone", "differs")]
    assert sum["differs"] == sum["left"] == 1 and sum["mended"] == 0
    said = node.cli("reconcile", flags=("--lang", "zh"))
    assert said.code == 2 and id in said.out and "--repair" in said.err
    assert not any(p in said.out + said.err + json.dumps(lines) for p in (phone, "13" + phone[2:], "试验")), "a value was told"
    lines, sum = compare(node, "--repair")
    assert [(x["outcome"], x["damaged"]) for x in lines] == [("mended", True)]
    assert (sum["mended"], sum["damaged"], sum["left"], sum["cases"], sum["passes"]) == (1, 1, 0, 0, 2)
    c.agree()
    for n in c.stations:
        assert n.cli("verify").code == 0 and n.cli("rebuild").code == 0


def test_a_hub_from_a_backup_that_nobody_refills(field):
    c = County(field)
    id = c.people_of(c.town)[3]
    c.hub.stop()
    yz.copy_data(c.hub.data, field.path("backup"))
    c.hub.start()
    c.town.api("POST", "edit", {"id": id, "fields": {"phone": "12999999999"}})
    new = c.town.api("POST", "put", {"kind": "member", "fields": {k: v for k, v in c.made.member(TOWN).items() if v}})["id"]
    c.sync()
    before = c.county.export()
    c.hub.stop()
    numbers = {f: open(os.path.join(c.hub.data, f), "rb").read() for f in os.listdir(c.hub.data) if not f.startswith("yizhan")}
    shutil.rmtree(c.hub.data)
    yz.copy_data(field.path("backup"), c.hub.data)
    for name, data in numbers.items():          # what lies outside the database was not lost
        with open(os.path.join(c.hub.data, name), "wb") as f:
            f.write(data)
    c.hub.start()
    c.town.stop()                               # and its author's PC is gone for good
    c.county.sync()
    assert c.county.export() == before != c.hub.export()
    lines, sum = compare(c.county, code=2)
    assert {x["difference"] for x in lines} == {"differs", "not_there"}
    assert {x["record"] for x in lines} == {id, new}
    lines, sum = compare(c.county, "--repair", code=2)
    assert sum["cases"] == sum["mended"] == len(lines) and sum["left"] == 0
    assert c.county.export() == c.hub.export()
    assert c.county.cli("rebuild").code == 0
    cases = c.county.cases()
    assert len(cases) == len(lines) and {x["reason"] for x in cases} == {"lost"}
    assert {x["case"] for x in lines} == {x["case"] for x in cases}
    edited = next(x for x in cases if x["record"] == id)
    assert edited["parked"]["phone"] == "12999999999" and edited["in_force"]["phone"] == c.phones[id]
    for case in sorted(cases, key=lambda x: x["cell"] != "identity"):
        c.county.ok("cases", "take", "parked", case["case"])
    assert c.county.cases() == []
    c.county.sync()
    assert c.county.export() == before == c.hub.export()
    assert compare(c.county)[1]["here"]["records"] == 61
    assert yz.counts(c.county.status()) and c.county.status()["parked"] == 0


def test_a_line_that_is_cut_again_and_again(field):
    c = County(field, 300)
    meddle(c.town, "UPDATE cell SET origin = NULL, n = NULL WHERE record % 5 = 0 AND cell = 3")
    size, tries = 2000, 0
    while True:
        tries += 1
        assert tries < 200
        c.line.cut_reply(c.rnd.randrange(300, size), 1)
        a = c.town.cli("reconcile", "--repair")
        if a.code == 0:
            break
        assert a.code == 3, a
    c.line.heal()
    c.sync()
    c.agree()


def test_the_hub_is_not_there(field):
    c = County(field, 6)
    c.line.down()
    a = c.town.cli("reconcile")
    assert a.code == 3, a
    assert a.lines[-1]["state"] == "failed" and a.lines[-1]["cause"] == "YZ7101"
    c.line.heal()
    assert c.town.cli("reconcile").code == 0


@pytest.mark.parametrize("mark", ["mend.before", "mend.after:1", "mend.after:2", "commit.before:3", "commit.after:3"])
def test_killed_in_the_middle_of_mending(field, monkeypatch, mark):
    c = County(field, 300)
    c.town.stop()
    monkeypatch.setenv("YZ_CRASH_AT", mark)
    meddle(c.town, "UPDATE cell SET origin = NULL, n = NULL WHERE cell > 0")
    a = c.town.cli("reconcile", "--repair")
    until = time.monotonic() + 20
    while c.town.process.poll() is None and time.monotonic() < until:
        time.sleep(.01)
    assert c.town.process.poll() == -9, "it lives: %r" % a
    c.town.kill()
    monkeypatch.delenv("YZ_CRASH_AT")
    c.town.start()
    assert c.town.cli("verify").code == 0
    lines, sum = compare(c.town, "--repair")
    assert sum["left"] == sum["cases"] == 0
    c.agree()
    assert c.town.cli("rebuild").code == 0


def test_killed_at_any_time_while_it_mends(field):
    c = County(field, 300)
    took = 1
    for i in range(min(yz.ROUNDS, 12)):
        meddle(c.town, "UPDATE cell SET origin = NULL, n = NULL WHERE cell = %d" % c.rnd.choice((1, 2, 3)))
        began = time.monotonic()
        run = subprocess.Popen([yz.BIN, "--conf", c.town.conf, "reconcile", "--repair"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=yz.die_with_parent)
        if i == 0:
            assert run.wait(60) == 0
            took = time.monotonic() - began
            continue
        time.sleep(c.rnd.uniform(0, took))
        c.town.restart()
        run.wait(60)
    compare(c.town, "--repair")
    c.agree()
    for node in c.stations:
        assert node.cli("verify").code == 0 and node.cli("rebuild").code == 0


def test_edits_go_on_while_it_compares(field):
    """What is written meanwhile is no difference, and none of it is lost."""
    c = County(field, 900)
    ids = c.people_of(c.town)
    written = {}
    for round in range(4):
        run = subprocess.Popen([yz.BIN, "--conf", c.town.conf, "--json", "reconcile", "--repair"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, preexec_fn=yz.die_with_parent)
        while run.poll() is None:
            for node in (c.town, c.county):
                id = c.rnd.choice(ids)
                if written.setdefault(id, node) is node:
                    c.phones[id] = "12%09d" % c.rnd.randrange(10 ** 9)
                    node.api("POST", "edit", {"id": id, "fields": {"phone": c.phones[id]}})
            c.county.cli("sync")
        sum = json.loads(run.stdout.read().splitlines()[-1])
        assert (sum["state"], sum["left"], sum["cases"], sum["mended"]) == ("done", 0, 0, 0), sum
    c.sync()
    c.agree()
    text = c.hub.export()
    assert all(c.phones[id] in text for id in ids)


def test_a_long_reply_lets_others_in(field):
    """BUG found: a door that had more to say went on before anything else of the loop, to the end of the reply."""
    c = County(field, 6000)
    for _ in range(3):
        begun, ended = threading.Event(), threading.Event()

        def read():
            line = http.client.HTTPConnection("127.0.0.1", c.county.port, timeout=30)
            line.request("GET", "/api/export")
            reply = line.getresponse()
            reply.read(1)
            begun.set()
            while reply.read(65536):
                pass
            ended.set()
        thread = threading.Thread(target=read)
        thread.start()
        assert begun.wait(30)
        c.county.api("GET", "status")
        first = not ended.is_set()
        thread.join(30)
        if first:
            return
    raise AssertionError("a status waits for the end of an export")


def test_the_page_is_enough_to_compare(field):
    """proto/README.md alone: the digest of a change, made here, is what the hub tells."""
    hub = field.make_hub({"qs-01": TOWN})
    hub.start()
    station = wire.Station(field.hub_port, "qs-01", open(field.path("qs-01.key"), "rb").read().strip())
    station.kinds = wire.hub_kinds(station.exchange([]))
    person = bytes([1]) + os.urandom(15)
    fields = {1: TOWN.encode(), 2: "甲乙".encode(), 3: "男".encode(), 4: "汉族".encode(), 5: b"1980-01-01", 7: b"990001198001010019"}
    change = wire.change(station.origin, 1, person, 1, 1, fields)
    before = station.chain([change])
    _, _, told = station.confirms(station.exchange([wire.batch(station.kinds, station.origin, 1, before, [change])]))
    assert [x[1] for x in told] == ["taken"], told
    ask = wire.counted(TOWN.encode()) + wire.varint(1) + bytes(16) + b"\xff" * 16 + wire.varint(1000)
    cut = wire.Cut(next(p for kind, p in station.exchange([], [(DIGEST, ask)]) if kind == DIGESTS))
    assert cut.varint() > 0 and cut.take(16) == bytes(16) and cut.varint() == 1
    assert cut.take(16) == b"\xff" * 16 and (cut.varint(), cut.varint()) == (1, 1)
    assert cut.take(16) == wire.blake(person + (1).to_bytes(8, "little") + b"\0" + station.head + change, 16)
    assert cut.at == len(cut.data)
    # another's organisation, and a frame twice: nothing, and a refusal
    other = wire.counted(OTHER.encode()) + ask[1 + len(TOWN):]
    assert not [kind for kind, _ in station.exchange([], [(DIGEST, other)]) if kind == DIGESTS]
    _, body = station.ask([], [(DIGEST, ask), (DIGEST, ask)])
    assert station.post(body)[0] == 400
