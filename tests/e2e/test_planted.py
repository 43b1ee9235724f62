"""Id numbers and phone numbers are planted, and looked for wherever they have no business: the logs, status, doctor, metrics,
every file besides the register and its copies, and what is left of a process that died."""
import json
import os
import resource
import signal
import subprocess
import sys
import time

import pytest

import made_up
import yz

pytestmark = pytest.mark.skipif(not os.path.exists(yz.BIN), reason="no " + yz.BIN)
TOWN, OTHER = yz.COUNTY + "001", yz.COUNTY + "002"
# The register, its log, and what the test itself wrote. Bundles are sealed.
REGISTER = ("yizhan.db", "yizhan.db-wal", "lines.ndjson")


def ten():
    made = made_up.MadeUp(yz.SEED, 2)
    made.count = 4000
    return [{k: v for k, v in made.member(TOWN).items() if v} for _ in range(10)]


def numbers(people):
    return [p[k].encode() for p in people for k in ("id_number", "phone")]


def wrong(number):
    """Another check digit: no id number any more, and still somebody's."""
    return number[:17] + ("1" if number[17] != "1" else "2")


def told(text, where, planted):
    text = text.encode() if isinstance(text, str) else text
    for number in planted:
        assert number not in text, "%s tells %s" % (where, number.decode())
        assert number[:17] not in text or len(number) < 18, "%s tells most of %s" % (where, number.decode())


def put(node, fields):
    return node.api_raw("POST", "put", {"kind": "member", "fields": fields})


def all_goes_wrong(town, other, hub, people, folder):
    """Whatever could make a line of the log: refused, twice, conflicting, damaged, asked for wrongly."""
    ids = []
    for p in people:
        status, answer = put(town, p)
        assert status == 200, answer
        ids.append(json.loads(answer)["id"])
        for node, fields, good in ((town, dict(p, id_number=wrong(p["id_number"])), False),
                                   (town, dict(p, phone=p["phone"] + "x", birth="1999-99-99"), False),
                                   (town, dict(p, phones=[p["phone"]], birth=p["phone"]), False),
                                   (town, {p["phone"]: p["id_number"]}, False),
                                   (other, dict(p, org=OTHER, branch_id=OTHER + "001", phones=[p["phone"]]), True)):    # two with one number
            status, answer = put(node, fields)
            assert (status == 200) == good, answer
            if p["phone"] not in fields:
                told(answer, "the answer to a save", numbers(people) + [wrong(p["id_number"]).encode()])
        town.raw("GET", "/api/show?record=%s&phone=%s" % (ids[-1], p["phone"]))
        town.raw("GET", "/%s/%s" % (p["id_number"], p["phone"]))
        town.raw("POST", "/api/put", json.dumps(p)[:-9].encode(), {"Authorization": "Bearer " + p["id_number"]})
        town.raw("GET", "/api/status", None, {"Origin": "http://" + p["phone"], "User-Agent": p["id_number"]})
    lines = [{"op": "insert", "kind": "member", "id": i, "at": "2025-01-01T00:00:00.000+08:00", "site": TOWN, "data": p}
             for i, p in zip(ids[::-1], people)]
    with open(os.path.join(folder, "lines.ndjson"), "w", encoding="utf-8") as f:
        f.writelines(json.dumps(x, ensure_ascii=False)[:k] + "\n" for x in lines for k in (None, -3, 120))
    report = os.path.join(folder, "report.ndjson")          # looked at with all other files
    for flags in (("--json", "--lang", "en"), ("--lang", "zh")):
        a = town.cli("import", os.path.join(folder, "lines.ndjson"), "--report", report, flags=flags)
        told(a.out + a.err, "an import", numbers(people))
    assert os.path.getsize(report) > 0
    for node in (town, other, town, other):
        node.talk()
    for k, record in enumerate(ids):
        for node in (town, hub) if k % 2 else (hub, town):
            node.cli("edit", record, "-", stdin=json.dumps({"phone": people[(k + 1) % 10]["phone"]}))
    look_closely(town, ids, people)
    assert town.ok("pack", os.path.join(folder, "stick.yzb"), codes=(0,)).json["changes"] > 0
    hub.ok("unpack", os.path.join(folder, "stick.yzb"), os.path.join(folder, "answer.yzb"), codes=(0,))
    town.cli("unpack", os.path.join(folder, "stick.yzb"))           # the wrong one
    for node in (town, other, town):
        node.talk()


