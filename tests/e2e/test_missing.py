"""Files of the data directory are deleted, every subset of them: the next start is whole, or refuses with a code."""
import itertools
import os
import shutil

import pytest

import made_up
import yz

TOWN = yz.COUNTY + "001"
FILES = ["yizhan.db", "yizhan.db-wal", "marker", "token"]


class Prepared:
    """A machine that has worked: its data directory kept aside, what it showed, and a backup of it."""

    def __init__(self, field, role, how):
        self.field, self.role = field, role
        made = made_up.MadeUp(yz.SEED, 2)
        hub = field.make_hub({"t1": TOWN})
        town = field.make_station("t1", TOWN)
        self.node = hub if role == "hub" else town
        self.box = field.path("box")
        os.mkdir(self.box)

        def save(n):
            for _ in range(n):
                fields = {k: v for k, v in made.member(TOWN).items() if v}
                town.api("POST", "put", {"kind": "member", "fields": fields})
            town.sync(20)
        hub.start()
        town.start()
        save(4)
        self.copy = self.node.ok("backup", self.box).json["file"]
        self.in_copy = self.node.export()
        save(4)
        self.shown = self.node.export()
        for node in (town, hub):
            node.stop() if how == "stopped" or node is not self.node else node.kill()
        self.kept = field.path("kept")
        yz.copy_data(self.node.data, self.kept)

    def lay_out(self, without):
        shutil.rmtree(self.node.data)
        yz.copy_data(self.kept, self.node.data)
        for name in without:
            path = os.path.join(self.node.data, name)
            if os.path.exists(path):
                os.remove(path)

    def start(self):
        """(what it shows, None), or (None, what it said)."""
        try:
            self.node.start()
        except AssertionError as e:
            assert " ended with 2 at its start" in str(e), e
            return None, self.node.tail(600)
        shown = self.node.export()
        assert self.node.ok("verify").json["ok"]
        self.node.kill()
        return shown, None

    def files(self):
        out = {}
        for name in sorted(os.listdir(self.node.data)):
            with open(os.path.join(self.node.data, name), "rb") as f:
                out[name] = f.read() if name not in ("lock", "yizhan.log") else None
        if "numbers" in out:                                # a start that fails raises the life, too
            out["numbers"] = [x for x in out["numbers"].splitlines() if not x.startswith(b"life")]
        return out


@pytest.mark.parametrize("how", ["stopped", "killed"])
@pytest.mark.parametrize("role", ["hub", "station"])
def test_every_subset_of_the_files_is_deleted(role, how):
    names = FILES + (["numbers"] if role == "hub" else [])
    refused = began_anew = whole = 0
    with yz.Field() as field:
        on = Prepared(field, role, how)
        for size in range(len(names) + 1):
            for without in itertools.combinations(names, size):
                on.lay_out(without)
                before = on.files()
                shown, said = on.start()
                if shown == on.shown:
                    whole += 1
                    assert "yizhan.db" not in without and (how == "stopped" or "yizhan.db-wal" not in without), without
                elif shown is not None:
                    began_anew += 1                         # only where nothing at all is left of it
                    assert shown == "" and not set(before) & set(names), without
                else:
                    refused += 1
                    assert "[YZ6008]" in said or "[YZ6006]" in said, (without, said)
                    assert "restore" in said or "put " in said, (without, said)
                    assert on.files() == before, "the refusal of %s changed something" % (without,)
                    a = on.node.cli("restore", on.copy)
                    assert a.code == 0, (without, a)
                    restored, said = on.start()
                    assert restored == on.in_copy, (without, said)
        print("%s, %s: %d whole, %d refused, %d began anew" % (role, how, whole, refused, began_anew))
        assert whole and refused and began_anew <= 2


def test_an_empty_database_is_a_missing_one():
    with yz.Field() as field:
        on = Prepared(field, "station", "stopped")
        open(os.path.join(on.node.data, "yizhan.db"), "w").close()
        shown, said = on.start()
        assert shown is None and "[YZ6008]" in said


def test_a_first_start_that_was_cut_is_no_loss(monkeypatch):
    """Until something can be saved, nothing is missed."""
    for mark in ("commit.before", "commit.after"):
        for times in range(1, 4):
            with yz.Field() as field:
                hub = field.make_hub({"t1": TOWN})
                town = field.make_station("t1", TOWN)
                monkeypatch.setenv("YZ_CRASH_AT", "%s:%d" % (mark, times))
                for node in (hub, town):
                    try:
                        node.start()
                    except AssertionError:
                        pass
                    node.kill()
                monkeypatch.delenv("YZ_CRASH_AT")
                for node in (hub, town):
                    node.start()
                    assert node.status()["written"] == 0 and node.ok("verify").json["ok"]
