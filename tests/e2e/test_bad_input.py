"""What people and programs get wrong: it costs the one record, line or key, and the answer says which."""
import json
import os
import re
import shutil
import subprocess

import pytest

import made_up
import yz

pytestmark = pytest.mark.skipif(not os.path.exists(yz.BIN), reason="no " + yz.BIN)
TOWN = yz.COUNTY + "001"


@pytest.fixture
def field():
    with yz.Field() as f:
        f.make_hub({"t1": TOWN, "county": yz.COUNTY})
        f.town = f.make_station("t1", TOWN)
        yield f


def members(n, seed=7):
    made = made_up.MadeUp(seed, 2)
    for i in range(n):
        made.emit(made_up.START, TOWN, "insert", "member", made.new_id(made_up.START), made.member(TOWN))
    return [json.loads(text) for _, text in made.sites[TOWN]]


def dump(line):
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def test_one_bad_record_among_a_thousand(field):
    lines = members(1000)
    bad = lines[499]["data"]
    bad["id_number"] = bad["id_number"][:17] + ("1" if bad["id_number"][17] != "1" else "2")
    field.town.start()
    a = field.town.cli("import", field.write("a.ndjson", "".join(dump(x) + "\n" for x in lines)), "--report", field.path("r"))
    assert a.code == 2, a
    got = a.json
    assert (got["read"], got["new"], got["wrong"]) == (1000, 999, 1)
    with open(field.path("r"), encoding="utf-8") as f:
        report = [json.loads(x) for x in f]
    assert report == got["lines"] and len(report) == 1
    assert report[0]["line"] == 500 and report[0]["field"] == "id_number" and report[0]["rule"]
    assert report[0]["code"].startswith("YZ") and report[0]["why"]
    assert bad["id_number"] not in json.dumps(report), "a report must not carry the whole number"
    shown = {json.loads(x)["id"] for x in field.town.export().splitlines()}
    assert shown == {x["id"] for x in lines} - {lines[499]["id"]}
    # corrected, the sheet may come again: one line is new, the others are known
    bad["id_number"] = made_up.id_number(499, bad["birth"], bad["gender"] == "男")
    again = field.town.ok("import", field.write("a.ndjson", "".join(dump(x) + "\n" for x in lines)), codes=(0, 1)).json
    assert (again["new"], again["duplicate"], again["wrong"]) == (1, 999, 0)


def test_a_save_that_says_nothing(field):
    """A new record needs something; where one is there, it is told that nothing was saved."""
    town = field.town
    town.start()
    before = town.export()
    for text in ("{}", '{"name": "", "posts": []}', '{"fields": {}}'):
        a = town.cli("put", "member", "-", stdin=text, flags=("--lang", "en"))
        assert a.code == 2 and "[YZ2202]" in a.err and "nothing was given" in a.err and "Nothing was saved" in a.err and not a.out, a
    assert town.export() == before
    made = made_up.MadeUp(11, 2).member(TOWN)
    id = town.api("POST", "put", {"kind": "member", "fields": {k: v for k, v in made.items() if v}})["id"]
    saved, written = town.export(), town.status()["written"]
    for text in ("{}", json.dumps({"name": made["name"]})):
        for lang, words in (("en", "nothing was saved"), ("zh", "什么都没存")):
            a = town.cli("put", "member", id, "-", stdin=text, flags=("--lang", lang))
            assert a.code == 0 and words in a.out and not a.err, a
        a = town.cli("put", "member", id, "-", stdin=text)
        assert a.code == 0 and a.json["changes"] == [], a
    assert town.export() == saved and town.status()["written"] == written


