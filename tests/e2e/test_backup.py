"""Backup and restore on the real binaries: whole copies or none, an old store or the new one, nothing told lost."""
import glob
import json
import os
import resource
import sqlite3
import subprocess

import pytest

import made_up
import room
import yz

TOWN, OTHER = yz.COUNTY + "001", yz.COUNTY + "002"


class Town:
    """A hub with an off-box directory, a township, the county's station, and who was told what."""

    def __init__(self, field):
        self.field, self.made = field, made_up.MadeUp(yz.SEED, 2)
        self.hub = field.make_hub({"t1": TOWN, "county": yz.COUNTY})
        self.t1, self.county = field.make_station("t1", TOWN), field.make_station("county", yz.COUNTY)
        self.box = self.has_box(self.hub)
        self.told = {}                          # id number -> phone
        self.ids = {}
        for node in (self.hub, self.t1, self.county):
            node.start()

    def has_box(self, node):
        box = self.field.path("box-" + node.name)
        os.mkdir(box)
        with open(node.conf, "a") as f:
            f.write("[store]\nbackup = %s\n" % box)
        return box

    def save(self, node, n=5):
        for _ in range(n):
            fields = {k: v for k, v in self.made.member(TOWN).items() if v}
            receipt = node.api("POST", "put", {"kind": "member", "fields": fields})
            self.told[fields["id_number"]] = fields["phone"]
            self.ids[fields["id_number"]] = receipt["id"]

    def sync(self, times=2):
        for _ in range(times):
            for node in (self.t1, self.county):
                node.sync(30)

    def assert_all_there(self, node):
        shown = {r["fields"]["id_number"]: r["fields"].get("phone") for r in yz.Answer(0, node.export(), "").lines
                 if r["kind"] == "member"}
        missing = {k for k, v in self.told.items() if shown.get(k) != v}
        assert not missing, "%s: %d of %d are gone" % (node.name, len(missing), len(self.told))


@pytest.fixture
def town():
    with yz.Field() as field:
        yield Town(field)


def copies(folder):
    return sorted(glob.glob(folder + "/*.yz"))


def folder_of(node):
    return {name: os.path.getsize(os.path.join(node.data, name)) for name in os.listdir(node.data)}


def numbers_of(path):
    """{number: change} of a closed store."""
    db = sqlite3.connect("file:%s?mode=ro&immutable=1" % path, uri=True)
    return {n: (bytes(o), i) for n, o, i in db.execute("SELECT j.number, o.origin, j.n FROM journal j JOIN origin o ON "
                                                       "o.id = j.origin WHERE j.number IS NOT NULL")}


# ---- backup ----

def test_a_backup_tells_what_it_has_and_the_stations_hear_of_it(town):
    town.save(town.t1)
    town.sync()
    assert town.hub.status()["secured_number"] == 0
    assert "the county has no off-box copy of it" in town.t1.ok("status", flags=("--lang", "en")).out
    made = town.hub.ok("backup").json
    assert made["file"] == town.box + "/hub-%s-000001.yz" % yz.COUNTY and made["secured"]
    assert os.stat(made["file"]).st_mode & 0o777 == 0o600
    assert os.listdir(town.box) == [os.path.basename(made["file"])]
    hub = town.hub.status()
    assert hub["secured_number"] == made["number"] and hub["backup"]["number"] == made["number"]
    assert hub["backup"]["dir"] == town.box and hub["backup"]["last"]
    town.sync(1)
    status = town.t1.status()
    assert (status["secured"], status["unsecured"]) == (status["taken"], 0)
    assert "all of it also in the county's off-box copy" in town.t1.ok("status", flags=("--lang", "en")).out
    town.save(town.t1, 1)
    town.sync()
    status = town.t1.status()
    assert status["secured"] + status["unsecured"] == status["taken"] and status["unsecured"] > 0
    assert status["secured_number"] == made["number"]


