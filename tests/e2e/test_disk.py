"""The disk: full, read-only, damaged, with files gone. What a clerk is told is compared word by word with yizhan(1)."""
import itertools
import json
import os
import shutil
import signal
import subprocess
import time

import pytest

import made_up
import room
import yz

pytestmark = pytest.mark.skipif(not os.path.exists(yz.BIN), reason="no " + yz.BIN)
TOWN = yz.COUNTY + "001"
DISK = 64000                            # KiB; a save wants 32 MiB left, an exchange half of it
MANUAL = os.path.join(yz.REPO, "packaging", "yizhan.1")


@pytest.fixture
def field():
    with yz.Field() as field:
        field.make_hub({"t1": TOWN})
        field.town = field.make_station("t1", TOWN)
        field.made, field.told = made_up.MadeUp(yz.SEED, 2), []
        yield field


def in_room(node, disk):
    node.before, node.data = disk.enter, disk.path()


def save(field, number=None):
    """(status, error or receipt) of a new member, or of one asked for again."""
    if number is None:
        fields = {k: v for k, v in field.made.member(TOWN).items() if v}
        field.told.append([{"kind": "member", "token": "s%d" % len(field.told), "fields": fields}, False])
        number = len(field.told) - 1
    status, answer = field.town.api_raw("POST", "put", field.told[number][0])
    answer = json.loads(answer)
    if status == 200:
        field.told[number][1] = True
    return status, answer.get("error", answer)


def nothing_lost(field):
    """All that was told saved is shown, and nothing twice; what was not told is saved by asking again."""
    shown = [x["fields"]["id_number"] for x in map(json.loads, field.town.export().splitlines())]
    assert len(shown) == len(set(shown))
    for number, (body, told) in enumerate(field.told):
        assert not told or body["fields"]["id_number"] in shown, "told saved, and gone"
        if not told:
            assert save(field, number)[0] == 200
    assert field.town.ok("verify").json["ok"]


def shown(field):
    """What can be read on a disk without a byte: an export must be noted."""
    return len(field.town.ok("list").lines)


def says(node, *verb, stdin=None):
    """What a verb tells a person, in both languages, with what differs from run to run as the manual writes it."""
    out = []
    for lang in ("en", "zh"):
        a = node.cli(*verb, flags=("--lang", lang), stdin=stdin)
        out.append((a.code, plain(node, a.err)))
    return out


def plain(node, text):
    data = node.field.path(node.name)
    for what, word in ((str(node.port), "PORT"), (node.conf, "CONF"), (yz.BIN, "yizhan"), (data, "DATA")):
        text = text.replace(what, word)
    text = " ".join("N" if w.replace(".", "").isdigit() else w for w in text.split(" "))
    return text.strip()


def in_manual(*messages):
    """The manual quotes them, in either language."""
    with open(MANUAL, encoding="utf-8") as f:
        text = " ".join(f.read().replace("\\(dq", '"').replace("\\:", "").split())
    for message in messages:
        assert " ".join(message.split()) in text, "not in yizhan(1): %s" % message


def start_says(node):
    """What the start tells in both languages when it is refused."""
    out = []
    for lang in ("en_US.UTF-8", "zh_CN.UTF-8"):
        node.env["LC_ALL"] = lang
        code, text = node.refuse()
        assert yz.refused(code, text), (code, text)
        out.append(plain(node, text))
    del node.env["LC_ALL"]
    return out


# -- full

def test_a_full_disk_refuses_saves_and_goes_on_by_itself(field):
    with room.Room(field.town.data, DISK) as disk:
        in_room(field.town, disk)
        field.hub.start()
        field.town.start()
        for _ in range(5):
            assert save(field)[0] == 200
        disk.fill(30 << 20)
        for _ in range(3):
            status, error = save(field)
            assert (status, error["code"]) == (507, "YZ6002"), (status, error)
        line = json.dumps({"kind": "member", "fields": field.told[0][0]["fields"]}, ensure_ascii=False)
        told = says(field.town, "put", "member", "-", stdin=line)
        assert [code for code, _ in told] == [5, 5], told
        in_manual(*[text for _, text in told])
        sheet = field.write("lines.ndjson", '{"op":"insert"}\n')
        assert "YZ6002" in field.town.cli("import", sheet).err
        assert "YZ6002" in field.town.cli("rebuild").err
        assert shown(field) == 5, "what is there can be read"
        assert field.town.talk()["cause"] is None and field.town.status()["queued"] == 0, "what is saved goes out"
        disk.fill(10 << 20)
        assert field.town.talk()["cause"] == "YZ6002"
        told = says(field.town, "sync")
        assert [code for code, _ in told] == [5, 5], told
        in_manual(*[text for _, text in told])
        process = field.town.process
        disk.free()
        assert save(field)[0] == 200 and field.town.talk()["cause"] is None
        assert field.town.process is process and process.poll() is None
        nothing_lost(field)


