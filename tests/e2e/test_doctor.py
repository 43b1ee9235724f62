"""doctor: each thing that is wrong has its finding, its code, its exit code, in both languages."""
import json
import os
import shutil
import sqlite3

import pytest

import made_up
import yz

TOWN = yz.COUNTY + "001"


@pytest.fixture
def field():
    with yz.Field() as field:
        field.kinds = field.path("kinds")
        shutil.copytree(yz.KINDS, field.kinds)
        field.make_hub({"t1": TOWN})
        field.town = field.make_station("t1", TOWN)
        field.hub.start()
        field.town.start()
        field.town.sync()
        yield field


def examine(node, code, **wrong):
    """All findings by name; exactly these are not ok: name=level."""
    a = node.cli("doctor")
    found = {f["name"]: f for f in a.lines}
    assert len(found) == len(a.lines) and found, a
    is_wrong = {k: v["level"] for k, v in found.items() if v["level"] != "ok" and k != "service"}
    assert is_wrong == wrong, a
    assert a.code == code or found.get("service", {}).get("level") == "warn", a
    for f in found.values():
        assert f["code"].startswith("YZ") and len(f["code"]) == 6 and f["text"] and f["text_zh"] != f["text"], f
    zh = node.cli("doctor", flags=("--lang", "zh"))
    assert zh.code == a.code and zh.out.count("\n") == len(found), zh
    for name in wrong:
        assert found[name]["text_zh"][:12] in zh.out and "[%s]" % found[name]["code"] in zh.out
    return found


def test_all_is_well(field):
    box = field.path("box")
    os.mkdir(box)
    found = examine(field.town, 0)
    assert {"config", "directory", "secret", "version", "database", "log", "disk", "backup", "clock", "contact", "queue", "kinds",
            "service"} == set(found)
    found = examine(field.hub, 5, backup="warn")            # nobody named a place for its copies
    assert "[store]" in found["backup"]["text"]
    field.hub.stop()
    with open(field.hub.conf, "a") as f:
        f.write("[store]\nbackup = %s\n" % box)
    field.hub.start()
    assert "yizhan backup" in examine(field.hub, 5, backup="warn")["backup"]["text"]
    field.hub.ok("backup")
    same = os.stat(box).st_dev == os.stat(field.hub.data).st_dev
    examine(field.hub, *([5] if same else [0]), **({"backup": "warn"} if same else {}))
    os.rmdir(box) if not os.listdir(box) else shutil.rmtree(box)
    assert "mounted" in examine(field.hub, 5, backup="bad")["backup"]["text"]


def test_what_others_may_see(field):
    os.chmod(field.town.data, 0o755)
    assert "chmod 700" in examine(field.town, 5, directory="bad")["directory"]["text"]
    os.chmod(field.town.data, 0o700)
    key = field.path("t1.key")
    os.chmod(key, 0o644)
    assert "chmod 600" in examine(field.town, 4, secret="bad")["secret"]["text"]
    os.chmod(key, 0o600)
    examine(field.town, 0)


def test_no_daemon(field):
    field.town.stop()
    found = examine(field.town, 70, daemon="bad")
    assert found["store"]["level"] == "ok"
    os.rename(os.path.join(field.town.data, "yizhan.db"), field.path("elsewhere"))
    found = examine(field.town, 70, daemon="bad", store="bad")
    assert "YZ6008" in found["store"]["text"] and "yizhan restore" in found["store"]["text"]
    field.hub.stop()
    os.remove(os.path.join(field.hub.data, "numbers"))
    assert "YZ6006" in examine(field.hub, 70, daemon="bad", store="bad")["store"]["text"]


def test_a_mistake_in_the_configuration(field):
    with open(field.town.conf, "a") as f:
        f.write("[stoer]\n")
    found = examine(field.town, 64, config="bad")
    assert set(found) == {"config"} and "t1.conf:" in found["config"]["text"]


def test_a_damaged_database(field):
    made = made_up.MadeUp(yz.SEED, 2)
    field.town.api("POST", "put", {"kind": "member", "fields": {k: v for k, v in made.member(TOWN).items() if v}})
    field.town.stop()
    db = sqlite3.connect(os.path.join(field.town.data, "yizhan.db"))
    db.execute("UPDATE journal SET bytes = bytes || x'00' WHERE n = 2")
    db.commit()
    db.close()
    field.town.start()
    text = examine(field.town, 5, database="bad")["database"]["text"]
    assert "-2 does not fit its hash" in text and "YZ6003" in text
    a = field.town.cli("verify")
    assert a.code == 5 and a.json["error"]["code"] == "YZ6003" and a.json["error"]["field"] == "journal", a
    assert "YZ6003" in field.town.ok("log", "--code", "6003").out


def test_the_hub_is_away(field):
    field.hub.stop()
    field.town.cli("sync")
    found = examine(field.town, 3, contact="warn")
    assert "Nothing is lost" in found["contact"]["text"] and "不会丢" in found["contact"]["text_zh"]


def test_kind_files_that_are_not_in_force(field):
    with open(os.path.join(field.kinds, "member.conf"), "a") as f:
        f.write("# edited\n")
    with open(os.path.join(field.kinds, "member.conf")) as f:
        text = f.read()
    with open(os.path.join(field.kinds, "member.conf"), "w") as f:
        f.write(text.replace("label = 姓名", "label = 全名", 1))
    found = examine(field.hub, 5, backup="warn", kinds="warn")
    assert "restart" in found["kinds"]["text"]
    field.hub.stop()
    field.hub.start()
    examine(field.hub, 5, backup="warn")
    found = examine(field.town, 0)                           # it has not met the hub since
    field.town.sync()
    assert "are in force" in examine(field.town, 0)["kinds"]["text"]


def test_another_version(field):
    status, answer = field.town.api_raw("POST", "doctor", {"version": "9.9.9"})
    version = next(f for f in map(json.loads, answer.splitlines()) if f["name"] == "version")
    assert status == 200 and version["level"] == "warn" and "9.9.9" in version["text"]
    assert field.town.api_raw("POST", "doctor", {"vesrion": "1"})[0] == 422
    assert field.town.raw("GET", "/api/doctor")[0] == 405