def test_a_copy_to_another_place_secures_nothing(town):
    town.save(town.t1)
    town.sync()
    other = town.field.path("stick 优盘 50%?#a=1")
    os.mkdir(other)
    made = town.hub.ok("backup", other).json
    assert not made["secured"] and town.hub.status()["secured_number"] == 0
    made = town.t1.ok("backup", other).json
    assert made["file"].endswith("/station-t1-000001.yz") and len(copies(other)) == 2
    assert town.t1.cli("backup").code == 64                 # no directory is configured there
    assert town.hub.cli("backup", town.field.path("nowhere")).code == 5
    assert town.hub.api_raw("POST", "backup", {"dir": "relative"})[0] == 422
    town.hub.stop()
    with open(town.hub.conf) as f:
        plain = f.read().split("[store]")[0]
    with open(town.hub.conf, "w") as f:
        f.write(plain)
    town.hub.start()
    assert "no off-box copy is configured" in town.hub.ok("status", flags=("--lang", "en")).out
    assert town.hub.status()["backup"] is None and town.hub.cli("backup").code == 64


def test_old_copies_go_and_only_ours(town):
    town.save(town.t1)
    others = ["hub-%s-000001.yz.txt" % yz.COUNTY, "hub-520528-000001.yz", "notes.yz", "hub-%s-1.yz" % yz.COUNTY]
    for name in others:
        with open(os.path.join(town.box, name), "w") as f:
            f.write("mine")
    for _ in range(9):
        town.hub.ok("backup")
    left = sorted(set(os.listdir(town.box)) - set(others))
    assert left == ["hub-%s-%06d.yz" % (yz.COUNTY, i) for i in range(3, 10)], left
    assert set(others) < set(os.listdir(town.box))


def test_a_copy_is_made_beside_the_work(town):
    """Saves go on while it is made, and what was told before the end is in it."""
    town.save(town.t1, 60)
    backup = subprocess.Popen([yz.BIN, "--conf", town.t1.conf, "--json", "backup", town.box], stdout=subprocess.PIPE)
    saved = 0
    while backup.poll() is None:
        town.save(town.t1, 1)
        saved += 1
    made = json.loads(backup.stdout.read())
    assert backup.returncode == 0 and made["records"] >= 60, (saved, made)
    town.t1.stop()
    assert town.t1.cli("restore", made["file"]).code == 0
    town.t1.start()
    assert town.t1.status()["records"] == made["records"]


@pytest.mark.parametrize("mark", ["copy.pages", "copy.ended", "copy.named", "copy.secured"])
def test_a_kill_in_the_middle_leaves_whole_copies_only(town, monkeypatch, mark):
    town.save(town.t1)
    town.sync()
    town.hub.ok("backup")
    town.save(town.t1)
    town.sync()
    town.hub.stop()
    monkeypatch.setenv("YZ_CRASH_AT", mark)
    town.hub.start()
    assert town.hub.cli("backup").code == 5                  # the door broke off
    town.hub.kill()
    monkeypatch.delenv("YZ_CRASH_AT")
    town.hub.start()
    assert town.hub.ok("verify").json["ok"]
    secured = town.hub.status()["secured_number"]
    whole = copies(town.box)
    assert len(whole) == (1 if mark in ("copy.pages", "copy.ended") else 2)
    made = town.hub.ok("backup").json
    assert made["number"] >= secured
    assert os.listdir(town.box) and not glob.glob(town.box + "/*.part*"), os.listdir(town.box)
    town.hub.stop()
    for path in copies(town.box):                           # each of them can be taken back
        a = town.hub.cli("restore", path)
        assert a.code == 0, a
    town.hub.start()
    town.sync(3)
    town.assert_all_there(town.hub)


def test_a_disk_that_fills_up_leaves_no_half(town):
    """A limit on the size of files stands for a disk that is full in the middle."""
    town.save(town.t1, 40)
    town.sync()
    town.hub.stop()
    town.hub.start()        # its log is short: what is noted of the backup goes there
    pid, size = town.hub.process.pid, town.hub.status()["db_bytes"]
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size // 2, resource.RLIM_INFINITY))
    a = town.hub.cli("backup")
    assert a.code == 5 and a.json["error"]["code"] in ("YZ6001", "YZ6002"), a
    assert os.listdir(town.box) == []
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert town.hub.ok("backup").json["changes"] == town.hub.status()["written"]
    town.save(town.t1)
    town.sync()
    assert town.hub.ok("verify").json["ok"]
    assert "YZ6016" in town.hub.ok("log", "--code", "6016").out


