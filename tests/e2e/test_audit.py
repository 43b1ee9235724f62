"""The audit trail with real binaries: who saw, took away or brought what stands there before it is shown, and holds no value; what is
masked; what comes of kills, of a full disk, of a trail that was altered."""
import json
import os
import socket
import sqlite3
import time

import pytest

import made_up
import room
import yz

pytestmark = pytest.mark.skipif(not os.path.exists(yz.BIN), reason="no " + yz.BIN)
TOWN = yz.COUNTY + "001"
PHONES = ["12811112222", "12833334444"]


@pytest.fixture
def field():
    with yz.Field() as field:
        field.make_hub({"t1": TOWN, "c1": yz.COUNTY}).start()
        field.town, field.county = field.make_station("t1", TOWN), field.make_station("c1", yz.COUNTY)
        field.town.start()
        field.county.start()
        field.made = made_up.MadeUp(yz.SEED, 2)
        yield field


def person(field, **more):
    fields = dict({k: v for k, v in field.made.member(TOWN).items() if v}, phones=PHONES, **more)
    return json.loads(field.town.ok("put", "member", "-", stdin=json.dumps(fields)).out)["id"], fields


def trail(node, *more):
    return [(x["person"], x["act"], x["object"]) for x in node.ok("audit", *more).lines]


def numbers(fields):
    return [fields["id_number"], fields["phone"], *PHONES]


def hides(text, fields, what):
    for number in numbers(fields):
        assert number not in text, "%s tells %s" % (what, number)


def two_values(field):
    """A case over a telephone at the county's station; what each side wants."""
    record, fields = person(field)
    for node in (field.town, field.county):
        node.talk()
    field.town.ok("edit", record, "-", stdin=json.dumps({"phone": "12855556666"}))
    field.county.ok("edit", record, "-", stdin=json.dumps({"fields": {"phone": "12877778888"}}))
    for node in (field.county, field.town, field.county, field.town):
        node.talk()
    return record, fields


# ---- what is masked

def test_numbers_are_masked_unless_asked_for(field):
    record, fields = person(field)
    town = field.town
    verbs = [("show", record), ("show", record, "--history"), ("list",), ("export",), ("export", "--bases"), ("cases",)]
    for verb in verbs:
        for flags in (("--json", "--lang", "en"), ("--lang", "zh")):
            hides(town.ok(*verb, flags=flags).out, fields, " ".join(verb))
    shown = town.ok("show", record).json
    assert shown["fields"]["phone"][3:7] == "****" and "phones/128****2222" in shown["states"] and "phones/128****2222" in shown["bases"]
    full = town.ok("show", record, "--full", "--history").json
    assert sorted(full["fields"]["phones"]) == PHONES and full["fields"]["phone"] == fields["phone"]
    assert "phones/12811112222" in full["states"]
    again = town.ok("edit", record, "-", stdin=json.dumps({"phones": PHONES[:1] + ["12899990000"]}))
    hides(again.out, dict(fields, phone="12899990000"), "the receipt of an edit")


def test_a_case_is_told_in_full_to_who_asks_for_it(field):
    record, _ = two_values(field)
    for node in (field.town, field.county, field.hub):
        before = len(trail(node))
        listed = node.ok("cases", "list")
        assert len(listed.lines) == 1 and "128****" in listed.out, listed
        for number in ("12855556666", "12877778888"):
            assert number not in listed.out + node.ok("cases", flags=("--lang", "zh")).out
        assert len(trail(node)) == before, "nothing was told, and noted"
        case = listed.lines[0]["case"]
        one = node.ok("cases", "show", case, "--as", "zhao").json
        assert {one["parked"]["phone"], one["in_force"]["phone"]} == {"12855556666", "12877778888"}
        assert trail(node)[-1] == ("zhao", "case.full", "%s of %s" % (case, record))
        assert node.cases()[0]["parked"] == one["parked"] and trail(node)[-1][1] == "cases.full"


# ---- who did what

