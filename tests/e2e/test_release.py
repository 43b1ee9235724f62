"""What the hub could not decide is decided anew when somebody asks."""
import time

import pytest

import made_up
import yz

TOWN = yz.COUNTY + "001"


@pytest.fixture
def field():
    with yz.Field() as field:
        yield field


def set_aside(field, monkeypatch):
    """A change of the township that ends the hub each time it is decided: YZ_CRASH_AT stands for a fault of our own."""
    hub = field.make_hub({"t": TOWN, "c": yz.COUNTY})
    town, county = field.make_station("t", TOWN), field.make_station("c", yz.COUNTY)
    for node in (hub, town, county):
        node.start()
    made = made_up.MadeUp(yz.SEED, 2)
    person = town.api("POST", "put", {"kind": "member", "fields": {k: v for k, v in made.member(TOWN).items() if v}})["id"]
    town.sync()
    county.sync()
    county.api("POST", "put", {"kind": "member", "id": person, "fields": {"phone": made.phone()}})
    county.sync()
    town.api("POST", "put", {"kind": "member", "id": person, "fields": {"phone": made.phone()}})
    hub.stop()
    monkeypatch.setenv("YZ_CRASH_AT", "merge.clash")
    hub.start()
    for _ in range(12):
        town.cli("sync", "--wait", "1")
        if hub.process.poll() is None and town.status()["queued"] == 0:
            break
        until = time.monotonic() + 20
        while hub.process.poll() is None and time.monotonic() < until:
            time.sleep(.01)
        hub.kill()
        hub.start()
    county.sync()
    assert (town.status()["aside"], hub.status()["aside"]) == (1, 1)
    return hub, town, county, person


def test_released_at_the_hub(field, monkeypatch):
    hub, town, county, person = set_aside(field, monkeypatch)
    cases = hub.ok("cases", "list", "--state", "aside").lines
    assert [c["reason"] for c in cases] == ["unreadable"] and hub.ok("cases", "--state", "parked").out == ""
    name = cases[0]["case"]
    # Released while the fault is there it ends the hub, and nothing has changed after the restart.
    assert hub.cli("release", name).code == 5
    hub.kill()
    monkeypatch.delenv("YZ_CRASH_AT")
    hub.start()
    assert hub.status()["aside"] == 1
    # A kill between the verdict and the commit leaves it aside, too.
    hub.stop()
    monkeypatch.setenv("YZ_CRASH_AT", "take.released")
    hub.start()
    assert hub.cli("release", name).code == 5
    hub.kill()
    monkeypatch.delenv("YZ_CRASH_AT")
    hub.start()
    a = hub.cli("release", name[:8] + name[name.index("-"):])
    assert a.code == 2 and a.json["state"] == "parked" and a.json["reason"] == "clash", a
    assert hub.cli("release", name).code == 2, "it is not aside any more"
    for node in (town, county):
        node.sync()
        yz.counts(node.status())
    assert (town.status()["aside"], town.status()["parked"]) == (0, 1)
    assert [c["reason"] for c in county.cases()] == ["clash"] == [c["reason"] for c in town.cases()]
    county.ok("cases", "take", "parked", name)
    for node in (county, town, county):
        node.sync()
    assert town.export() == hub.export("--scope", TOWN) and not hub.cases() and not town.cases()
    for node in (hub, town, county):
        assert node.ok("verify").json["ok"] and node.ok("rebuild").json["ok"]
    yz.counts(hub.status())


def test_only_the_hub_releases(field, monkeypatch):
    hub, town, county, person = set_aside(field, monkeypatch)
    for node in (town, county):
        name = node.cases()[0]["case"]
        a = node.cli("release", name)
        assert a.code == 2 and a.json["error"]["code"] == "YZ2208", a
    assert hub.cli("release", "00000000-1").code == 2
    assert hub.cli("release", "nonsense").code == 2
    assert hub.cli("release").code == 64
    zh = hub.cli("release", "00000000-1", flags=("--lang", "zh"))
    assert "没有这件待办" in zh.err and "[YZ4001]" in zh.err