def test_no_room_is_said_before_anything_is_written(town):
    small = town.field.path("small")
    town.save(town.t1)
    with room.Room(small, 64) as disk:
        town.t1.stop()
        town.t1.before = disk.enter
        town.t1.start()
        status, answer = town.t1.api_raw("POST", "backup", {"dir": small})
        assert status == 507 and json.loads(answer)["error"]["code"] == "YZ6002", answer
        assert os.listdir(disk.path()) == []
        town.save(town.t1)
        town.t1.stop()


# ---- restore ----

def test_a_station_goes_back_to_its_copy(town):
    town.save(town.t1)
    town.sync()
    box = town.field.path("stick")
    os.mkdir(box)
    made = town.t1.ok("backup", box).json
    town.save(town.t1)
    town.sync()                                             # the county has these
    unsent = dict(town.told)
    town.save(town.t1)                                      # and these nobody
    assert town.t1.cli("restore", made["file"]).code == 5, "a daemon runs"
    town.t1.stop()
    a = town.t1.cli("restore", made["file"], flags=("--lang", "en"))
    assert a.code == 0 and "never sent is only in there" in a.out, a
    kept = [x for x in os.listdir(town.t1.data) if x.startswith("replaced-")]
    assert len(kept) == 1 and kept[0].endswith(".yizhan.db"), kept
    town.t1.start()
    assert town.t1.status()["records"] == made["records"] and town.t1.ok("verify").json["ok"]
    every, town.told = town.told, unsent
    town.sync()
    town.assert_all_there(town.t1)
    town.t1.restart()
    assert town.t1.ok("verify").json["ok"]
    town.save(town.t1)
    town.sync()
    assert town.t1.export() == town.hub.export("--scope", TOWN)
    # What was kept is a whole store: with it everything is there that was ever told.
    town.t1.stop()
    os.rename(os.path.join(town.t1.data, kept[0]), os.path.join(town.t1.data, "yizhan.db"))
    town.t1.start()
    town.told = every
    town.sync()
    town.assert_all_there(town.hub)


def test_a_hub_goes_back_to_its_copy_and_the_stations_fill_it(town):
    town.save(town.t1)
    town.sync()
    made = town.hub.ok("backup").json
    town.save(town.t1)
    town.county.api("POST", "put", {"kind": "member", "id": next(iter(town.ids.values())), "fields": {"remark": "later"}})
    town.sync()
    town.hub.stop()
    before = numbers_of(os.path.join(town.hub.data, "yizhan.db"))
    with open(os.path.join(town.hub.data, "numbers")) as f:
        numbers = f.read()
    done = town.hub.cli("restore", made["file"]).json
    assert (done["number"], done["numbers"]) == (made["number"], "present")
    assert done["reserved"] >= max(before)
    town.hub.start()
    assert town.hub.status()["cursors"]["life"] > int(numbers.split("life ")[1].split()[0])
    assert town.hub.status()["secured_number"] == made["number"]
    town.save(town.t1)
    town.sync(4)
    town.assert_all_there(town.hub)
    assert town.t1.export() == town.hub.export("--scope", TOWN) and town.county.export() == town.hub.export()
    town.hub.stop()
    after = numbers_of(os.path.join(town.hub.data, "yizhan.db"))
    twice = {n for n in set(before) & set(after) if before[n] != after[n]}
    assert not twice, "numbers used twice: %s" % sorted(twice)[:10]


