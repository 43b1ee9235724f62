"""The steps of a story that comes by every place of store/reach.h."""
import http.client
import json
import os
import shutil
import sqlite3
import uuid

import shim
import terse
import wire
import yz
from story import A, B, IDENTITY, KIND, PHONE, Dead, Story

LINES = 9000                        # enough to make the log of both ends long


class Points(Story):
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
        self.line.cut_request(20, times=2)      # so that news come before it is sent; a kept connection gets a second try
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
        self.put(self.c, "Q1", phone="6")
        self.talk(self.c, self.b)
        old = self.relay.last                       # with news: what has none is left out
        self.put(self.c, "Q1", phone="7")
        self.put(self.b, "Q1", note="mine")
        self.talk(self.c, self.b)
        self.put(self.b, "Q1", note="ours")
        news = [f for f in old if f[0] in (wire.NEWS, wire.TERSE_NEWS)]

        def twice(frames):
            at = next(i for i, f in enumerate(frames) if f[0] in (wire.CONFIRM, wire.BRIEF_CONFIRM)) + 1
            return frames[:at] + frames[at - 1:at] + news + frames[at:]

        def younger(frames):
            cut = wire.Cut(frames[0][1])
            hub, life = cut.take(0 if frames[0][0] == wire.BRIEF_WELCOME else 16), cut.varint()
            return [(frames[0][0], hub + wire.varint(life - 1) + frames[0][1][cut.at:])] + frames[1:]

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
        cut = wire.Cut(self.relay.asked[20:])
        cut.counted(), cut.byte()
        twin.head = terse.Hello(cut.counted()).hashes[twin.origin]
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
        yz.copy_data(now, early)
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
            yz.copy_data(early, now)
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
        self.count = LINES
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