def test_a_disk_filled_to_the_last_byte(field):
    """Somebody else fills it: even then a start works, so that what is there can be read."""
    with room.Room(field.town.data, DISK) as disk:
        in_room(field.town, disk)
        field.town.start()
        for _ in range(5):
            assert save(field)[0] == 200
        for end in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
            field.town.signal(end)
            disk.fill(0)
            field.town.start()
            assert shown(field) == 5
            assert save(field, 0)[1].get("code") == "YZ6002" or field.told[0][1]
            assert save(field)[1]["code"] == "YZ6002"
            field.told.pop()
            disk.free()
            assert save(field, 0)[0] == 200
            field.town.signal(end)
            field.town.start()                  # takes its spare room again
            assert os.path.exists(disk.path("spare"))
        nothing_lost(field)


def long_log(field, disk):
    """A station that was killed with a long log, all of which the database has yet to grow by."""
    in_room(field.town, disk)
    field.town.start()
    count = 0
    while os.path.getsize(disk.path("yizhan.db-wal")) < 5 << 20:
        lines = [json.dumps({"op": "insert", "kind": "member", "id": "%032x" % (1 << 100 | count + i), "at": "2025-01-01T08:00:00+08:00",
                             "site": TOWN, "data": {k: v for k, v in field.made.member(TOWN).items() if v}}) for i in range(500)]
        count += field.town.api("POST", "import", ("\n".join(lines) + "\n").encode(), "application/x-ndjson")["new"]
    assert os.path.getsize(disk.path("yizhan.db")) < 1 << 20
    field.town.kill()
    disk.fill(0)
    return count


def test_a_disk_filled_behind_a_long_log(field):
    """A start brings the log into the database, which grows by it: there is room put by for that."""
    with room.Room(field.town.data, DISK) as disk:
        count = long_log(field, disk)
        for _ in range(2):
            field.town.start()
            assert shown(field) == count
            assert save(field)[1]["code"] == "YZ6002"
            assert field.town.talk()["cause"] == "YZ6002", "what was put by is for starts alone"
            field.told.pop()
            field.town.kill()
            disk.fill(0)
        field.town.start()
        disk.free()
        assert save(field)[0] == 200
        assert os.path.getsize(disk.path("spare")) > 16 << 20, "put by again"
        nothing_lost(field)


def test_a_full_disk_with_nothing_put_by(field):
    """A start that finds no room at all says so and how much it wants; making that room is enough."""
    with room.Room(field.town.data, DISK) as disk:
        count = long_log(field, disk)
        os.remove(disk.path("spare"))
        disk.fill(0)
        told = start_says(field.town)
        in_manual(*told)
        assert start_says(field.town) == told, "it can be tried again and again"
        wants = float(field.town.tail(400).split("MB < ")[1].split(" ")[0])
        for lang, words in (("en", "Make room"), ("zh", "腾出磁盘空间")):
            said = field.town.cli("status", flags=("--lang", lang))
            assert said.code == 70 and "YZ6002" in said.err and words in said.err, said
        disk.free()
        disk.fill(int(wants * 1e6) + 100000)
        field.town.start()
        assert shown(field) == count
        disk.free()
        assert save(field)[0] == 200
        nothing_lost(field)


def test_a_commit_that_finds_no_room(field):
    """A file may not grow any more: nobody is told saved, the process ends, and after the restart all is there."""
    field.town.before = ["prlimit", "--fsize=400000"]
    field.town.start()
    try:
        while save(field)[0] == 200:
            pass
    except yz.Unknown:
        pass
    assert field.town.wait() == 5, field.town.tail()
    assert len(field.told) > 5
    field.town.before = []
    (code, text), (_, chinese) = says(field.town, "status")
    assert code == 70 and "YZ7201" in text
    in_manual(text, chinese)
    field.town.start()
    nothing_lost(field)


def test_a_hub_with_a_full_disk(field):
    with room.Room(field.hub.data, DISK) as disk:
        in_room(field.hub, disk)
        field.hub.start()
        field.town.start()
        assert save(field)[0] == 200
        disk.fill(10 << 20)
        assert field.town.talk()["cause"] == "YZ7103"
        assert field.town.status()["queued"] > 0 and field.hub.status()["written"] == 0
        field.hub.kill()
        disk.fill(0)
        field.hub.start()
        assert field.town.talk()["cause"] == "YZ7103"
        disk.free()
        assert field.town.talk()["cause"] is None and field.town.status()["queued"] == 0
        nothing_lost(field)


