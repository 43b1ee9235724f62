"""Cut lines and killed processes, YZ_ROUNDS times each, with a witness outside (witness.py)."""
import os
import signal
import socket
import threading
import time

import pytest

import proxy
import yz
from witness import Storm


@pytest.fixture
def storm():
    if not os.path.exists(yz.BIN):
        pytest.skip("no " + yz.BIN)
    with yz.Field() as field:
        yield Storm(field)


def test_the_proxy_itself():
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()
        line = proxy.Proxy(door.getsockname()[1])

        def both():
            near = socket.create_connection(("127.0.0.1", line.port), timeout=5)
            far, _ = door.accept()
            far.settimeout(5)
            return near, far
        near, far = both()
        near.sendall(b"hello")
        assert far.recv(9) == b"hello"
        line.cut_request(3)
        near.sendall(b"again")
        assert far.recv(9) == b"aga" and far.recv(9) == b"" and near.recv(9) == b""
        near, far = both()
        line.cut_reply(0)
        near.sendall(b"ask")
        assert far.recv(9) == b"ask"
        far.sendall(b"answer")
        assert near.recv(9) == b"" and line.faults == 2
        near, far = both()
        line.stall()
        near.sendall(b"later")
        far.settimeout(.1)
        with pytest.raises(OSError):
            far.recv(9)
        line.heal()
        far.settimeout(5)
        assert far.recv(9) == b"later"
        line.down()
        assert near.recv(9) == b""
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.1", line.port), timeout=1)
        line.heal()
        both()
        line.close()


def test_a_reply_cut_after_the_hub_s_commit(storm):
    size = 150                                  # of the shortest answer that confirms something
    for i in range(yz.ROUNDS):
        for _ in range(storm.rnd.randrange(1, 5)):
            assert storm.witness.any(storm.town)
        before, faults = yz.counts(storm.town.status()), storm.line.faults
        storm.line.cut_reply(0 if i % 2 else storm.rnd.randrange(size), 1000)
        a = storm.town.cli("sync")
        if storm.line.faults > faults and i % 2:
            assert a.code == 3, "what was cut before its first byte counted as an answer: %r" % a
            assert yz.counts(storm.town.status()) == before
        storm.line.heal()
        if storm.rnd.random() < .5:                 # else the next round finds more to send
            passed = storm.line.passed["reply"]
            storm.town.sync(20)
            size = max(150, storm.line.passed["reply"] - passed)
    assert storm.line.faults >= yz.ROUNDS // 2
    storm.finish()


def test_a_request_cut_anywhere(storm):
    size = 250                                  # of the shortest ask that brings something
    for i in range(yz.ROUNDS):
        for _ in range(storm.rnd.randrange(1, 5)):
            assert storm.witness.any(storm.town)
        storm.line.cut_request(storm.rnd.randrange(size))
        storm.town.cli("sync")
        storm.line.heal()
        if storm.rnd.random() < .5:
            before = storm.line.passed["request"]
            storm.town.sync(20)
            size = max(250, storm.line.passed["request"] - before)
    assert storm.line.faults > 0
    storm.finish()


def test_the_exchange_after_one_that_was_cut_and_refused(storm):
    """BUG found: it failed, too, because curl still wanted to begin the one before once more."""
    storm.town.talk()                           # a connection that is kept
    for cut in (0, 10, 300):
        assert storm.witness.any(storm.town)
        storm.line.refuse()
        storm.line.cut_request(cut)
        assert storm.town.talk()["cause"] == "YZ7101"
        storm.line.heal()
        assert storm.town.talk()["cause"] is None
    storm.finish()


def test_a_line_that_stalls(storm):
    for _ in range(3):
        assert storm.witness.any(storm.town)
        storm.line.stall()
        sync = storm.sync_in_background(storm.town, 1)
        assert storm.witness.new(storm.town), "a stalled line must not hold up a save"
        assert storm.town.status()["queued"] >= 1
        storm.line.heal()
        sync.wait(60)
        storm.town.sync(30)
    storm.finish()


def test_the_hub_killed_while_it_takes_in(storm):
    took = .05
    for i in range(yz.ROUNDS):
        for _ in range(storm.rnd.randrange(5, 25)):
            assert storm.witness.any(storm.town)
        began = time.monotonic()
        sync = storm.sync_in_background(storm.town)
        if i == 0:
            sync.wait(60)
            took = time.monotonic() - began
            continue
        time.sleep(storm.rnd.uniform(0, took * 1.2))
        storm.hub.restart()
        sync.wait(60)
    storm.finish()


def test_a_station_killed_while_it_settles(storm):
    took = .05
    for i in range(yz.ROUNDS):
        for _ in range(storm.rnd.randrange(3, 12)):
            assert storm.witness.any(storm.county)
        storm.county.sync(20)                       # news for the township
        assert storm.witness.any(storm.town)
        began = time.monotonic()
        sync = storm.sync_in_background(storm.town)
        if i == 0:
            sync.wait(60)
            took = time.monotonic() - began
            continue
        time.sleep(storm.rnd.uniform(0, took * 1.2))
        storm.town.restart()
        sync.wait(60)
    storm.finish()


def test_a_station_killed_while_it_saves(storm):
    for i in range(yz.ROUNDS):
        def save():
            while storm.witness.any(storm.town):
                pass
        thread = threading.Thread(target=save)
        thread.start()
        time.sleep(storm.rnd.uniform(0, .04))
        storm.town.process.send_signal(signal.SIGKILL)
        thread.join(60)
        assert not thread.is_alive()
        storm.town.restart()
        storm.witness.ask_again()
        if i % 4 == 3:
            storm.town.sync(20)
    storm.finish()
