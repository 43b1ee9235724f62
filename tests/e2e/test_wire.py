"""A station that skips every check, and bytes that are no batch: each costs itself and nothing else."""
import os

import pytest

import terse
import wire
import yz

pytestmark = pytest.mark.skipif(not os.path.exists(yz.BIN), reason="no " + yz.BIN)
ORG, NAME, GENDER, ETHNIC, BIRTH, ID_NUMBER = 1, 2, 3, 4, 5, 7     # fields of a member's identity (conf/kinds/member.conf)


def id_number(i, wrong=False):
    first = "990001198001%02d%03d" % (i % 28 + 1, i // 28)
    weight = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    digit = "10X98765432"[(sum(int(c) * w for c, w in zip(first, weight)) + wrong) % 11]
    return (first + digit).encode()


def identity(i, wrong=False):
    return {ORG: yz.COUNTY.encode() + b"001", NAME: "甲乙".encode(), GENDER: "男".encode(), ETHNIC: "汉族".encode(),
            BIRTH: b"1980-01-%02d" % (i % 28 + 1), ID_NUMBER: id_number(i, wrong)}


@pytest.fixture
def hub():
    with yz.Field() as field:
        node = field.make_hub({"qs-01": yz.COUNTY + "001", "other": yz.COUNTY + "002"})
        node.start()
        node.speaker = lambda name: wire.Station(field.hub_port, name, open(field.path(name + ".key"), "rb").read().strip())
        node.rss = node.memory_peak
        yield node


def ready(hub, name="qs-01"):
    """A station that has met the hub and knows its kinds."""
    station = hub.speaker(name)
    station.kinds = wire.hub_kinds(station.exchange([]))
    return station


def members(station, numbers, wrong=()):
    return [wire.change(station.origin, station.n + 1 + k, os.urandom(16), 1, 1, identity(i, i in wrong))
            for k, i in enumerate(numbers)]


def test_one_bad_record_in_a_thousand_costs_one(hub):
    station = ready(hub)
    changes = members(station, range(1000), wrong={637})
    before = station.chain(changes)
    batches = [wire.batch(station.kinds, station.origin, 1, before, changes)]
    standing, through, told = station.confirms(station.exchange(batches))
    assert (standing, through, len(told)) == (0, 1000, 1000)
    assert [x for x in told if x[1] != "taken"] == [(638, "returned", "rule", "id_number", "V01")]
    assert hub.status()["taken"] == 999 and hub.status()["returned"] == 1
    # and everything else goes on
    more = members(station, range(1000, 1010))
    before = station.chain(more)
    _, through, told = station.confirms(station.exchange([wire.batch(station.kinds, station.origin, 1001, before, more)]))
    assert through == 1010 and all(x[1] == "taken" for x in told)


def damaged(station, changes, before):
    """Batches that must not be taken, by what is wrong with them."""
    good = wire.batch(station.kinds, station.origin, 1, before, changes)
    build = lambda **how: wire.batch(station.kinds, station.origin, 1, before, changes, **how)
    rows = sum(1 + len(wire.counted(c)) for c in changes)
    return {
        "checksum": build(checksum=bytes(16)), "version": build(version=9), "layout": build(layout=7),
        "says more": build(size=rows + 1), "says less": build(size=rows - 1), "says 1 GiB": build(size=1 << 30),
        "cut": good[:-5], "tail": good + b"x", "empty": b"", "rubbish": os.urandom(300),
        "gap": wire.batch(station.kinds, station.origin, 3, before, changes),
        "another origin": wire.batch(station.kinds, os.urandom(16), 1, before, changes),
    }


def test_a_damaged_batch_is_not_taken_and_the_exchange_goes_on(hub):
    station = ready(hub)
    changes = members(station, range(20))
    before = station.chain(changes)
    peak = hub.rss()
    for what, bad in damaged(station, changes, before).items():
        standing, through, told = station.confirms(station.exchange([bad]))
        assert (standing, through, told) == (0, 0, []), what
        assert hub.status()["written"] == 0, what
    good = wire.batch(station.kinds, station.origin, 1, before, changes)
    _, through, told = station.confirms(station.exchange([b"rubbish", good]))
    assert through == 20 and all(x[1] == "taken" for x in told)
    if not yz.sanitized():
        assert hub.rss() - peak < 4096


def odd_changes(station, n):
    record = os.urandom(16)
    make = lambda **how: wire.change(station.origin, n, record, **{"kind": 1, "cell": 1, "body": identity(0), **how})
    body = lambda **how: make(body={**identity(0), **{int(k[1:]): v for k, v in how.items()}})
    return {
        "unknown kind": (make(kind=77), "aside"), "unknown cell": (make(cell=70), "aside"),
        "unknown field": (body(f61=b"x"), "aside"), "key without need": (make(key=b"k"), "aside"),
        "another's name": (wire.change(os.urandom(16), n, record, 1, 1, identity(0)), "aside"),
        "another n": (wire.change(station.origin, n + 5, record, 1, 1, identity(0)), "aside"),
        "not utf-8": (body(f2=b"\xff\xfe"), "aside"), "nul": (body(f2=b"a\x00b"), "aside"),
        "too long": (body(f2="长".encode() * 200), "returned"), "no date": (body(f5=b"1980-02-31"), "returned"),
        "not cleaned": (body(f2=b" x "), "returned"), "cut": (make()[:-3], "aside"), "tail": (make() + b"\x00", "aside"),
        "rubbish": (os.urandom(80), "aside"), "another township's": (body(f1=yz.COUNTY.encode() + b"002"), "returned"),
    }


def test_an_odd_change_costs_itself(hub):
    station = ready(hub)
    for what in list(odd_changes(station, 1)):
        odd, verdict = odd_changes(station, station.n + 1)[what]
        good = wire.change(station.origin, station.n + 2, os.urandom(16), 1, 1, identity(station.n + 3))
        first, before = station.n + 1, station.chain([odd, good])
        _, through, told = station.confirms(station.exchange([wire.batch(station.kinds, station.origin, first, before, [odd, good])]))
        assert through == station.n, what
        assert [x[1] for x in told] == [verdict, "taken"], what
        assert told[0][2] != "", what
    assert hub.ok("verify").json["ok"]


def test_a_history_that_was_altered_is_seen(hub):
    station = ready(hub)
    changes = members(station, range(5))
    before = station.chain(changes)
    station.confirms(station.exchange([wire.batch(station.kinds, station.origin, 1, before, changes)]))
    station.n, station.head, station.confirmed = 0, wire.ZEROS, 0
    other = members(station, range(5, 12))
    before = station.chain(other)
    standing, through, told = station.confirms(station.exchange([wire.batch(station.kinds, station.origin, 1, before, other)]))
    assert standing == 1 and through == 5 and hub.status()["written"] == 5


def test_a_stranger_and_a_wrong_secret_get_nothing(hub):
    station = ready(hub)
    for name, key in (("nobody", station.key), ("qs-01", bytes(32)), ("other", station.key)):
        false = hub.speaker("qs-01")
        false.name, false.key = name.encode(), key
        status, data = false.post(false.ask([])[1])
        assert status in (400, 401, 403) and (b"YZ2105" in data or b"YZ2106" in data), (name, status, data)
    assert hub.status()["written"] == 0


def test_another_station_sees_nothing_of_it(hub):
    station, other = ready(hub), ready(hub, "other")
    changes = members(station, range(50))
    before = station.chain(changes)
    station.exchange([wire.batch(station.kinds, station.origin, 1, before, changes)])
    # it may not write there either, and is not told what is there
    record = wire.Cut(changes[0]).take(1 + 16 + 2 + 16)[-16:]
    edit = wire.change(other.origin, 1, record, 1, 1, identity(3))
    before = other.chain([edit])
    frames = other.exchange([wire.batch(other.kinds, other.origin, 1, before, [edit])])
    assert other.confirms(frames)[2] == [(1, "returned", "scope", "", "")]
    for kind, payload in frames:
        if kind == wire.NEWS:
            cut = wire.Cut(payload)
            cut.counted(), cut.varint(), cut.varint(), cut.varint(), cut.byte(), cut.varint(), cut.varint()
            raw = wire.zlib.decompress(payload[cut.at:]) if cut.at < len(payload) else b""
            assert id_number(0) not in raw


def test_a_chain_of_parents_that_goes_round_is_passed_over(hub):
    """BUG found: an origin that was its own parent stopped the hub for ever. And refused, it locked its owner out."""
    station = ready(hub)
    station.parent = b"\x01" + station.origin + wire.varint(1) + bytes(32)
    assert station.post(station.ask([])[1])[0] == 200
    one, two = hub.speaker("qs-01"), hub.speaker("qs-01")
    one.parent = b"\x01" + two.origin + wire.varint(1) + bytes(32)
    two.parent = b"\x01" + one.origin + wire.varint(1) + bytes(32)
    one.exchange([])
    assert two.post(two.ask([])[1])[0] == 200
    assert hub.status()["written"] == 0


def test_no_claim_locks_the_others_out(hub):
    """BUG found: a station that claimed far lives and numbers, and a restart, locked out whoever had synced between."""
    for far in (1 << 25, 1 << 32, 1 << 62):
        evil, other = ready(hub), ready(hub, "other")
        evil.life, evil.number = 900 if far == 1 << 25 else far, far
        evil.exchange([])
        welcome = wire.Cut(other.exchange([])[0][1])
        welcome.take(16)
        life, number = welcome.varint(), welcome.varint()
        hub.restart()
        other.life, other.number = life, number
        welcome = wire.Cut(other.exchange([])[0][1])
        welcome.take(16)
        assert welcome.varint() >= life and welcome.varint() >= number


def test_a_contact_with_nothing_to_say_has_two_frames(hub):
    """What is left out is what would have been said, and nothing that is new is left out."""
    station, other = ready(hub), ready(hub, "other")
    changes = members(station, range(2))
    before = station.chain(changes)
    station.confirms(station.exchange([wire.batch(station.kinds, station.origin, 1, before, changes)]))
    full = terse.Welcome(station.exchange([])[0][1])
    assert full.brief and station.confirmed == 2
    station.brief, station.dictionary = b"\1", full.dictionary
    station.cursors = {stream: full.seq for stream in full.streams}
    changes = members(other, range(2))
    before = other.chain(changes)
    other.confirms(other.exchange([wire.batch(other.kinds, other.origin, 1, before, changes)]))
    frames = station.exchange([])
    assert [kind for kind, _ in frames] == [wire.BRIEF_WELCOME, wire.END]
    told, full = terse.Welcome.of_brief(frames[0][1], terse.Hello(station.hello())), terse.Welcome(other.exchange([])[0][1])
    assert (told.life, told.number, told.seq, told.streams[0]) == (full.life, full.number, full.seq, yz.COUNTY.encode() + b"001")
    station.confirmed = 1                      # as if an answer had been lost
    frames = station.exchange([])
    assert [kind for kind, _ in frames] == [wire.BRIEF_WELCOME, wire.CONFIRM, wire.END] and station.confirms(frames)[1] == 2
    station.confirmed, station.brief = 1, b"\1\1"
    frames = station.exchange([])
    assert [kind for kind, _ in frames] == [wire.BRIEF_WELCOME, wire.BRIEF_CONFIRM, wire.END]
    assert station.confirms(frames)[:2] == (0, 2) and station.confirmed == 2
    head, station.confirmed, station.head = station.head, 1, wire.ZEROS     # not what the hub has: it cannot be left out
    assert wire.BRIEF_CONFIRM not in [kind for kind, _ in station.exchange([])]
    station.confirmed, station.head, station.brief = 2, head, b"\1"
    station.parent = b"\2"                      # known there already
    assert [kind for kind, _ in station.exchange([])] == [wire.BRIEF_WELCOME, wire.END]
    station.cursors = dict(reversed(station.cursors.items()))
    assert [kind for kind, _ in station.exchange([])] == [wire.WELCOME, wire.END]


def test_an_origin_whose_parent_is_not_told_must_be_known(hub):
    """Else the hub has nothing of it, says so, and lets nobody have it."""
    station = hub.speaker("qs-01")
    station.kinds = ready(hub, "other").kinds
    changes = members(station, range(2))
    before = station.chain(changes)
    station.parent, station.confirmed = b"\2", 1
    assert station.confirms(station.exchange([wire.batch(station.kinds, station.origin, 1, before, changes)])) == (0, 0, [])
    station.parent, station.confirmed = b"\0", 0
    assert station.confirms(station.exchange([wire.batch(station.kinds, station.origin, 1, before, changes)]))[1] == 2
    station.parent, station.confirmed = b"\2", 0
    assert station.post(station.ask([])[1])[0] == 400


def test_no_record_leaves_the_county(hub):
    """BUG found: a wrong digit in `org` moved a record out of everybody's sight."""
    station = ready(hub)
    record = os.urandom(16)
    away = {**identity(1), ORG: b"990002001"}
    changes = [wire.change(station.origin, 1, record, 1, 1, identity(1)), wire.change(station.origin, 2, record, 1, 1, away, base=1 << 40)]
    before = station.chain(changes)
    _, _, told = station.confirms(station.exchange([wire.batch(station.kinds, station.origin, 1, before, changes)]))
    assert told == [(1, "taken", "", "", ""), (2, "returned", "scope", "org", "")]