@pytest.mark.parametrize("numbers", ["gone", "cut", "another"])
def test_a_hub_without_its_file_of_numbers(town, numbers):
    town.save(town.t1)
    town.sync()
    made = town.hub.ok("backup").json
    town.save(town.t1)
    town.sync()
    town.hub.stop()
    path = os.path.join(town.hub.data, "numbers")
    before = numbers_of(os.path.join(town.hub.data, "yizhan.db"))
    with open(path) as f:
        text = f.read()
    if numbers == "gone":
        os.remove(path)
    else:
        with open(path, "w") as f:
            f.write(text[:-4] if numbers == "cut" else text.replace(text[20:24], "0123"))
    a = town.hub.cli("restore", made["file"], flags=("--lang", "en"))
    assert a.code == 0 and "a million are passed over" in a.out.replace("\n", " "), a
    town.hub.start()
    town.save(town.t1)
    town.sync(4)
    town.assert_all_there(town.hub)
    town.hub.stop()
    after = numbers_of(os.path.join(town.hub.data, "yizhan.db"))
    assert not {n for n in set(before) & set(after) if before[n] != after[n]}


MARKS = ["restore.copied", "restore.marked", "restore.kept", "restore.placed"]


@pytest.mark.parametrize("again", MARKS)
@pytest.mark.parametrize("mark", MARKS)
def test_a_restore_that_is_cut_is_done_again(town, mark, again):
    """A kill at one place, then at another: old, new, or refused with a code; and the old store is never lost."""
    town.save(town.t1)
    town.sync()
    made = town.hub.ok("backup").json
    town.save(town.t1)
    town.sync()
    town.hub.kill()                                         # its log is part of the old store
    for at in (mark, again):
        p = subprocess.run([yz.BIN, "--conf", town.hub.conf, "restore", made["file"]], stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, env=dict(os.environ, YZ_CRASH_AT=at))
        assert p.returncode == -9
        if at == "restore.copied" and mark == at:
            continue                                        # nothing has changed
        p = subprocess.run([yz.BIN, "--conf", town.hub.conf, "run"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=20)
        assert p.returncode == 2 and b"YZ6009" in p.stderr and b"yizhan restore FILE" in p.stderr, p.stderr
    assert town.hub.cli("restore", made["file"]).code == 0
    town.hub.start()
    assert town.hub.ok("verify").json["ok"]
    town.sync(4)
    town.assert_all_there(town.hub)
    # The files of the old store are kept together, and are whole.
    stems = {x[:-len("yizhan.db-wal")] for x in os.listdir(town.hub.data) if x.endswith(".yizhan.db-wal")}
    assert len(stems) == 1
    old = os.path.join(town.hub.data, stems.pop() + "yizhan.db")
    assert os.path.getsize(old) > 0
    db = sqlite3.connect(old)
    assert db.execute("SELECT count(*) FROM journal").fetchone()[0] > made["changes"]


def test_what_cannot_be_restored_changes_nothing(town):
    town.save(town.t1)
    made = town.t1.ok("backup", town.box).json
    hub = town.hub.ok("backup", town.box).json
    town.t1.stop()
    before = folder_of(town.t1)
    with open(made["file"], "rb") as f:
        whole = f.read()

    def altered(name, content):
        path = town.field.path(name)
        with open(path, "wb") as f:
            f.write(content)
        return path
    middle = len(whole) // 2 // 4096 * 4096
    bad = {
        "another machine's": (hub["file"], "YZ6020"),
        "no copy": (town.field.write("text.yz", "hello"), None),
        "nothing": (altered("empty.yz", b""), "YZ6020"),
        "cut short": (altered("short.yz", whole[:middle]), "YZ6020"),
        "damaged": (altered("damaged.yz", whole[:middle] + b"\xff" * 4096 + whole[middle + 4096:]), "YZ6020"),
        "the store itself": (os.path.join(town.t1.data, "yizhan.db"), "YZ6020"),
        "not there": (town.field.path("nowhere.yz"), "YZ6001"),
    }
    for what, (path, code) in bad.items():
        a = town.t1.cli("restore", path)
        assert a.code == 5 and (code is None or a.json["error"]["code"] == code), (what, a)
        assert folder_of(town.t1) == before, what
    town.t1.start()
    town.assert_all_there(town.t1)
    assert town.t1.cli("restore").code == 64
