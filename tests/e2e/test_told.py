"""Told means on the disk: a station dies before one commit after another, and whatever it told before is there.

(Dying in all other places, with a hub and a line: test_points.py.)
"""
import os

import pytest

import made_up
import yz

TOWN = yz.COUNTY + "001"
COMMITS, SAVES = 9, 6

pytestmark = pytest.mark.skipif(not os.path.exists(yz.BIN), reason="no " + yz.BIN)


def save_until_it_dies(town, made, told):
    """True when it died while it saved."""
    try:
        town.start()
    except AssertionError:
        return False                # while it opened its store
    for _ in range(SAVES):
        fields = {k: v for k, v in made.member(TOWN).items() if v}
        try:
            told.append(town.api("POST", "put", {"kind": "member", "fields": fields})["id"])
        except yz.Unknown:
            assert town.wait() == -9
            return True
    town.kill()
    return False


def test_a_save_is_told_after_its_commit():
    made, told, deaths = made_up.MadeUp(yz.SEED, 2), [], 0
    with yz.Field() as field:
        field.make_hub({"t": TOWN})
        town = field.make_station("t", TOWN)
        for commit in range(1, COMMITS):
            town.env = {"YZ_CRASH_AT": "commit.before:%d" % commit}
            deaths += save_until_it_dies(town, made, told)
            town.env = {}
            town.start()
            shown = {r["id"] for r in yz.Answer(0, town.export(), "").lines}
            lost = set(told) - shown
            assert not lost, "before commit %d: told saved, and not there: %d of %d" % (commit, len(lost), len(told))
            town.stop()
    assert deaths > SAVES / 2, "it hardly ever died while it saved: %d times" % deaths
