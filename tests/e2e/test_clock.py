"""Clocks that are wrong: no register, no exchange and no timer hangs on them."""
import json
import os
import time

import pytest

import made_up
import yz
from shim import SECOND, YEAR, Shim

pytestmark = pytest.mark.skipif(not os.path.exists(yz.BIN), reason="no " + yz.BIN)
TOWN = yz.COUNTY + "001"


def now_ms():
    return int(time.time() * 1000)


def idle_cpu(node, seconds=.5):
    before = node.cpu_seconds()
    time.sleep(seconds)
    return node.cpu_seconds() - before


def year(field, clocks=None, turn=lambda step: None, whose="t1"):
    """A small year of a township and the county; returns the hub's register. `clocks` moves those of `whose`."""
    made = made_up.MadeUp(11, 2)
    for i in range(30):
        made.emit(made_up.START, TOWN, "insert", "member", made.new_id(made_up.START), made.member(TOWN))
    lines = [json.loads(text) for _, text in made.sites[TOWN]]
    hub = field.make_hub({"t1": TOWN, "county": yz.COUNTY})
    town = field.make_station("t1", TOWN)
    county = field.make_station("county", yz.COUNTY)
    odd = next(node for node in field.nodes if node.name == whose)
    if clocks:
        field.shim = Shim(odd)
        clocks(field.shim)
    for node in (hub, town, county):
        node.start()
    town.ok("import", field.write("lines.ndjson", "".join(json.dumps(x, ensure_ascii=False) + "\n" for x in lines)))
    for step in range(6):
        turn(step)
        town.talk()
        county.talk()
        for i, node in ((0, county), (0, town), (1, town), (2, county)):
            node.api("POST", "edit", {"id": lines[i + 3 * step]["id"], "fields": {"phone": "12%09d" % (100 * step + 10 * i + (node is town))}})
        (county if step % 2 else town).talk()
        if step == 3:
            odd.stop()
            odd.start()
    for node in (town, county, town):
        node.talk()
    assert town.export() == hub.export("--scope", TOWN) and county.export() == hub.export()
    for node in (hub, town, county):
        counts = yz.counts(node.status())
        assert counts["queued"] == counts["received"] == 0 and node.ok("verify").json["ok"], counts
    if clocks:
        assert idle_cpu(odd) < .1, "it does not rest"
    return hub.export(), sorted(c["cell"] + c["reason"] for c in hub.cases())


@pytest.fixture(scope="module")
def right():
    with yz.Field() as field:
        return year(field)


CLOCKS = {
    "1970": lambda shim: setattr(shim, "wall_ms", SECOND - now_ms()),
    "2099": lambda shim: setattr(shim, "wall_ms", 73 * YEAR),
    "up for 200 years": lambda shim: setattr(shim, "mono_ms", 200 * YEAR),
    "just booted in 1970": lambda shim: (setattr(shim, "wall_ms", SECOND - now_ms()),
                                         setattr(shim, "mono_ms", 2 * SECOND - int(time.clock_gettime(time.CLOCK_MONOTONIC) * 1000))),
}


@pytest.mark.parametrize("whose", ["t1", "hub"])
@pytest.mark.parametrize("name", CLOCKS)
def test_a_wrong_clock_gives_the_same_register(right, name, whose):
    with yz.Field() as field:
        assert year(field, CLOCKS[name], whose=whose) == right
        offset = field.nodes[1].status()["clock_offset_ms"]
        assert (abs(offset) > YEAR) == ("wall_ms" in CLOCKS[name].__code__.co_consts), offset


@pytest.mark.parametrize("whose", ["t1", "hub"])
def test_a_clock_that_jumps_gives_the_same_register(right, whose):
    with yz.Field() as field:
        def turn(step):
            field.shim.wall_ms = (20, -20, 40, -40, 0, 73)[step] * YEAR
        assert year(field, lambda shim: None, turn, whose) == right


def test_a_night_asleep_gives_the_same_register(right):
    with yz.Field() as field:
        def turn(step):
            field.shim.sleep_ms = field.shim.wall_ms = step * 86400 * SECOND
        assert year(field, lambda shim: None, turn) == right


def test_exchanges_go_on_by_themselves_whatever_the_clock_does():
    """Nobody asks for one: after a jump the next comes at its time, and no sooner."""
    with yz.Field() as field:
        field.make_hub({"t1": TOWN}).start()
        town = field.make_station("t1", TOWN, every="1s")
        shim = Shim(town)
        town.start()

        def done():
            return town.api("GET", "status")["exchange"]["done"]

        def until(count):
            end = time.monotonic() + 30
            while done() < count:
                assert time.monotonic() < end, town.tail()
                time.sleep(.02)
        until(1)
        for jump in (20 * YEAR, -20 * YEAR):
            shim.wall_ms = jump
            before, began = done(), time.monotonic()
            until(before + 1)
            assert done() - before <= time.monotonic() - began + 2, "it turns round"
        shim.sleep_ms = 3 * 86400 * SECOND      # asleep for three days: soon after it wakes
        until(done() + 1)
        assert idle_cpu(town) < .1
