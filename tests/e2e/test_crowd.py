"""Too many callers, slow ones and large ones, at both doors: others are served meanwhile, memory and time stay bounded."""
import os
import socket
import threading
import time

import pytest

import wire
import yz
from test_door import Caller, request

pytestmark = pytest.mark.skipif(not os.path.exists(yz.BIN), reason="no " + yz.BIN)
TOWN = yz.COUNTY + "001"
EXCHANGE = "POST /exchange HTTP/1.1\r\nHost: x\r\nContent-Type: application/vnd.yizhan.exchange\r\n"
MANY = {"local": 40, "public": 300}     # of 64 and 512 places
PATIENCE = 120                          # seconds, for a machine that has much else to do


@pytest.fixture
def field():
    with yz.Field() as field:
        field.make_hub({"t1": TOWN})
        field.town = field.make_station("t1", TOWN)
        yield field


def come(port, text=b""):
    caller = socket.create_connection(("127.0.0.1", port), PATIENCE)
    caller.sendall(text)
    return caller


def ask(node):
    with Caller(node.port, PATIENCE) as caller:
        caller.send(request(node))
        return caller.answer()


def files(node):
    return len(os.listdir("/proc/%d/fd" % node.process.pid))


def leave(crowd, node, before):
    """They hang up, and their places are free again: as many files are open as before them."""
    for caller in crowd:
        caller.close()
    until = time.monotonic() + PATIENCE
    while files(node) > before:
        assert time.monotonic() < until, "%d files are open, %d were" % (files(node), before)
        time.sleep(.01)


def comes_to_rest(node, share=.2):
    """What it has to do it does, then it rests. A door that turns round never has done."""
    seen = []
    for _ in range(40):
        cpu, began = node.cpu_seconds(), time.monotonic()
        time.sleep(.25)
        seen.append((node.cpu_seconds() - cpu) / (time.monotonic() - began))
        if seen[-1] < share:
            return
    raise AssertionError("it turns round: %s of a processor" % seen)


class Drips(threading.Thread):
    """Callers that never come to an end, a byte at a time."""

    def __init__(self, port, count, head):
        super().__init__(daemon=True)
        self.callers, self.over, self.gone = [come(port, head) for _ in range(count)], threading.Event(), 0
        self.start()

    def run(self):
        while not self.over.wait(.05):
            for caller in list(self.callers):
                try:
                    caller.sendall(b"a")
                except OSError:
                    self.callers.remove(caller)
                    self.gone += 1

    def end(self):
        self.over.set()
        self.join(10)
        for caller in self.callers:
            caller.close()


def others_are_served(field, node):
    """Somebody at each door, again and again, on connections of their own: one kept from before may have been idle too long."""
    for _ in range(5):
        assert ask(node)[0] == 200
    field.town.hang_up()
    assert field.town.talk(PATIENCE)["cause"] is None
    field.town.hang_up()


@pytest.mark.parametrize("what", ["heads", "bodies", "nothing"])
@pytest.mark.parametrize("which", ["local", "public"])
def test_slow_callers(field, which, what):
    field.hub.start()
    field.town.start()
    node = field.hub if which == "public" else field.town
    port = field.hub_port if which == "public" else node.port
    if what == "heads":
        head = b"GET /api/status HTTP/1.1\r\nX-A: "
    elif what == "nothing":
        head = b""
    elif which == "public":
        head = (EXCHANGE + "Content-Length: 100000\r\n\r\n").encode() + b"YZ\x01A" + bytes(16) + b"\x02t1"
    else:
        head = request(node, "POST", "/api/put", ["Content-Type: application/json", "Content-Length: 100000"], token=True)
    others_are_served(field, node)
    before = node.memory_peak()
    if what == "nothing":
        silent = [come(port) for _ in range(MANY[which])]
        others_are_served(field, node)
        for caller in silent:
            caller.close()
    else:
        drips = Drips(port, MANY[which], head)
        others_are_served(field, node)
        others_are_served(field, node)
        comes_to_rest(node, .5)         # each of them still brings a byte now and then
        drips.end()
    assert node.memory_peak() - before < 150 * MANY[which], "KiB of memory for each"
    others_are_served(field, node)


def test_more_than_there_are_places(field):
    """Whoever comes when all places are taken waits, and is served when those leave."""
    field.hub.start()
    field.town.start()
    others_are_served(field, field.hub)
    before = files(field.hub)
    crowd = [come(field.hub_port, b"POST /exchange HT") for _ in range(700)]
    assert files(field.hub) < 512 + 64
    assert ask(field.hub)[0] == 200, "the other door is not concerned"
    comes_to_rest(field.hub)
    assert files(field.hub) < 512 + 64
    leave(crowd, field.hub, before)
    others_are_served(field, field.hub)


@pytest.mark.parametrize("which", ["local", "public"])
def test_few_files(field, which):
    """With few files to open a door takes fewer callers, never the other's share, and never turns round."""
    node = field.hub if which == "public" else field.town
    node.before = ["prlimit", "--nofile=70"]
    field.hub.start()
    field.town.start()
    others_are_served(field, node)
    port, before = field.hub_port if which == "public" else node.port, files(node)
    crowd = [come(port, b"GET /api/status HT") for _ in range(100)]
    comes_to_rest(node)
    assert files(node) > before + 5, "they are let in"
    if which == "public":
        assert ask(node)[0] == 200
    assert files(node) < 65
    leave(crowd, node, before)
    others_are_served(field, node)


def test_too_few_files(field):
    field.town.before = ["prlimit", "--nofile=40"]
    code, text = field.town.refuse()
    assert code == 64 and "ulimit -n" in text and "64" in text, text


def test_large_asks(field):
    """Strangers and a station that sends without an end: bounded memory, and the door stays open."""
    field.hub.start()
    field.town.start()
    others_are_served(field, field.hub)
    before = field.hub.memory_peak()
    head = b"YZ\x01A" + bytes(16) + b"\x02t1" + b"\x01" + wire.varint(300000)
    junk = [EXCHANGE + "Content-Length: 1000000000\r\n\r\n", EXCHANGE + "Transfer-Encoding: chunked\r\n\r\n7fffffff\r\n"]
    sent = []
    for start in junk * 4:
        with Caller(field.hub_port) as caller:
            caller.send(start.encode() + head)
            count = 0
            while count < 8000 and caller.send(b"\xff" * 65536):
                count += 1
            sent.append(count)
    assert max(sent) < 400, "MiB / 16 that a stranger may send: %s" % sent
    assert field.hub.memory_peak() - before < 4096
    assert field.hub.status()["written"] == 0
    others_are_served(field, field.hub)
