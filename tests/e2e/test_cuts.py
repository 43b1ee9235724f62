"""The line cut behind every byte of a request and of a reply, in four conversations; then it is whole, and all arrives once.

A cut is one exchange.  YZ_STRIDE says how many bytes lie between two cuts
(default 16, from a random one on; `make soak` takes each); a first contact,
which needs a new station each time, gets three times that.
"""
import os
import random

import pytest

import proxy
import story
import yz
from test_model import PERSON

STRIDE = int(os.environ.get("YZ_STRIDE", "16"))
STATIONS = 3000 // STRIDE + 9       # more than a first contact has bytes

pytestmark = pytest.mark.skipif(not os.path.exists(yz.BIN), reason="no " + yz.BIN)


class Talk:
    """A hub and the county's station; `town` is the one with the bad line."""

    def __init__(self, field, kinds):
        field.kinds, self.field = kinds, field
        self.write_kind(PERSON + story.RULE)       # what the hub has
        self.rnd = random.Random(yz.SEED)
        print("seed %d" % yz.SEED)
        names = {"t%d" % i: "%s%06d" % (yz.COUNTY, i) for i in range(STATIONS)}
        self.hub = field.make_hub(dict(names, county=yz.COUNTY))
        self.line = proxy.Proxy(field.hub_port)
        field.closers.append(self.line.close)
        self.county = field.make_station("county", yz.COUNTY)
        self.hub.start()
        self.write_kind(PERSON)                     # what the stations begin with
        self.county.start()
        self.count, self.saved, self.town = 0, [], None
        self.next_town()

    def write_kind(self, text):
        with open(os.path.join(self.field.kinds, "person.conf"), "w", encoding="utf-8") as f:
            f.write(text)

    def next_town(self):
        """Another township, of which the hub has never heard."""
        if self.town:
            self.town.kill()
            self.field.nodes.remove(self.town)
        self.org = "%s%06d" % (yz.COUNTY, self.count)
        self.town = self.field.make_station("t%d" % self.count, self.org, self.line.port)
        self.count += 1
        self.town.start()
        self.ids = []

    def put(self, node, at=None, **fields):
        """A new person of the township, or the at-th again."""
        body = {"kind": "person", "fields": fields}
        if at is None:
            body["fields"] = dict(fields, org=self.org, name="N%d" % len(self.saved))
        else:
            body["id"] = self.ids[at]
        receipt = node.api("POST", "put", body)
        if at is None:
            self.ids.append(receipt["id"])
        self.saved.append((receipt["id"], story.names(receipt)))

    def phone(self):
        return "%09d" % self.rnd.randrange(10 ** 9)

    def whole(self):
        """The line is whole: whatever waits goes, and comes."""
        self.line.heal()
        while True:
            status = self.town.talk()
            assert status["cause"] is None, status
            if status["queued"] == 0 and status["exchange"]["complete_ms"] >= status["exchange"]["contact_ms"]:
                return

    def compare(self):
        for node in (self.hub, self.town, self.county):
            node.hang_up()                      # a connection kept for long may have been closed
        for node in (self.town, self.county):
            node.talk()
        there = {}
        for record, names in self.saved:
            if record not in there:
                past = self.hub.api("GET", "show?history=1&id=" + record)["history"]
                there[record] = [(x["origin"], x["n"]) for x in past]
                assert len(there[record]) == len(set(there[record])), "a change is there twice"
            assert set(names) <= set(there[record]), "told saved, and not at the hub"
        assert story.register(self.town) == story.register(self.hub, self.org)
        assert story.register(self.county) == story.register(self.hub)
        hub = yz.counts(self.hub.status())
        assert hub["written"] == sum(len(names) for _, names in self.saved), hub
        assert yz.counts(self.town.status())["queued"] == 0
        for node in (self.hub, self.town, self.county):
            assert node.api("POST", "verify", {})["ok"]


def first_contact(talk):
    talk.next_town()
    for _ in range(2):
        talk.put(talk.town, phone=talk.phone(), post=["p", "q"])


def plain_edits(talk):
    for i in range(3):
        talk.put(talk.town, i, phone=talk.phone())


def conflicts(talk):
    for i in range(2):
        talk.put(talk.county, i, phone=talk.phone())
        talk.put(talk.town, i, phone=talk.phone())
    talk.put(talk.town, 2, note=talk.phone())
    talk.county.talk()


def news_only(talk):
    for i in range(3):
        talk.put(talk.county, i, phone=talk.phone(), note=talk.phone())
    talk.county.talk()


@pytest.mark.parametrize("way", ["request", "reply"])
@pytest.mark.parametrize("prepare,stride", [(first_contact, 3 * STRIDE if STRIDE > 1 else 1), (plain_edits, STRIDE),
                                            (conflicts, STRIDE), (news_only, STRIDE)])
def test_cut_behind_every_byte(tmp_path, prepare, stride, way):
    with yz.Field() as field:
        talk = Talk(field, str(tmp_path))
        for _ in range(3):
            talk.put(talk.town, phone="1")
        talk.whole()
        talk.county.talk()
        at, cuts = talk.rnd.randrange(stride), 0
        while cuts == talk.line.faults:             # until one lies behind the end of it all
            prepare(talk)
            (talk.line.cut_request if way == "request" else talk.line.cut_reply)(at)
            talk.town.talk()
            talk.whole()
            at, cuts = at + stride, cuts + 1
        print("%s, %s: %d cuts in %d bytes" % (prepare.__name__, way, talk.line.faults, at - stride))
        assert talk.line.faults > 150 / stride
        talk.compare()
