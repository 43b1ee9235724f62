"""A story that comes by every place of store/reach.h, for the tests that kill a process there.

Three stations: `a`, whose line is a proxy's; `b`, which talks to the hub through
a relay; `c`, the county's. And `odd`, which speaks the wire without any check.
Steps run in order until the process that is to die is dead; then `finish`
brings all together and looks at every change anybody was told is saved.
"""
import http.client
import json
import os
import shutil
import sqlite3
import subprocess
import time
import uuid

import proxy
import relay
import shim
import wire
import yz
from test_model import PERSON

A, B = yz.COUNTY + "001", yz.COUNTY + "002"
RULE = "\n[rules]\nZ1 = error: pattern phone [0-9]{1,9}\nZ1.says = digits\n"
IDENTITY, PHONE, KIND = 1, 2, 70
LINES = 9000                        # enough to make the log of both ends long


class Dead(Exception):
    """The one that was to die is dead."""


class Story:
    def __init__(self, field, kinds):
        with open(os.path.join(kinds, "person.conf"), "w", encoding="utf-8") as f:
            f.write(PERSON + RULE)
        field.kinds = kinds
        self.field, self.saves, self.ids, self.dying = field, [], {}, None
        self.hub = field.make_hub({"a": A, "b": B, "c": yz.COUNTY, "odd": A})
        self.line, self.relay = proxy.Proxy(field.hub_port), relay.Relay(field.hub_port, "b", self.secret("b"))
        field.closers += [self.line.close, self.relay.close]
        self.odds, self.twins = [], 0
        self.new_odd()
        self.a = field.make_station("a", A, self.line.port)
        self.b = field.make_station("b", B, self.relay.port)
        self.c = field.make_station("c", yz.COUNTY)
        self.people = (self.a, self.b, self.c)
        self.lines, self.rotten = None, False

    def new_odd(self):
        """Another line of work of the station without checks."""
        self.odd = wire.Station(self.field.hub_port, "odd", self.secret("odd"))
        self.odds.append(self.odd)

    def secret(self, name):
        with open(self.field.path(name + ".key"), "rb") as f:
            return f.read().strip()

    # -- what people do

    def live(self, node, place, step=None):
        """Step by step until the node is dead, which dies at that place, from that step on; how it ended is in `code`."""
        self.dying, self.code = node, None
        try:
            for at in self.steps:
                if step in (None, at.__name__):
                    node.env["YZ_CRASH_AT"] = place
                try:
                    at(self)
                except (yz.Unknown, AssertionError):
                    self.check(.5)
                    raise
                self.check()
        except Dead:
            if self.dying.process is not None:
                self.code = self.dying.wait()

    def check(self, seconds=.001):
        """Is it dead? A process that was hit needs a moment until it is gone."""
        node = self.dying
        if node is None or self.code is not None:
            return
        if node.process is not None and node.env.get("YZ_CRASH_AT"):
            try:
                node.process.wait(seconds)
            except subprocess.TimeoutExpired:
                return
            raise Dead

    def start(self, node):
        """As start, but it may be the one that dies."""
        node.launch()
        process = node.process
        while process.poll() is None:
            try:
                node.api("GET", "status")
                return
            except (yz.Unknown, AssertionError):
                time.sleep(.005)
        node.hang_up()
        if node is self.dying:
            raise Dead
        raise AssertionError("%s ended at its start:\n%s" % (node.name, node.tail()))

    def stop(self, node):
        code = node.stop()
        if node is self.dying and code != 0:
            self.code = code
            raise Dead
        assert code == 0, (node.name, code, node.tail())

    def put(self, node, who, **fields):
        """Save a person known by a word; a new one when there is none of that word yet."""
        body = {"kind": "person", "token": "s%d" % len(self.saves), "fields": fields}
        if who in self.ids:
            body["id"] = self.ids[who]
        else:
            body["fields"] = {"org": A, "name": who, **fields}
        self.saves.append([node, "put", body, None, who])
        self.ask(self.saves[-1])

    def ask(self, save):
        node, verb, body, told, who = save
        receipt = node.api("POST", verb, body)
        self.ids[who] = receipt["id"]
        assert told is None or names(told) == names(receipt), "two receipts for one token"
        save[3] = told or receipt
        return receipt

    def talk(self, *nodes):
        for node in nodes:
            cause = node.talk()["cause"]
            self.check()
            assert cause is None, (node.name, cause, node.tail())

    # -- the steps

    def first_start(self):
        for node in self.field.nodes:
            self.start(node)

    def first_work(self):
        self.put(self.a, "P1", number="N1", phone="1", born="1970", rank="low", post=["p", "q"], grade="A")
        self.ask(self.saves[0])
        self.put(self.a, "P2", host=B)
        self.put(self.a, "P3", phone="1")
        self.put(self.b, "Q1", org=B, number="N1")
        self.put(self.c, "P4", phone="1")
        self.talk(self.a, self.b, self.c, self.a)

    def collisions(self):
        self.put(self.c, "P1", phone="2")
        self.put(self.c, "P3", note="x")
        self.talk(self.c)
        self.put(self.a, "P1", phone="3")
        self.put(self.a, "P3", note="x")
        self.line.cut_request(20)               # so that news come before it is sent
        assert self.a.talk()["cause"]
        self.line.heal()
        self.talk(self.a)

    def parking(self):
        self.put(self.a, "P1", grade="B")
        self.put(self.a, "P1", born="1971")
        self.put(self.a, "P1", rank="middle")
        self.talk(self.a)
        self.put(self.a, "P1", grade="C")
        self.talk(self.a, self.c)
        case = next(x["case"] for x in self.c.cases() if x["cell"] == "grade")
        receipt = self.c.ok("cases", "take", "in-force", case).json
        self.saves.append([self.c, None, None, receipt, "P1"])
        self.put(self.c, "P4", org=B)
        end = {"id": self.ids["P3"], "reason": "gone", "token": "end"}
        self.saves.append([self.c, "end", end, None, "P3"])
        self.ask(self.saves[-1])
        self.talk(self.c)
        self.put(self.a, "P3", phone="9")
        self.talk(self.a, self.b)

    def say(self, *changes, first=None, chain=True):
        """A batch of odd's, whatever is in it."""
        odd = self.odd
        before = odd.chain(changes) if chain else odd.head
        return self.exchange(wire.batch(odd.kinds, odd.origin, first or odd.n - len(changes) + 1, before, changes))

    def exchange(self, *batches):
        try:
            return self.odd.exchange(batches)
        except (OSError, http.client.HTTPException) as e:
            raise yz.Unknown(repr(e))

    def change(self, ahead, record, cell, body, **more):
        return wire.change(self.odd.origin, self.odd.n + 1 + ahead, record, KIND, cell, body, **more)

    def oddities(self):
        odd, change, say = self.odd, self.change, self.say
        odd.kinds = self.kinds_hash = wire.hub_kinds(self.exchange())
        one, two = os.urandom(16), os.urandom(16)
        say(change(0, one, PHONE, {5: b"1"}), change(1, one, IDENTITY, {1: A.encode(), 3: b"odd"}))
        say(change(0, one, PHONE, {5: b"one"}), change(1, two, IDENTITY, {1: B.encode(), 3: b"odd"}), change(2, one, 60, {}))
        say(change(0, one, PHONE, {5: b"3"}, settles=[(odd.origin, odd.n + 2)], base=1 << 40), change(1, one, PHONE, {5: b"two"}))
        say(change(9, one, PHONE, {5: b"4"}), first=odd.n + 9, chain=False)
        known = change(0, one, PHONE, {5: b"5"}, base=1 << 40)
        before = odd.head
        say(known)
        self.exchange(wire.batch(odd.kinds, odd.origin, odd.n, before, [known]))
        other = wire.change(odd.origin, odd.n, one, KIND, PHONE, {5: b"6"})
        self.exchange(wire.batch(odd.kinds, odd.origin, odd.n, before, [other]))
        say(change(0, one, PHONE, {5: b"5"}, was=(odd.origin, odd.n, odd.head), base=1 << 40))

    def old_answers(self):
        self.talk(self.b)
        old = self.relay.last
        self.put(self.c, "Q1", phone="7")
        self.put(self.b, "Q1", note="mine")
        self.talk(self.c, self.b)
        self.put(self.b, "Q1", note="ours")
        news = [f for f in old if f[0] == wire.NEWS]

        def twice(frames):
            at = next(i for i, f in enumerate(frames) if f[0] == wire.CONFIRM) + 1
            return frames[:at] + frames[at - 1:at] + news + frames[at:]

        def younger(frames):
            cut = wire.Cut(frames[0][1])
            hub, life = cut.take(16), cut.varint()
            return [(wire.WELCOME, hub + wire.varint(life - 1) + frames[0][1][cut.at:])] + frames[1:]

        self.relay.change = twice
        self.talk(self.b)
        self.relay.change = younger
        assert self.b.talk()["cause"]
        self.talk(self.b)

    def a_copied_disk(self):
        """b runs twice with one name: the other one, which speaks the wire, was first with its next change."""
        self.talk(self.b)
        self.put(self.b, "Q1", phone="30")
        self.talk(self.b)
        receipt = self.saves[-1][3]["changes"][0]
        twin = wire.Station(self.field.hub_port, "b", self.secret("b"))
        twin.origin, twin.kinds, twin.n = bytes.fromhex(receipt["origin"]), self.kinds_hash, receipt["n"]
        confirm = next(p for t, p in self.relay.last if t == wire.CONFIRM and p[:16] == twin.origin)
        cut = wire.Cut(confirm[17:])
        cut.varint(), cut.varint()
        twin.head = cut.take(32)
        change = wire.change(twin.origin, twin.n + 1, uuid.UUID(self.ids["Q1"]).bytes, KIND, PHONE, {5: b"31"}, base=1 << 40)
        before = twin.chain([change])
        try:
            twin.exchange([wire.batch(twin.kinds, twin.origin, twin.n, before, [change])])
        except (OSError, http.client.HTTPException) as e:
            raise yz.Unknown(repr(e))
        self.twins += 1
        self.put(self.b, "Q1", phone="32")
        self.forked = self.saves[-1]
        for _ in range(3):
            self.talk(self.b)
        self.forked[3] = None                       # it goes by another name now
        self.ask(self.forked)

    def a_hub_killed(self):
        self.put(self.a, "P2", phone="40")
        node, self.dying = self.dying, None         # this one is ours
        self.hub.kill()
        self.dying = node
        self.start(self.hub)
        self.talk(self.a)

    def a_hub_set_back(self):
        """To what it was before some work: with its file of numbers of today, and with that of then."""
        early, now, numbers = self.field.path("early"), self.hub.data, self.field.path("numbers")
        self.put(self.a, "Ra", phone="1")
        self.talk(*self.people)
        self.stop(self.hub)
        shutil.copytree(now, early)
        self.start(self.hub)
        for round in range(2):
            for i, node in enumerate(self.people):
                self.put(node, "R%s%d" % (node.name, round), org=B if node is self.b else A, phone="10%d" % i)
            self.talk(*self.people)
            for node in self.people:
                self.stop(node)
                self.start(node)
        self.put(self.a, "Ra", phone="2")
        self.talk(self.a)
        for today in (True, False):
            self.stop(self.hub)
            shutil.copy(os.path.join(now, "numbers"), numbers)
            shutil.rmtree(now)
            shutil.copytree(early, now)
            if today:
                shutil.copy(numbers, os.path.join(now, "numbers"))
            self.start(self.hub)
            if not today:
                self.odd_work()                     # takes a number that another change had
                self.stop(self.hub)
                self.start(self.hub)
                self.odd_work()
            self.put(self.c, "Ra", phone="3" if today else "4")
            self.talk(self.c)
            for node in self.people:
                self.put(node, "R%s1" % node.name, phone="7" if today else "8")
            for _ in range(4):
                self.talk(*self.people)

    def odd_work(self):
        """Something unreadable from somebody who does not know any number yet."""
        self.new_odd()
        self.odd.kinds = self.kinds_hash
        self.say(self.change(0, os.urandom(16), 60, {}))

    def a_deadly_change(self):
        """A change that ends the hub whenever it is decided: after some deaths it is set aside."""
        node, self.dying = self.dying, None
        place = self.hub.env.get("YZ_CRASH_AT", "")
        self.put(self.c, "P4", phone="50")
        self.talk(self.c)
        self.put(self.b, "P4", phone="51")
        self.stop(self.hub)
        self.hub.env["YZ_CRASH_AT"] = "merge.clash"
        self.hub.start()
        for death in range(4):
            self.b.talk()
            assert self.hub.wait() == -9
            if death == 3:
                self.hub.env["YZ_CRASH_AT"] = place
            self.hub.start()
        self.dying = node
        self.talk(self.b)

    def a_long_file(self):
        self.lines = self.field.write("lines.ndjson", "".join(json.dumps({
            "op": "insert", "kind": "person", "id": str(uuid.UUID(int=(1 << 120) + i)), "at": "2025-01-01T08:00:00+08:00", "site": A,
            "data": {"org": A, "name": "I%d" % i, "phone": str(i), "note": "长" * 100}}) + "\n" for i in range(LINES)))
        done = self.a.cli("import", self.lines)
        if done.code != 0:
            self.check(.5)
            raise AssertionError("import: %r\n%s" % (done, self.a.tail()))
        self.talk(self.a)

    def folding(self):
        for node in self.field.nodes:
            node.api("POST", "rebuild", {})

    def comparing(self):
        """With cells that rotted: one is gone, another is of no change there is."""
        self.stop(self.a)
        db = sqlite3.connect(os.path.join(self.a.data, "yizhan.db"))
        with db:
            some = "(SELECT id FROM record WHERE gone = 0 AND org IS NOT NULL ORDER BY id LIMIT 3)"
            assert db.execute("DELETE FROM cell WHERE cell = 1 AND own_n IS NULL AND record IN " + some).rowcount
            assert db.execute("UPDATE cell SET n = n + 100000 WHERE cell = 2 AND own_n IS NULL AND record IN " + some).rowcount
        db.close()
        self.rotten = True
        self.start(self.a)
        done = self.a.cli("reconcile", "--repair")
        if done.code not in (0, 2):
            self.check(.5)
            raise AssertionError("reconcile: %r\n%s" % (done, self.a.tail()))

    def a_disk_that_fails(self):
        for node in self.field.nodes:
            self.put(self.a, "P2", phone="41")
            if node is self.hub:                    # so that its next turn has a commit in its middle
                node.kill()
            else:
                self.stop(node)
            disk = shim.Shim(node)
            self.start(node)
            if node is not self.hub:
                self.put(node, "P1" if node is not self.b else "Q1", phone="20")
            disk.sync_fail = 1000
            try:
                if node is self.hub:
                    self.a.talk()
                else:
                    self.put(node, "P1" if node is not self.b else "Q1", phone="21")
            except yz.Unknown:
                pass
            code = node.wait()
            if node is self.dying and code < 0:
                self.code = code
                raise Dead
            assert code == 5
            for name in disk.env:
                del node.env[name]
            self.start(node)

    steps = (first_start, first_work, collisions, parking, oddities, old_answers, a_copied_disk, a_hub_killed, a_hub_set_back,
             folding, comparing, a_disk_that_fails, a_deadly_change, a_long_file)

    # -- the end

    def finish(self):
        self.dying, self.relay.change = None, None
        self.line.heal()
        for node in self.field.nodes:
            node.env.clear()
            if node.process is None:
                node.start()
        for save in self.saves:
            if save[3] is None or save is self.saves[0]:
                self.ask(save)
        if self.twins:                              # what it wrote under b's name, b is not told
            self.talk(self.c)
            self.put(self.c, "Q1", phone="33")
        if self.lines:
            assert self.a.ok("import", self.lines).json["read"] == LINES
        if self.rotten:
            assert self.a.ok("reconcile", "--repair").code == 0
        moved, last = None, ()
        while moved != last:                    # until a round has nothing to tell
            moved, last = last, [node.talk()["exchange"][x] for node in self.people for x in ("up", "down", "failed")]
        self.compare()

    def compare(self):
        counts = [yz.counts(node.status()) for node in self.people]
        hub, told = yz.counts(self.hub.status()), yz.add(counts)
        others = sum(odd.confirms(odd.exchange([]))[1] for odd in self.odds) + self.twins
        assert told["queued"] == 0 and hub["written"] == told["written"] + others, (hub, told, others)
        saved = [name for save in self.saves for name in names(save[3])]
        assert len(saved) == len(set(saved))
        there = []
        for record in set(self.ids.values()):
            shown = self.hub.api("GET", "show?history=1&id=" + record)
            there += [(x["origin"], x["n"]) for x in shown["history"]]
        for case in self.hub.cases():               # what is set aside is of no record
            if case["reason"] == "unreadable":
                origin, n = case["case"].rsplit("-", 1)
                there.append((origin, int(n)))
        assert len(there) == len(set(there)), "a change is there twice"
        lost = set(saved) - set(there)
        assert not lost, "told saved, and not at the hub: %s" % lost
        if self.lines:
            assert register(self.hub).count('"name":"I') == LINES
        for node in self.people:
            wrong = yz.differences(node.name + "'s register", register(node), register(self.hub, node_org(node)))
            assert not wrong, wrong
        for node in self.field.nodes:
            assert node.api("POST", "verify", {})["ok"] and node.api("POST", "rebuild", {})["ok"]


def register(node, scope=""):
    status, text = node.raw("GET", "/api/export?full=1&scope=" + scope, headers={"Authorization": "Bearer " + node.token()})
    assert status == 200, (node.name, status, text[:300])
    return text.decode()


def names(receipt):
    return sorted((c["origin"], c["n"]) for c in receipt["changes"])


def node_org(node):
    return {"a": A, "b": B, "c": yz.COUNTY}[node.name]