def test_each_act_is_noted_with_who_did_it(field):
    town = field.town
    record, fields = person(field)
    town.ok("show", record, "--full", "--as", "zhao")
    town.ok("list", "--full", "--as", "qian")
    town.ok("export", "--kind", "member", "--as", "sun")
    town.ok("export", "--full", "--scope", TOWN, "--as", "李")
    name = "roll %s 20250101.ndjson" % fields["id_number"][:17]
    path = field.write(name, json.dumps({"op": "insert", "kind": "member", "id": made_up.MadeUp(7).new_id(made_up.START), "at":
                                         "2025-01-01T00:00:00.000+08:00", "site": TOWN, "data": fields}, ensure_ascii=False) + "\n")
    town.ok("import", path, "--as", "zhou")
    town.ok("import", "-", "--dry-run", stdin=open(path, encoding="utf-8").read())
    os.mkdir(field.path("usb"))
    town.ok("backup", field.path("usb"), "--as", "wu")
    town.ok("rebuild")
    town.ok("reconcile", "--repair")
    rows = [x for x in trail(town) if x[1] not in ("config", "kinds")]
    me = rows[-1][0]
    assert rows[:6] == [
        ("zhao", "show.full", "member " + record),
        ("qian", "list.full", "begun kind=- scope=-"), ("qian", "list.full", "done count=1"),
        ("sun", "export", "begun kind=member scope=-"), ("sun", "export", "done count=1"),
        ("李", "export.full", "begun kind=- scope=" + TOWN)], rows
    assert rows[6] == ("李", "export.full", "done count=1")
    assert rows[7] == ("zhou", "import", "begun roll * 20250101.ndjson mode=both dry=0")
    assert rows[8][1:] == ("import", "done read=1 new=1 changed=0 same=0 wrong=0 duplicate=0")
    assert rows[9] == (me, "import", "begun - mode=both dry=1") and rows[10][2].startswith("done read=1")
    assert rows[11:] == [("wu", "backup", "into usb"), (me, "rebuild", ""), (me, "reconcile", "repair")]
    listed = town.ok("audit").lines
    assert [x["n"] for x in listed] == list(range(1, len(listed) + 1)) and {x["device"] for x in listed} == {"t1"}
    hides(town.ok("audit").out + town.ok("audit", flags=("--lang", "zh")).out, fields, "the audit trail")
    assert "导出完整号码" in town.ok("audit", flags=("--lang", "zh")).out and "exported" in town.ok("audit", flags=("--lang", "en")).out
    assert town.ok("audit", "--since", "2099-01-01").out == ""
    status = town.status()["audit"]
    assert status["n"] == listed[-1]["n"] and status["hash"] == listed[-1]["hash"]
    assert town.ok("verify").json["audited"] == len(listed)


def test_who_may_not_read_the_token_reads_no_trail(field):
    assert field.town.raw("GET", "/api/audit")[0] in (401, 403)


def test_a_wrong_name_is_refused(field):
    record, _ = person(field)
    headers = {"Authorization": "Bearer " + field.town.token()}
    before = trail(field.town)
    for name in ("%FF", "x" * 121):
        status, answer = field.town.raw("GET", "/api/show?id=%s&full=1&author=%s" % (record, name), None, headers)
        assert status == 422 and b"YZ2202" in answer and PHONES[0].encode() not in answer, answer
    assert trail(field.town) == before


def test_what_the_hub_does_is_noted():
    with yz.Field() as field:
        hub = field.make_enrolling_hub()
        town = field.make_enrolling_station("t1", TOWN)
        hub.start()
        town.start()
        field.let_in(town)
        device = hub.ok("devices").lines[0]["device"]
        hub.ok("keys", "turn", "--force", "--as", "zhao")
        hub.ok("revoke", device, "--as", "qian")
        acts = [x for x in trail(hub) if x[1] not in ("config", "kinds")]
        assert [x[1:] for x in acts] == [("invite", "for " + TOWN), ("admit", device), ("keys.turn", "force=1"), ("revoke", device)]
        assert [x[0] for x in acts[1:]] == ["", "zhao", "qian"], "over the line nobody says who it is"
        assert ("enroll", "as t1") in [x[1:] for x in trail(town)] or trail(town)[-1][1] == "enroll"


def test_a_clock_is_trusted_once_it_was_compared(field):
    town = field.town
    record, _ = person(field)
    town.restart()
    town.ok("show", record, "--full")
    town.talk()
    town.ok("show", record, "--full")
    *start, before, after = town.ok("audit").lines
    assert not any(x["trusted"] for x in start + [before]) and after["trusted"] and after["act"] == "show.full"
    first, last = town.ok("audit", flags=("--lang", "en")).out.splitlines()[-2:]
    assert before["time"] + "?  " in first and after["time"] + "  " in last
    field.hub.ok("export")
    assert field.hub.ok("audit").lines[-1]["trusted"], "nobody is asked for a better one"


