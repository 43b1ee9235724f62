"""Memory runs out at any allocation: nothing told saved is lost, nothing hangs, and what is told is told right."""
import json
import os
import random
import signal
import time

import pytest

import story
import yz
from shim import Shim
from test_model import PERSON

RUNS = int(os.environ.get("YZ_ROUNDS", "20"))

pytestmark = pytest.mark.skipif(not os.path.exists(yz.BIN), reason="no " + yz.BIN)


def lives(node):
    """It answers somebody who comes anew, or it is dead: one that is about to die does neither for a while."""
    until = time.monotonic() + 60
    while not node.dead():
        node.hang_up()
        try:
            node.raw("GET", "/api/status")
            return True
        except yz.Unknown:
            assert time.monotonic() < until, "it hangs: " + node.tail()
            time.sleep(.005)
    return False


class Desk:
    """A hub and a station; every answer it gives is whole and right, or none."""

    def __init__(self, field):
        os.mkdir(field.path("kinds"))
        field.write("kinds/person.conf", PERSON)
        field.kinds = field.path("kinds")
        self.field = field
        self.hub = field.make_hub({"t1": story.A})
        self.town = field.make_station("t1", story.A)
        self.shims = {node: Shim(node) for node in field.nodes}
        for node in field.nodes:
            node.start()
        self.saves, self.told, self.lines = [], {}, 0

    def ask(self, token):
        status, answer = self.town.api_raw("POST", "put", self.saves[token])
        answer = json.loads(answer)                     # also an error is a whole object
        if status != 200:
            assert "code" in answer["error"], answer
            return
        assert self.told.setdefault(token, answer["id"]) == answer["id"] and answer["changes"], answer

    def step(self, what):
        town = self.town
        if what == "save":
            token = len(self.saves)
            self.saves.append({"kind": "person", "token": "s%d" % token, "fields": {
                "org": story.A, "name": "N%d" % token, "phone": "1", "post": ["p", "q"]}})
            self.ask(token)
        elif what == "read":
            for path in ("/api/status", "/api/list?kind=person", "/api/export", "/api/cases", "/metrics", "/"):
                status, answer = town.raw("GET", path, headers={"Authorization": "Bearer " + town.token()})
                assert status == 200 or json.loads(answer)["error"], (path, status, answer)
        elif what == "talk":
            town.api("POST", "sync", {})
            town.talk()
        elif what == "import":
            self.lines += 1
            line = {"op": "insert", "kind": "person", "id": "%032x" % (self.lines + (1 << 100)), "at": "2025-01-01T08:00:00+08:00",
                    "site": story.A, "data": {"org": story.A, "name": "I%d" % self.lines}}
            status, answer = town.api_raw("POST", "import", (json.dumps(line) + "\n").encode(), "application/x-ndjson")
            assert status != 200 or json.loads(answer)["read"] == 1

    def story(self):
        """Until somebody is dead, or to its end: where a connection alone had no memory it goes on."""
        for what in ("save", "read", "save", "talk", "import", "save", "talk", "read"):
            try:
                self.step(what)
            except yz.Unknown:
                pass
            if not all(lives(node) for node in self.field.nodes):
                return

    def recover(self):
        died = 0
        for node, shim in self.shims.items():
            shim.alloc_fail = 0
            if not lives(node):
                assert node.wait() in (-signal.SIGABRT, 5), node.tail()
                node.start()
                died += 1
            node.hang_up()
        for token in range(len(self.saves)):
            if token not in self.told:
                self.ask(token)
                assert token in self.told
        self.town.talk()
        assert self.town.talk()["cause"] is None
        assert self.town.status()["queued"] == 0
        return died

    def compare(self):
        register = story.register(self.hub)
        assert story.register(self.town) == register
        shown = [json.loads(x) for x in register.splitlines()]
        assert {x["id"] for x in shown if x["fields"]["name"].startswith("N")} == set(self.told.values())
        assert len({x["fields"]["name"] for x in shown}) == len(shown) >= len(self.saves)
        for node in self.field.nodes:
            assert node.api("POST", "verify", {})["ok"]


@pytest.mark.parametrize("who", ["t1", "hub"])
def test_memory_runs_out(who):
    rnd = random.Random(yz.SEED)
    print("seed %d" % yz.SEED)
    with yz.Field() as field:
        desk = Desk(field)
        node = next(n for n in field.nodes if n.name == who)
        shim = desk.shims[node]
        before = shim.allocs
        desk.story()
        whole, died = shim.allocs - before, 0
        assert whole > 100, "the shim counts nothing"
        for run in range(RUNS):
            shim.alloc_left = rnd.randrange(whole)
            shim.alloc_fail = rnd.choice((1, 1, 3, 1000))
            desk.story()
            died += desk.recover()
        print("%s: %d allocations in the story, %d deaths in %d runs" % (who, whole, died, RUNS))
        assert died
        desk.compare()