# -- refused

def test_a_read_only_disk(field):
    with room.Room(field.town.data, DISK) as disk:
        in_room(field.town, disk)
        field.town.start()
        assert save(field)[0] == 200
        field.town.kill()
        disk.read_only(True)
        in_manual(*start_says(field.town))
        disk.read_only(False)
        field.town.start()
        nothing_lost(field)


def test_a_folder_that_may_not_be_written(field):
    """Without the rights of root: chmod would not stop those."""
    field.town.start()
    assert save(field)[0] == 200
    field.town.stop()
    field.town.before = ["unshare", "-U"]
    if subprocess.run(["unshare", "-U", "true"], check=False).returncode != 0:
        pytest.skip("no user namespaces here")
    os.chmod(field.town.data, 0o500)
    try:
        code, text = field.town.refuse()
        assert code == 5 and "YZ600" in text and field.town.data in text, (code, text)
    finally:
        os.chmod(field.town.data, 0o700)
    os.chmod(os.path.join(field.town.data, "yizhan.db"), 0o400)
    code, text = field.town.refuse()
    assert code == 5 and "YZ600" in text and "yizhan.db" in text, (code, text)
    for name in os.listdir(field.town.data):    # what SQLite makes has the rights of the database
        os.chmod(os.path.join(field.town.data, name), 0o600)
    field.town.start()
    nothing_lost(field)


def test_a_second_daemon(field):
    field.town.start()
    assert save(field)[0] == 200
    other = yz.Node(field, field.town.name, field.town.conf, field.town.data, field.town.port)
    told = []
    for lang in ("en_US.UTF-8", "zh_CN.UTF-8"):
        other.env["LC_ALL"] = lang
        code, text = other.refuse()
        assert code == 5, (code, text)
        told.append(plain(other, text.replace(" %d." % field.town.process.pid, " N.").replace(" %d。" % field.town.process.pid, " N。")))
    in_manual(*told)
    assert save(field)[0] == 200
    nothing_lost(field)


# -- gone

def remains(folder, copy):
    shutil.rmtree(folder)
    yz.copy_data(copy, folder)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("who", ["t1", "hub"])
def test_files_that_are_gone(field, who, end):
    """Each set of files deleted: it starts with all that was saved, or it is refused. Never with less, unasked."""
    field.hub.start()
    field.town.start()
    for i in range(4):
        assert save(field)[0] == 200
        field.town.talk()
    node = field.hub if who == "hub" else field.town
    want = node.export()
    other = field.town if who == "hub" else field.hub
    other.kill()
    node.signal(end)
    copy = field.path("copy")
    yz.copy_data(node.data, copy)
    names = sorted(x for x in os.listdir(copy) if x not in ("yizhan.log", "spare", "lock"))
    refused = 0
    for count in range(len(names) + 1):
        for gone in map(set, itertools.combinations(names, count)):
            remains(node.data, copy)
            for name in gone:
                os.remove(os.path.join(node.data, name))
            node.launch()
            while node.process.poll() is None:
                try:
                    node.api("GET", "status")
                    break
                except (yz.Unknown, AssertionError):
                    time.sleep(.002)
            if node.process.poll() is not None:
                code, text = node.wait(), node.tail(1000).splitlines()[-1]
                assert code == 2 and ("YZ6008" in text or "YZ6006" in text), (gone, code, text)
                refused += 1
                continue
            got = node.export()
            node.kill()
            assert got == want or gone == set(names), "%s gone: it began with less" % gone
    assert refused >= 2 ** len(names) / 4
    remains(node.data, copy)
    node.start()
    assert node.export() == want


def test_what_is_told_of_files_that_are_gone(field):
    field.hub.start()
    field.town.start()
    assert save(field)[0] == 200
    field.town.talk()
    field.town.kill()
    log, database = (os.path.join(field.town.data, "yizhan.db" + x) for x in ("-wal", ""))
    for path in (log, database):
        os.rename(path, path + ".away")
        start = start_says(field.town)
        in_manual(*start)
        for code, text in says(field.town, "status"):
            assert code == 70 and "YZ6008" in text and os.path.basename(path) in text, text
        os.rename(path + ".away", path)
    field.town.start()
    nothing_lost(field)
    field.hub.kill()
    os.remove(os.path.join(field.hub.data, "numbers"))
    in_manual(*start_says(field.hub))