def test_another_configuration_and_other_kinds_are_noted(field):
    town = field.town
    first = [x[1] for x in trail(town)]
    assert first == ["config", "kinds"], first
    town.restart()
    assert [x[1] for x in trail(town)] == first, "nothing was replaced"
    with open(town.conf, encoding="utf-8") as f:
        text = f.read()
    assert "linger" not in text
    with open(town.conf, "w", encoding="utf-8") as f:
        f.write(text + ("" if "[uplink]" in text.rpartition("[")[1] + text.rpartition("[")[2] else "") + "linger = 7s\n")
    town.restart()
    assert [x[1] for x in trail(town)] == first + ["config"]
    assert town.ok("verify").json["ok"]


# ---- what may go wrong

def many(field, count=400):
    lines = [json.dumps({"op": "insert", "kind": "member", "id": field.made.new_id(made_up.START), "at": "2025-01-01T00:00:00.000+08:00",
                         "site": TOWN, "data": {k: v for k, v in field.made.member(TOWN).items() if v}}, ensure_ascii=False)
             for _ in range(count)]
    field.town.ok("import", field.write("many.ndjson", "\n".join(lines) + "\n"))


def test_killed_while_it_exports_the_trail_tells_that_it_began(field):
    """The first byte is on its way only when the row is on the disk."""
    town = field.town
    many(field)
    for k in range(8):
        line = socket.create_connection(("127.0.0.1", town.port))
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.sendall(b"GET /api/export?full=1&author=k%d HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer %s\r\n\r\n" %
                     (k, town.port, town.token().encode()))
        assert line.recv(1)
        town.kill()
        line.close()
        town.start()
        rows = [x[1:] for x in trail(town) if x[0] == "k%d" % k]
        assert rows[0] == ("export.full", "begun kind=- scope=-"), rows
        assert town.ok("verify").json["ok"]


def test_killed_at_any_moment_whoever_saw_it_stands_there(field):
    town = field.town
    record, fields = person(field)
    for k in range(12):
        line = socket.create_connection(("127.0.0.1", town.port))
        line.sendall(b"GET /api/show?id=%s&full=1&author=m%d HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer %s\r\n\r\n" %
                     (record.encode(), k, town.port, town.token().encode()))
        time.sleep(k / 3000)
        town.kill()
        line.settimeout(5)
        try:
            told = line.recv(1 << 16)
        except OSError:
            told = b""
        line.close()
        town.start()
        noted = [x for x in trail(town) if x[0] == "m%d" % k]
        assert fields["phone"].encode() not in told or noted, "it was shown, and is not noted"
        assert town.ok("verify").json["ok"]


