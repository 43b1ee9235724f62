"""An fsync that takes seconds: saves wait for it and are told saved after it, others are served, the watchdog is fed."""
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
DELAY, WATCHDOG = 3.0, 8.0


class Manager(threading.Thread):
    """A service manager that notes when it is told what."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.settimeout(.1)
        self.heard, self.over = [], threading.Event()
        self.start()

    def run(self):
        while not self.over.is_set():
            try:
                self.heard.append((time.monotonic(), self.socket.recv(100)))
            except socket.timeout:
                pass

    def pauses(self):
        times = [at for at, text in self.heard if text in (b"READY=1", b"WATCHDOG=1")]
        return [b - a for a, b in zip(times, times[1:])]


def test_an_fsync_of_seconds():
    with yz.Field() as field:
        os.mkdir(field.path("kinds"))
        field.write("kinds/person.conf", PERSON)
        field.kinds = field.path("kinds")
        field.make_hub({"t1": story.A}).start()
        town = field.make_station("t1", story.A)
        shim, manager = Shim(town), Manager(field.path("notify"))
        town.env.update(NOTIFY_SOCKET=field.path("notify"), WATCHDOG_USEC=str(int(WATCHDOG * 1e6)))
        town.start()
        shim.sync_delay_ms = int(DELAY * 1000)
        told, begun, syncs, wrong = [], time.monotonic(), shim.syncs, []

        def clerk(i):
            desk = yz.Node(field, "t1", town.conf, town.data, town.port)
            try:
                for k in range(2):
                    body = {"kind": "person", "token": "s%d-%d" % (i, k), "fields": {"org": story.A, "name": "N%d" % i}}
                    told.append(desk.api("POST", "put", body)["id"])
            except Exception as e:
                wrong.append(e)

        clerks = [threading.Thread(target=clerk, args=(i,)) for i in range(12)]
        for thread in clerks:
            thread.start()
        looks = 0
        while any(thread.is_alive() for thread in clerks):
            assert town.api("GET", "status")["written"] >= 0       # somebody who only reads
            looks += 1
        assert not wrong, wrong
        # each waits for a sync that began after it came, and they share those
        syncs = shim.syncs - syncs
        assert len(told) == 24 and looks >= 2
        assert time.monotonic() - begun >= 2 * DELAY and 2 <= syncs < 24, syncs
        shim.sync_delay_ms = 200
        town.talk(60)
        assert town.talk()["queued"] == 0
        town.kill()
        town.start()
        shown = story.register(town)
        assert all(id in shown for id in told)
        assert story.register(field.hub) == shown
        manager.over.set()
        manager.join()
        print("pauses of the watchdog: %s" % ["%.1f" % x for x in manager.pauses()])
        # after each commit, not after two or three: those may outlast the watchdog; one that begins the log anew syncs twice
        assert len(manager.pauses()) >= 2 and max(manager.pauses()) < 2.5 * DELAY < WATCHDOG, manager.pauses()