def look_closely(town, ids, people):
    """What the audit trail must tell, and what not."""
    for p, record in zip(people, ids):
        assert p["phone"] in town.cli("show", record, "--full", "--history").out
        status, answer = town.raw("POST", "/api/import?author=zhao&name=%s%%20%s.ndjson" % (p["id_number"], p["phone"]), b"{}\n",
                                  {"Authorization": "Bearer " + town.token(), "Content-Type": "application/x-ndjson"})
        assert status == 200, answer
        town.cli("export", "--full", "--scope", p["phone"])
        town.cli("list", "--full", "--kind", p["id_number"])


def reports(node, planted):
    for verb in (("status",), ("doctor",), ("log",), ("verify",), ("reconcile",), ("devices",), ("audit",), ("cases",), ("list",),
                 ("export", "--bases")):
        for flags in (("--json", "--lang", "en"), ("--lang", "zh")):
            a = node.cli(*verb, flags=flags)
            told(a.out + a.err, "%s of %s" % (verb[0], node.name), planted)
    for path in ("/metrics", "/api/status", "/api/doctor", "/api/log"):
        told(node.raw("GET", path)[1], path, planted)
    told(node.tail(1 << 20), "standard error of " + node.name, planted)
    for name in ("cmdline", "environ", "comm"):
        with open("/proc/%d/%s" % (node.process.pid, name), "rb") as f:
            told(f.read(), name, planted)


def left_lying(folder, planted):
    seen = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(root, name), "rb") as f:
                text = f.read()
            if name in REGISTER:
                seen += any(n in text for n in planted)
            else:
                told(text, os.path.join(root, name), planted)
    assert seen >= 2, "the register holds them: the search can find"


def large_cores():
    yz.die_with_parent()
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


def ended(process):
    """How it ended, with what the kernel says of a core."""
    _, status = os.waitpid(process.pid, 0)
    process.returncode = -os.WTERMSIG(status)
    return os.WTERMSIG(status), os.WCOREDUMP(status)


def crash(node, folder):
    """It dies as from a fault of ours, where every process may write a core."""
    before = set(os.listdir(folder))
    node.hang_up()
    process, node.process = node.process, None
    with open("/proc/%d/limits" % process.pid) as f:
        limit = next(x for x in f if x.startswith("Max core file size")).split()
    assert limit[4:6] == ["0", "0"], limit
    process.send_signal(signal.SIGABRT)
    assert ended(process) == (signal.SIGABRT, False), "it leaves a core"
    assert not [x for x in set(os.listdir(folder)) - before if "core" in x]


def test_nobody_is_told_of_them():
    people = ten()
    planted = numbers(people)
    with yz.Field() as field:
        hub = field.make_enrolling_hub()
        town, other = field.make_enrolling_station("t1", TOWN), field.make_enrolling_station("t2", OTHER)
        for node in (hub, town, other):
            launch(node)
        for node in (town, other):
            field.let_in(node)
        all_goes_wrong(town, other, hub, people, field.dir)
        assert hub.cases(), "they met each other there"
        for node in (hub, town, other):
            reports(node, planted)
        for node in (town, hub, other):
            crash(node, field.dir)
        left_lying(field.dir, planted)
        for node in (hub, town):
            launch(node)
            reports(node, planted)          # what a start after that tells
        left_lying(field.dir, planted)


def launch(node):
    """As Node.start, but with leave to write cores of any size."""
    with open(node.log, "ab") as log:
        node.process = subprocess.Popen([yz.BIN, "--conf", node.conf, "run"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                        preexec_fn=large_cores, cwd=node.field.dir)
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            return node.api("GET", "status")
        except (yz.Unknown, AssertionError):
            time.sleep(.01)
    raise AssertionError(node.tail())


def test_another_program_would_leave_a_core(tmp_path):
    """Else the test above could not fail."""
    if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
        pytest.skip("no process may write a core here")
    process = subprocess.Popen([sys.executable, "-c", "import os; os.abort()"], preexec_fn=large_cores, cwd=tmp_path,
                               stderr=subprocess.DEVNULL)
    number, core = ended(process)
    if not core:
        pytest.skip("this system writes no cores")
    assert number == signal.SIGABRT
