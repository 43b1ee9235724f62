"""A small county and a story in it, for the tests that kill a process in the middle: what people do, and what must be so at the end.

Three stations: `a`, whose line is a proxy's; `b`, which talks to the hub through
a relay; `c`, the county's. And `odd`, which speaks the wire without any check.
Steps (points.py) run in order until the process that is to die is dead; then
`finish` brings all together and looks at every change anybody was told is saved.
"""
import os
import subprocess
import time

import proxy
import relay
import wire
import yz
from test_model import PERSON

A, B = yz.COUNTY + "001", yz.COUNTY + "002"
RULE = "\n[rules]\nZ1 = error: pattern phone [0-9]{1,9}\nZ1.says = digits\n"
IDENTITY, PHONE, KIND = 1, 2, 70


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
        self.lines, self.count = None, 0            # a file that was imported, and how long it is
        self.rotten = False                         # a's cells were damaged

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

    steps = ()                          # of the story, in order

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
            assert self.a.ok("import", self.lines).json["read"] == self.count
        if self.rotten:
            assert self.a.ok("reconcile", "--repair").code == 0
        moved, last = None, ()
        while moved != last:                    # until a round has nothing to tell
            moved, last = last, [node.talk()["exchange"][x] for node in self.people for x in ("up", "down", "failed")]
        self.compare()

    def compare(self):
        for node in self.field.nodes:
            node.hang_up()                          # a connection kept for long may have been closed
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
            assert register(self.hub).count('"name":"I') == self.count
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
