"""An fsync that takes seconds: saves wait for it and are told saved after it, others are served, the watchdog is fed.

Nothing here hangs on how fast this machine is: each fsync waits until the test lets it go on, and seconds are those of the
program's own clock, which the test moves.
"""
import http.client
import json
import os
import socket
import threading
import time

import pytest

import story
import yz
from shim import Shim
from test_model import PERSON

pytestmark = pytest.mark.skipif(not os.path.exists(yz.BIN), reason="no " + yz.BIN)
SYNC_MS, WATCHDOG_MS = 3000, 8000
CLERKS = 12


class Manager:
    """A service manager's end. Whoever tells it something has told it before going on, so what it heard has its place among
    other events."""

    def __init__(self):
        name = "yizhan-test-%d-%d" % (os.getpid(), id(self))
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + name)
        self.env = {"NOTIFY_SOCKET": "@" + name, "WATCHDOG_USEC": str(WATCHDOG_MS * 1000)}

    def heard(self):
        out = []
        while True:
            try:
                out.append(self.socket.recv(100, socket.MSG_DONTWAIT))
            except BlockingIOError:
                return out


class Clerk(threading.Thread):
    """Saves twice. `asks`: the request is with the program, its answer is not here."""

    def __init__(self, town, shim, number):
        super().__init__(daemon=True)
        self.town, self.shim, self.number = town, shim, number
        self.asks, self.told, self.wrong = False, [], None
        self.start()

    def run(self):
        desk = http.client.HTTPConnection("127.0.0.1", self.town.port, timeout=60)
        try:
            for k in range(2):
                body = {"kind": "person", "token": "s%d-%d" % (self.number, k), "fields": {"org": story.A, "name": "N%d" % self.number}}
                begun = self.shim.syncs
                desk.request("POST", "/api/put", json.dumps(body), {"Content-Type": "application/json", "Authorization":
                                                                    "Bearer " + self.town.token()})
                self.asks = True
                reply = desk.getresponse()
                answer = json.loads(reply.read())
                synced, self.asks = self.shim.synced, False
                self.told.append((answer["id"], begun, synced))
        except Exception as e:              # told by the test
            self.wrong = e
        desk.close()


class Reader(threading.Thread):
    """Somebody who only reads; notes behind how many fsyncs each answer came."""

    def __init__(self, town, shim):
        super().__init__(daemon=True)
        self.desk, self.shim = yz.Node(town.field, town.name, town.conf, town.data, town.port), shim
        self.seen, self.over, self.wrong = set(), False, None
        self.start()

    def run(self):
        try:
            while not self.over:
                assert self.desk.api("GET", "status", timeout=60)["written"] >= 0
                self.seen.add(self.shim.synced)
        except Exception as e:
            self.wrong = e
        self.desk.hang_up()


def wait_for(what):
    until = time.monotonic() + 60
    while not what():
        assert time.monotonic() < until, "it does not come"
        time.sleep(.001)


def let_them_work(clerks, shim, manager):
    """One fsync after the other, each of which takes seconds; returns how many there were."""
    first = passed = shim.sync_passes
    while True:
        wait_for(lambda: shim.syncs > passed or not any(c.is_alive() for c in clerks))
        if shim.syncs == passed:
            return passed - first
        # who can ask has asked, so the next fsync is for all of them; who was told a moment ago asks again first
        wait_for(lambda: all(c.asks or not c.is_alive() for c in clerks))
        fed = b"WATCHDOG=1" in manager.heard()
        assert fed or passed == first, "not fed after a commit; after two or three it may be too late"
        shim.mono_ms += SYNC_MS
        passed += 1
        shim.sync_passes = passed


def test_an_fsync_of_seconds():
    with yz.Field() as field:
        os.mkdir(field.path("kinds"))
        field.write("kinds/person.conf", PERSON)
        field.kinds = field.path("kinds")
        field.make_hub({"t1": story.A}).start()
        town = field.make_station("t1", story.A)
        shim, manager = Shim(town), Manager()
        town.env.update(manager.env)
        town.start()
        assert b"READY=1" in manager.heard()
        # one that begins the log anew syncs twice: this one does
        town.api("POST", "put", {"kind": "person", "fields": {"org": story.A, "name": "N"}})
        shim.sync_passes = shim.syncs
        shim.sync_gate = 1
        clerks = [Clerk(town, shim, i) for i in range(CLERKS)]
        reader = Reader(town, shim)
        syncs = let_them_work(clerks, shim, manager)
        reader.over = True
        reader.join()
        wrong = [c.wrong for c in [*clerks, reader] if c.wrong]
        assert not wrong, wrong
        told = [t for clerk in clerks for t in clerk.told]
        assert len(told) == 2 * CLERKS
        for _, begun, synced in told:
            assert synced > begun, "told saved, and no fsync that began after it was asked has ended"
        assert 2 <= syncs <= CLERKS, "%d fsyncs for %d saves: they do not share them" % (syncs, len(told))
        assert len(reader.seen) >= 2, "nobody was served between two of them"
        shim.sync_gate = 0
        shim.sync_delay_ms = 200
        town.talk(60)
        assert town.talk()["queued"] == 0
        town.kill()
        town.start()
        shown = story.register(town)
        assert all(id in shown for id, _, _ in told)
        assert story.register(field.hub) == shown
