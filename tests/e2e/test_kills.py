"""Hub and stations killed at random, YZ_KILLS times, while clerks save and exchanges run; each save is there once."""
import copy
import os
import random
import signal
import threading
import time

import pytest

import yz
from witness import Storm, Witness

KILLS = int(os.environ.get("YZ_KILLS", "50"))

pytestmark = pytest.mark.skipif(not os.path.exists(yz.BIN), reason="no " + yz.BIN)


class Desk(threading.Thread):
    """Does one thing again and again, on a connection of its own, until told to stop; what goes wrong is kept."""

    def __init__(self, what, pause, stop):
        super().__init__(daemon=True)
        self.what, self.pause, self.stopped, self.wrong = what, pause, stop, None

    def run(self):
        try:
            while not self.stopped.wait(self.pause):
                self.what()
        except Exception as e:
            self.wrong = e


def clerk(witness, node):
    """Saves; and asks again, with the same token, what got no answer."""
    def work():
        if not all(witness.ask(token) for token in list(witness.open)):
            time.sleep(.01)
        elif not witness.any(node):
            time.sleep(.01)
    return work


def talker(node):
    def work():
        try:
            node.api("POST", "sync", {})
        except yz.Unknown:
            pass
    return work


def merge(witnesses):
    first, *others = witnesses
    for w in others:
        for name in ("receipts", "asked", "want", "mine", "by_node"):
            getattr(first, name).update(getattr(w, name))
        first.open += w.open
    return first


def test_random_kills():
    rnd = random.Random(yz.SEED)
    with yz.Field() as field:
        storm, stop = Storm(field), threading.Event()
        towns = [storm.town, storm.county]
        desks = [copy.copy(node) for node in towns]
        witnesses = [Witness(random.Random(yz.SEED + i)) for i in range(2)]
        witnesses[1].made.count = 250000            # other people than the first's
        threads = [Desk(clerk(w, node), .002, stop) for w, node in zip(witnesses, desks)]
        threads += [Desk(talker(copy.copy(node)), .01, stop) for node in towns]
        for thread in threads:
            thread.start()
        for _ in range(KILLS):
            time.sleep(rnd.uniform(0, .06))
            node = rnd.choice(field.nodes)
            assert node.kill() == -signal.SIGKILL, node.tail()
            while rnd.random() < .3:                # and again while it starts
                node.launch()
                time.sleep(rnd.uniform(0, .02))
                node.kill()
            node.start()
        stop.set()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive() and thread.wrong is None, thread.wrong
        storm.witness = merge(witnesses)
        # what the clerks' own connections are called does not matter any more
        storm.witness.asked = {t: (towns[desks.index(n)], b, i) for t, (n, b, i) in storm.witness.asked.items()}
        print("%d saves" % len(storm.witness.receipts))
        storm.finish()
        assert len(storm.witness.receipts) > KILLS
