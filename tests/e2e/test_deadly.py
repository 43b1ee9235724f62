"""A change that kills the hub whenever it decides it costs that change, and nothing else.

YZ_CRASH_AT stands for a fault of the program's own that nobody has found yet:
the hub dies each time it comes to park a clash.
"""
import time

import pytest

import made_up
import yz

TOWN = yz.COUNTY + "001"


@pytest.fixture
def field():
    with yz.Field() as field:
        yield field


def wait_dead(node, seconds=20):
    until = time.monotonic() + seconds
    while node.process.poll() is None and time.monotonic() < until:
        time.sleep(.01)
    assert node.process.poll() == -9, "the hub lives"
    node.kill()


def test_a_change_that_kills_the_hub_costs_itself(field, monkeypatch):
    hub = field.make_hub({"t": TOWN, "c": yz.COUNTY})
    town, county = field.make_station("t", TOWN), field.make_station("c", yz.COUNTY)
    made = made_up.MadeUp(yz.SEED, 40)
    for node in (hub, town, county):
        node.start()
    people = [town.api("POST", "put", {"kind": "member", "fields": {k: v for k, v in made.member(TOWN).items() if v}})["id"]
              for _ in range(20)]
    town.sync()
    county.sync()
    county.api("POST", "put", {"kind": "member", "id": people[7], "fields": {"phone": made.phone()}})
    county.sync()
    for i, person in enumerate(people):         # one of them collides with the county's
        town.api("POST", "put", {"kind": "member", "id": person, "fields": {"phone": made.phone()}})

    hub.stop()
    monkeypatch.setenv("YZ_CRASH_AT", "merge.clash")
    hub.start()
    deaths = 0
    for _ in range(8):
        town.cli("sync", "--wait", "5")
        if hub.process.poll() is None and town.status()["queued"] == 0:
            break
        wait_dead(hub)
        deaths += 1
        hub.start()
    status = town.status()
    assert (status["queued"], status["received"], status["aside"]) == (0, 0, 1), (deaths, status, hub.tail())
    assert deaths == 4
    assert hub.status()["aside"] == 1
    yz.counts(hub.status())
    cases = county.ok("sync", "--wait", "20") and county.cases()
    assert [c["reason"] for c in cases] == ["unreadable"], cases
    monkeypatch.delenv("YZ_CRASH_AT")
    hub.restart()
    county.sync()
    assert hub.export("--scope", TOWN) == town.export()


def test_a_kill_from_outside_sets_nothing_aside(field):
    hub = field.make_hub({"t": TOWN})
    town = field.make_station("t", TOWN)
    made = made_up.MadeUp(yz.SEED, 40)
    hub.start()
    town.start()
    for _ in range(5):
        for _ in range(10):
            town.api("POST", "put", {"kind": "member", "fields": {k: v for k, v in made.member(TOWN).items() if v}})
        hub.restart()
        town.sync()
    assert town.status()["aside"] == 0 and hub.export() == town.export()