def bad_lines():
    """(name, bytes of one line) that must each be refused with a code, without a trace in the register."""
    line = members(40, 8)

    def with_data(i, **data):
        line[i]["data"].update(data)
        return dump(line[i]).encode()

    def without(i, key):
        return dump({k: v for k, v in line[i].items() if k != key}).encode()

    def put(i, **top):
        return dump(dict(line[i], **top)).encode()

    whole = dump(line[0]).encode()
    return [
        ("a million brackets", b"[" * 10 ** 6),
        ("a million objects", b'{"a":' * 10 ** 6),
        ("deep inside", whole.replace(b'"data":{', b'"data":{"remark":' + b"[" * 10 ** 5 + b"]" * 10 ** 5 + b",")),
        ("key twice", whole.replace(b'{"op"', b'{"op":"insert","op"', 1)),
        ("field twice", with_data(1).replace(b'"data":{', b'"data":{"phone":"12000000000",')),
        ("NUL escaped", with_data(2, remark="a\0b")),
        ("NUL raw", with_data(3, remark="a~b").replace(b"~", b"\0")),
        ("not UTF-8", with_data(4, remark="a~b").replace(b"~", b"\xff\xfe")),
        ("UTF-8 overlong", with_data(5, remark="a~b").replace(b"~", b"\xc0\xaf")),
        ("half a surrogate", with_data(6, remark="a~b").replace(b"~", b"\\ud800")),
        ("number past 2^63", with_data(7, name="~").replace(b'"~"', b"9223372036854775808")),
        ("number past all", with_data(8, name="~").replace(b'"~"', b"1e999")),
        ("an object for a text", with_data(9, name={"a": 1})),
        ("a list for a text", with_data(10, name=["a"])),
        ("a long name", with_data(11, name="长" * 100000)),
        ("a line of 20 MB", with_data(12, remark="x" * 20000000)),
        ("unknown kind", put(13, kind="ghost")),
        ("unknown field", with_data(14, colour="red")),
        ("unknown op", put(15, op="upsert")),
        ("no op", without(16, "op")),
        ("no kind", without(17, "kind")),
        ("no id", without(18, "id")),
        ("no data", without(19, "data")),
        ("no site", without(20, "site")),
        ("id not one", put(21, id="../../etc/passwd")),
        ("id a number", put(22, id=7)),
        ("site elsewhere", put(23, site="520527002")),
        ("org elsewhere", with_data(24, org="520527002")),
        ("data a text", put(25, data="x")),
        ("half a line", whole[:len(whole) // 2]),
        ("two in one", dump(line[26]).encode() * 2),
        ("no JSON", b"name,phone"),
        ("only a number", b"17"),
        ("no such day", with_data(27, joined="2020-02-30")),
        ("not of the list", with_data(28, status="好党员")),
        ("update of nobody", put(29, op="update")),
        ("delete of nobody", without(30, "data").replace(b'"insert"', b'"delete"')),
    ]


def test_bad_lines_cost_themselves_only(field):
    bad, good = bad_lines(), members(len(bad_lines()) + 1, 9)
    field.town.start()
    field.town.ok("import", field.write("warm.ndjson", "".join(dump(x) + "\n" for x in members(1, 10))))
    before = field.town.memory_peak()
    path = field.path("bad.ndjson")
    with open(path, "wb") as f:
        for i, (_, text) in enumerate(bad):
            f.write(dump(good[i]).encode() + b"\n" + text + b"\n")
        f.write(dump(good[-1]).encode())            # the last one without its line end
    a = field.town.cli("import", path, "--report", field.path("r"))
    assert a.code == 2, a
    with open(field.path("r"), encoding="utf-8") as f:
        report = {x["line"]: x for x in map(json.loads, f)}
    missed = ["line %d, %s" % (2 * i + 2, name) for i, (name, _) in enumerate(bad) if 2 * i + 2 not in report]
    assert not missed, "these went in: %s" % missed
    assert sorted(report) == [2 * i + 2 for i in range(len(bad))]
    for i, (name, _) in enumerate(bad):
        assert report[2 * i + 2]["code"].startswith("YZ") and report[2 * i + 2]["why"], name
        assert len(report[2 * i + 2]["why"]) < 500, name
    got = a.json
    assert (got["read"], got["new"], got["wrong"]) == (len(bad) + len(good), len(good), len(bad))
    shown = {json.loads(x)["id"] for x in field.town.export().splitlines()}
    assert {x["id"] for x in good} <= shown and len(shown) == len(good) + 1
    growth = field.town.memory_peak() - before
    assert growth < 24 * 1024, "memory grew by %d KiB" % growth


def test_bad_requests_are_answered_and_forgotten(field):
    field.town.start()
    fields = {k: v for k, v in members(1, 11)[0]["data"].items() if v}
    whole = json.dumps({"kind": "member", "fields": fields}, ensure_ascii=False).encode()
    before = field.town.memory_peak()
    for name, body in (("brackets", b"[" * 10 ** 6), ("key twice", whole.replace(b'{"kind"', b'{"kind":"member","kind"', 1)),
                       ("NUL", whole.replace(b'"name": "', b'"name": "\\u0000')), ("not UTF-8", whole.replace(b'"name": "', b'"name": "\xff')),
                       ("past 2^63", whole[:-1] + b',"base":9223372036854775808}'), ("base a text", whole[:-1] + b',"base":"x"}'),
                       ("base below", whole[:-1] + b',"base":-1}'), ("no kind", b'{"fields":{}}'), ("no fields", b'{"kind":"member"}'),
                       ("unknown kind", whole.replace(b'"member"', b'"ghost"', 1)), ("unknown field", whole.replace(b'"name"', b'"nome"', 1)),
                       ("nothing", b""), ("long", whole.replace(b'"name": "', b'"name": "' + b"x" * 10 ** 6)),
                       ("unknown record", whole[:-1] + b',"id":"x"}')):
        status, answer = field.town.api_raw("POST", "put", body)
        assert 400 <= status < 500, (name, status, answer[:300])
        error = json.loads(answer)["error"]
        assert error["code"].startswith("YZ") and error["text"], (name, error)
    status, answer = field.town.raw("POST", "/api/put", whole, {"Content-Type": "application/json"})
    assert status in (401, 403), (status, answer)
    status, answer = field.town.raw("GET", "/api/put")
    assert status in (404, 405), (status, answer)
    status, answer = field.town.raw("GET", "/api/status", headers={"Host": "evil.example"})
    assert 400 <= status < 500, (status, answer)
    assert field.town.export() == "" and yz.counts(field.town.status())["written"] == 0
    assert field.town.memory_peak() - before < 16 * 1024
    assert field.town.api("POST", "put", {"kind": "member", "fields": fields})["changes"]


# each: what to do with the text, the line that is wrong (or None), words the message must have
MISTAKES = [
    ("unknown key", lambda t: t.replace("name =", "colour = red\nname ="), "colour = red", ["colour", "listen"]),
    ("unknown section", lambda t: t + "[stations]\nx = 1\n", "[stations]", ["stations"]),
    ("no unit", lambda t: t.replace("every = manual", "every = 15"), "every =", ["every", "manual"]),
    ("no time", lambda t: t.replace("every = manual", "every = soon"), "every =", ["every", "manual"]),
    ("org in letters", lambda t: t.replace("org = " + TOWN, "org = qingshi"), "org =", ["org"]),
    ("no port", lambda t: t.replace("listen = 127.0.0.1:", "listen = 127.0.0.1#"), "listen =", ["listen"]),
    ("port past all", lambda t: t.replace("listen = 127.0.0.1:", "listen = 127.0.0.1:9"), "listen =", ["listen"]),
    ("plain http outside", lambda t: t.replace("http://127.0.0.1", "http://192.0.2.1"), "hub =", ["loopback"]),
    ("no address", lambda t: t.replace("http://127.0.0.1", "127.0.0.1"), "hub =", ["hub"]),
    ("key twice", lambda t: t.replace("name =", "org = 520527002\nname ="), "org = 520527002", ["org"]),
    ("no equals sign", lambda t: t.replace("[uplink]", "just words\n[uplink]"), "just words", []),
    ("key before any section", lambda t: "org = 1\n" + t, "org = 1", []),
    ("a value with ' ;'", lambda t: t.replace("name = t1", "name = t1 ;the first"), "name = t1 ;", []),
    ("no org", lambda t: t.replace("org = %s\n" % TOWN, ""), None, ["org"]),
    ("hub and station", lambda t: t + "[hub]\norg = 520527\n", None, ["hub"]),
    ("no such kinds", lambda t: t.replace(yz.KINDS, yz.KINDS + "-none"), None, ["kinds-none"]),
    ("no such secret", lambda t: t.replace("t1.key", "t2.key"), None, ["t2.key"]),
    ("not UTF-8", lambda t: t.replace("name = t1", "name = t\udcff"), "name = t", []),
    ("empty", lambda t: "", None, []),
]


def run(*args):
    return subprocess.run([yz.BIN, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=20,
                          preexec_fn=yz.die_with_parent)


@pytest.mark.parametrize("name,change,where,words", MISTAKES, ids=[m[0] for m in MISTAKES])
def test_a_mistake_in_the_configuration_is_named(field, name, change, where, words):
    with open(field.town.conf, encoding="utf-8") as f:
        text = change(f.read())
    path = field.path("wrong.conf")
    with open(path, "wb") as f:
        f.write(text.encode("utf-8", "surrogateescape"))
    for verb in (["run", "--check"], ["run"]):
        p = run("--conf", path, "--lang", "en", *verb)
        said = p.stderr.decode("utf-8", "replace")
        assert p.returncode == 64, "%s: exit %d: %s" % (name, p.returncode, said)
        assert "wrong.conf" in said or not where, said
        if where:
            number = 1 + next(i for i, x in enumerate(text.split("\n")) if x.startswith(where))
            assert "%d" % number in said.replace(path, ""), "line %d is not named: %s" % (number, said)
        for word in words:
            assert word in said, "%r is not in: %s" % (word, said)


def test_a_long_line_in_the_configuration_is_kept_or_refused(field):
    """libinih as Debian builds it cuts lines at 200 bytes: this may not pass silently."""
    with open(field.town.conf, encoding="utf-8") as f:
        text = f.read()
    long = os.path.join(field.dir, "d" * (250 - len(field.dir)))
    path = field.write("long.conf", text.replace(field.path("t1") + "\n", long + "\n").replace(
        "[uplink]", "# " + "字" * 100 + "\n[uplink]"))
    p = run("--conf", path, "--lang", "en", "run", "--check")
    if p.returncode == 0:
        assert long in p.stdout.decode()
    else:
        assert p.returncode == 64 and "long.conf" in p.stderr.decode() and "4" in p.stderr.decode()


def test_a_good_configuration_is_printed_with_its_origins(field):
    p = run("--conf", field.town.conf, "--lang", "en", "run", "--check")
    assert p.returncode == 0, p
    said = p.stdout.decode()
    assert TOWN in said and "manual" in said and "t1.conf" in said
    assert run("--conf", field.hub.conf, "run", "--check").returncode == 0
    assert not os.path.exists(field.path("t1")), "--check must not make a store"


# each: what to do with the text, the line that is wrong, a word of what is allowed
KIND_MISTAKES = [
    ("unknown key", lambda t: t.replace("[kind]\n", "[kind]\ncolour = red\n", 1), "colour = red", "label"),
    ("id used twice", lambda t: t + "\n[cell again]\nid = 1\nlabel = x\nwriter = any\n", "[cell again]", "identity"),
    ("field of no cell", lambda t: t + "\n[field newone]\nid = 999\nlabel = x1\ncell = nowhere\ntype = text\n", "cell = nowhere", "cell"),
    ("no such type", lambda t: t + "\n[field newone]\nid = 999\nlabel = x1\ncell = CELL\ntype = poem\n", "type = poem", "month"),
    ("no such writer", lambda t: t + "\n[cell newone]\nid = 999\nlabel = x1\nwriter = king\n", "writer = king", "county"),
    ("no such rule", lambda t: t.replace("[rules]\n", "[rules]\nZ1 = error: sometimes name\n", 1), "Z1 = ", "needs"),
    ("a value with ' ;'", lambda t: t.replace("label = 党员\n", "label = 党员 ;old\n"), "label = 党员 ;", ";"),
    ("a long line", lambda t: t.replace("label = 党员\n", "label = %s\n" % ("党" * 80)), "label = 党党", "198"),
]


@pytest.mark.parametrize("name,change,where,word", KIND_MISTAKES, ids=[m[0] for m in KIND_MISTAKES])
def test_a_mistake_in_a_kind_is_named(field, name, change, where, word):
    kinds = field.path("kinds")
    shutil.copytree(yz.KINDS, kinds)
    victim = os.path.join(kinds, "member.conf")
    with open(victim, encoding="utf-8") as f:
        text = f.read()
    cell = next(x.split()[1].rstrip("]") for x in text.splitlines() if x.startswith("[cell "))
    with open(victim, "w", encoding="utf-8") as f:
        f.write(change(text).replace("CELL", cell))
    number = 1 + next(i for i, x in enumerate(change(text).split("\n")) if x.startswith(where))
    with open(field.town.conf, encoding="utf-8") as f:
        path = field.write("wrong.conf", f.read().replace(yz.KINDS, kinds))
    p = run("--conf", path, "--lang", "en", "run")
    said = p.stderr.decode("utf-8", "replace")
    assert p.returncode == 64, (p.returncode, said)
    assert word in said and re.search(r"member\.conf:(%d|%d)\b" % (number, number + 1), said), (number, said)


def test_a_second_daemon_on_the_same_data_is_refused(field):
    field.town.start()
    fields = {k: v for k, v in members(1, 12)[0]["data"].items() if v}
    field.town.api("POST", "put", {"kind": "member", "fields": fields})
    with open(field.town.conf, encoding="utf-8") as f:
        other = field.write("other.conf", f.read().replace(":%d" % field.town.port, ":%d" % yz.free_port()))
    p = run("--conf", other, "--lang", "en", "run")
    said = p.stderr.decode()
    assert p.returncode == 5, (p.returncode, said)
    assert str(field.town.process.pid) in said, said
    assert yz.counts(field.town.status())["written"] > 0
    field.town.kill()
    field.town.start()                              # what the dead one left does not stand in the way


VISIT = """[kind]
id = 77
name = visit
label = 走访
end = owner

[codes mood]
1 好 = 满意
2 = 不满意

[cell identity]
id = 1
label = 走访
writer = owner

[cell result]
id = 2
label = 结果
writer = any

[field org]
id = 1
cell = identity
label = 所属组织
type = org
role = org
required = yes

[field whom]
id = 2
cell = identity
label = 对象
type = text
required = yes

[field on]
id = 3
cell = identity
label = 日期
type = date

[field mood]
id = 4
cell = result
label = 评价
type = code
codes = mood

[rules]
V1 = error: mood is 不满意 needs on
"""


def test_a_kind_is_added_without_any_code(tmp_path):
    kinds = str(tmp_path / "kinds")
    shutil.copytree(yz.KINDS, kinds)
    with open(os.path.join(kinds, "visit.conf"), "w", encoding="utf-8") as f:
        f.write(VISIT)
    with yz.Field(kinds) as field:
        field.make_hub({"t1": TOWN, "county": yz.COUNTY})
        town, county = field.make_station("t1", TOWN), field.make_station("county", yz.COUNTY)
        for node in field.nodes:
            node.start()
        body = {"org": TOWN, "whom": "试一", "on": "2025-03-01"}
        a = town.ok("put", "visit", "-", stdin=json.dumps(body, ensure_ascii=False))
        rid = a.json["id"]
        a = town.cli("put", "visit", rid, "-", stdin=json.dumps({"mood": "很好"}, ensure_ascii=False))
        assert a.code not in (0, 1) and "mood" in a.out + a.err, a
        town.ok("put", "visit", rid, "-", stdin=json.dumps({"mood": "1"}))
        town.sync()
        county.sync()
        want = {"kind": "visit", "id": rid, "org": TOWN, "ended": False, "fields": dict(body, mood="满意")}
        assert [json.loads(x) for x in county.export().splitlines()] == [want]
        assert county.export() == town.export() == field.hub.export()
        county.ok("edit", rid, "mood=不满意")
        county.sync()
        town.sync()
        assert json.loads(town.export("--kind", "visit"))["fields"]["mood"] == "不满意"
        town.ok("end", rid, "--reason", "试验")
        town.sync()
        county.sync()
        assert json.loads(county.export())["ended"] is True
