"""Bytes of a closed database flipped: nobody sees a register that is wrong without hearing of it, and nothing is written over.

YZ_ROUNDS says how often (default 20, here twice that).
"""
import hashlib
import os
import random
import shutil
import signal
import sqlite3
import time

import pytest

import made_up
import yz
from test_disk import in_manual, says, start_says

ROUNDS = 2 * yz.ROUNDS
PAGE = 4096
SCHEMA = -signal.SIGABRT        # a damaged schema: a statement of ours cannot be prepared

pytestmark = pytest.mark.skipif(not os.path.exists(yz.BIN), reason="no " + yz.BIN)
TOWN = yz.COUNTY + "001"


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).digest()


class Rotten:
    """A station that was closed, and copies of it that rot."""

    def __init__(self, field):
        self.made = made = made_up.MadeUp(yz.SEED, 2)
        field.make_hub({"t1": TOWN}).start()
        self.town = field.make_station("t1", TOWN)
        self.town.start()
        for i in range(60):
            self.town.api("POST", "put", {"kind": "member", "fields": {k: v for k, v in made.member(TOWN).items() if v}})
            if i == 40:
                self.town.talk()
        self.want = self.town.export()
        assert self.town.stop() == 0
        self.good, self.path = field.path("good"), os.path.join(self.town.data, "yizhan.db")
        yz.copy_data(self.town.data, self.good)
        self.size = os.path.getsize(self.path)

    def fresh(self):
        shutil.rmtree(self.town.data)
        yz.copy_data(self.good, self.town.data)

    def flip(self, rnd):
        """One to eight bytes, near each other or anywhere."""
        at = [rnd.randrange(self.size) for _ in range(rnd.choice((1, 1, 4, 8)))]
        if rnd.random() < .5:
            at = [(at[0] + i) % self.size for i in range(len(at))]
        with open(self.path, "r+b") as f:
            for place in at:
                f.seek(place)
                byte = f.read(1)[0]
                f.seek(place)
                f.write(bytes([byte ^ rnd.randrange(1, 256)]))
        return at

    def starts(self):
        self.town.launch()
        while self.town.process.poll() is None:
            try:
                self.town.raw("GET", "/api/status")
                return True
            except yz.Unknown:
                time.sleep(.002)
        return False

    def hears_of_it(self):
        """Does somebody who works with it hear that it is damaged?"""
        for verb in (("verify",), ("rebuild",)):
            if self.town.cli(*verb, timeout=60).code == 5:
                return True
        return False


def test_flipped_bytes():
    rnd, seen, rounds = random.Random(yz.SEED), 0, 0
    print("seed %d" % yz.SEED)
    with yz.Field() as field:
        rotten = Rotten(field)
        while rounds < ROUNDS or seen == 0 and rounds < 20 * ROUNDS:    # most bits harm nobody
            rounds += 1
            rotten.fresh()
            at = rotten.flip(rnd)
            before = digest(rotten.path)
            if not rotten.starts():
                code = rotten.town.wait()
                assert code == SCHEMA or code == 2 and rotten.path in rotten.town.tail(600), (at, code, rotten.town.tail(600))
                assert digest(rotten.path) == before, "it was written over: %s" % at
                seen += 1
                continue
            shown = rotten.town.cli("export", "--full", timeout=60)
            if shown.code != 0:
                assert "YZ600" in shown.err, (at, shown)
                seen += 1
            elif shown.out != rotten.want:
                assert rotten.hears_of_it(), "%s: another register, and all is well" % at
                seen += 1
            assert not rotten.town.dead() or rotten.town.process.returncode in (5, SCHEMA), (at, rotten.town.tail(600))
            rotten.town.kill()
        print("%d of %d did any harm" % (seen, rounds))
        assert seen > 0
        rotten.fresh()
        rotten.town.start()
        assert rotten.town.export() == rotten.want


def test_each_page_lost():
    """A page of zeros, each in turn."""
    with yz.Field() as field:
        rotten = Rotten(field)
        pages = list(range(rotten.size // PAGE))
        for page in pages if yz.ROUNDS >= 100 else pages[::4]:
            rotten.fresh()
            with open(rotten.path, "r+b") as f:
                f.seek(page * PAGE)
                f.write(bytes(PAGE))
            if not rotten.starts():
                assert rotten.town.wait() == 2, (page, rotten.town.tail(600))
                continue
            shown = rotten.town.cli("export", "--full", timeout=60)
            assert shown.code != 0 or shown.out == rotten.want or rotten.hears_of_it(), page
            assert not rotten.town.dead() or rotten.town.process.returncode == 5, (page, rotten.town.tail(600))
            rotten.town.kill()


def test_what_is_told_of_a_damaged_page():
    with yz.Field() as field:
        rotten = Rotten(field)
        db = sqlite3.connect(rotten.path)
        roots = dict(db.execute("SELECT name, rootpage FROM sqlite_schema WHERE type = 'table'"))
        db.close()
        rotten.fresh()
        with open(rotten.path, "r+b") as f:         # found at the start
            f.seek((roots["kinds"] - 1) * PAGE)
            f.write(bytes(PAGE))
        in_manual(*start_says(rotten.town))
        rotten.fresh()
        with open(rotten.path, "r+b") as f:         # found in the middle of the work
            f.seek((roots["cell"] - 1) * PAGE)
            f.write(bytes(PAGE))
        assert rotten.starts()
        told = says(rotten.town, "export", "--full")
        assert [code for code, _ in told] == [5, 5], told
        in_manual(*[text for _, text in told])


def test_a_log_that_rotted():
    """One bit in the middle of the log of a station that was killed: it says so. Cut at the place it tells, it goes on."""
    with yz.Field() as field:
        rotten = Rotten(field)
        town, log = rotten.town, rotten.path + "-wal"
        town.start()
        for _ in range(10):
            town.api("POST", "put", {"kind": "member", "fields": {k: v for k, v in rotten.made.member(TOWN).items() if v}})
        late = town.export()
        town.kill()
        middle = os.path.getsize(log) // 2
        with open(log, "r+b") as f:
            f.seek(middle)
            byte = f.read(1)[0]
            f.seek(middle)
            f.write(bytes([byte ^ 4]))
        before = digest(log), digest(rotten.path)
        in_manual(*start_says(town))
        assert (digest(log), digest(rotten.path)) == before, "it was written over"
        place = int(town.tail(600).rpartition("byte ")[2].split(" ")[0])
        assert 32 <= place <= middle
        os.truncate(log, place)
        town.start()
        shown = town.export().splitlines()
        assert set(rotten.want.splitlines()) <= set(shown) < set(late.splitlines())
        assert town.ok("verify").json["ok"]