def test_who_hangs_up_is_told_apart(field):
    town = field.town
    many(field, 3000)
    line = socket.create_connection(("127.0.0.1", town.port))
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.sendall(b"GET /api/export?author=gone HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % town.port)
    assert line.recv(1)
    line.close()
    until = time.monotonic() + 20
    while time.monotonic() < until:
        rows = [x[2] for x in trail(town) if x[0] == "gone"]
        if len(rows) == 2:
            break
    assert rows[0].startswith("begun") and rows[1].startswith("cut count="), rows
    assert int(rows[1].partition("=")[2]) < 3000


def test_without_room_nothing_is_shown_that_cannot_be_noted():
    with yz.Field() as field:
        field.make_hub({"t1": TOWN})
        field.town = town = field.make_station("t1", TOWN)
        field.made = made_up.MadeUp(yz.SEED, 2)
        with room.Room(town.data, 64000) as disk:
            town.before, town.data = disk.enter, disk.path()
            town.start()
            record, fields = person(field)
            disk.fill(8 << 20)
            assert PHONES[0] in town.ok("export", "--full").out, "no save any more, and this goes on"
            disk.fill(3 << 20)
            for verb in (("export",), ("export", "--full"), ("show", record, "--full"), ("list", "--full"), ("cases", "--full")):
                a = town.cli(*verb)
                assert a.code == 5 and "YZ6002" in a.out + a.err, a
                hides(a.out, fields, " ".join(verb))
            assert town.ok("show", record).json["id"] == record, "what is masked is shown"
            disk.free()
            assert PHONES[0] in town.ok("export", "--full").out
            assert [x[1] for x in trail(town)] == ["config", "kinds"] + 4 * ["export.full"]


@pytest.mark.parametrize("sql, row", [("UPDATE audit SET person = 'nobody' WHERE n = 4", "row 4"), ("DELETE FROM audit WHERE n = 3", "row 3"),
                                      ("DELETE FROM audit WHERE n > 4", "row 5"), ("DROP TABLE audit", "row 1")])
def test_a_trail_that_was_altered_is_named(field, sql, row):
    town = field.town
    record, _ = person(field)
    for _ in range(4):
        town.ok("show", record, "--full")
    town.stop()
    with sqlite3.connect(os.path.join(town.data, "yizhan.db")) as db:
        db.execute(sql)
    db.close()
    town.start()
    for lang, word in (("en", "the audit trail was altered"), ("zh", "审计记录被改动过")):
        a = town.cli("verify", flags=("--lang", lang))
        assert a.code == 5 and "YZ6040" in a.err and row in a.err and word in a.err, a
    assert town.ok("show", record).json["id"] == record, "the work goes on"


def test_a_backup_has_the_trail_and_a_restore_is_in_it(field):
    town = field.town
    record, _ = person(field)
    town.ok("show", record, "--full", "--as", "zhao")
    os.mkdir(field.path("usb"))
    copy = town.ok("backup", field.path("usb")).json["file"]
    before = trail(town)
    town.ok("show", record, "--full", "--as", "qian")
    town.stop()
    assert town.ok("restore", copy, "--as", "sun").json["audit_altered"] is False
    town.start()
    after = trail(town)
    assert after[:len(before)] == before and after[len(before)][:2] == ("sun", "restore"), after
    assert os.path.basename(copy) in after[len(before)][2] and "qian" not in [x[0] for x in after]
    assert town.ok("verify").json["ok"]
    town.stop()
    with sqlite3.connect(copy) as db:
        db.execute("UPDATE audit SET person = 'nobody' WHERE n = 3")
    db.close()
    assert town.ok("restore", copy).json["audit_altered"] is True
    town.start()
    assert town.ok("show", record).json["id"] == record
    assert "YZ6040" in town.cli("verify").out


# ---- fields on standard input

def test_fields_on_standard_input_are_seen_by_nobody(field):
    town = field.town
    record, _ = person(field)
    shown = town.ok("show", record, "--full").json
    town.ok("edit", record, "-", stdin=json.dumps({"phone": "12800001111"}))
    assert town.ok("show", record, "--full").json["fields"]["phone"] == "12800001111"
    town.ok("edit", record, "-", stdin=json.dumps(shown))
    assert town.ok("show", record, "--full").json["fields"]["phone"] == shown["fields"]["phone"]
    for wrong, code in (("", 64), ("[1]", 64), ("{", 64)):
        assert town.cli("edit", record, "-", stdin=wrong).code == code
    assert town.cli("edit", record, "-", "phone=12800001111", stdin="{}").code == 64
    two, _ = two_values(field)
    case = field.county.cases()[0]["case"]
    field.county.ok("cases", "set", case, "-", stdin=json.dumps({"phone": "12822223333"}))
    assert field.county.ok("show", two, "--full").json["fields"]["phone"] == "12822223333"


def test_sticks_are_noted_at_both_ends(field):
    person(field)
    ask, answer = field.path("a.ask"), field.path("a.answer")
    field.town.ok("pack", ask, "--as", "zhao")
    field.hub.ok("unpack", ask, answer, "--as", "qian")
    field.town.ok("unpack", answer, "--as", "sun")
    with open(ask, "ab") as f:
        f.write(b"more")
    assert field.hub.cli("unpack", ask, answer + ".2", "--as", "li").code == 2
    assert trail(field.town)[-2:] == [("zhao", "pack", "number=1"), ("sun", "unpack", "done t1 number=1")]
    assert trail(field.hub)[-2:] == [("qian", "unpack", "done t1 number=1"), ("li", "unpack", "refused t1 number=1")]
