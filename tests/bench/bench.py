#!/usr/bin/env python3
"""How fast, how large: every figure beside bare SQLite on the same disk in the same minutes.

    python3 tests/bench/bench.py --yizhan build/yizhan [--only NAME ...] [--json]

    single      durable saves through the door, one client
    clients32   the same, 32 clients at once, and syncs a save
    import      100,000 lines into the county's station
    drain       the same lines from there into the hub
    exchange    10 edits an exchange, and the hub's start: 1,000,000 records against 1,000
    memory      peaks while 1,000,000 lines go through, against 10,000; an idle station

A figure is a ratio of medians, measured in turns (floor, ours, floor, ours ...), because the machine is
never quiet; `cpu` is the same ratio in processor time, which others on the machine disturb less. One JSON
object a figure on standard output, then a table (not with --json). Servers on loopback only, every run
bounded in time. The big hub is filled once through the real path and kept in --cache.
"""
import argparse
import atexit
import hashlib
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(REPO, "tests", "e2e"))
GEN = os.path.join(REPO, "..", "shared", "data", "gen.py")
COUNTY, TOWN = "520527", "520527001"
HZ = os.sysconf("SC_CLK_TCK")
MIB = 1024

yz = None                       # tests/e2e/yz.py, once it is known which program
options = None
told = []


# ---- telling ----

def tell(name, value, required, aim, unit="ratio", least=True, **more):
    """One figure. `least`: the value must be at least `required`, else at most."""
    def holds(bound):
        return None if bound is None or value is None else value >= bound if least else value <= bound

    figure = dict(name=name, value=None if value is None else round(value, 4), unit=unit, required=required, aim=aim,
                  bound="least" if least else "most", met=holds(required), aim_met=holds(aim), **more)
    told.append(figure)
    print(json.dumps(figure, ensure_ascii=False), flush=True)


def say(text):
    print("# " + text, file=sys.stderr, flush=True)


def spread(values):
    """Largest against smallest, as a share of the median: how far to trust it."""
    return round((max(values) - min(values)) / statistics.median(values), 2)


def table():
    rows = [("figure", "value", "required", "aim", "", "ours", "floor", "cpu")]
    for f in told:
        sign = "≥" if f["bound"] == "least" else "≤"
        mark = {None: "", True: "aim" if f["aim_met"] else "ok", False: "SHORT"}[f["met"]]
        rows.append((f["name"], "%s %s" % (f["value"], f["unit"]), "%s %s" % (sign, f["required"]) if f["required"] is not None
                     else "", "%s %s" % (sign, f["aim"]) if f["aim"] is not None else "", mark, str(f.get("ours", "")),
                     str(f.get("floor", "")), str(f.get("cpu", ""))))
    width = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    for r in rows:
        print("  ".join(c.ljust(w) for c, w in zip(r, width)).rstrip())


# ---- tools ----

def build(name):
    out = os.path.join(os.path.dirname(os.path.abspath(options.yizhan)), name)
    source = os.path.join(HERE, name + ".c")
    if not os.path.exists(out) or os.path.getmtime(out) < os.path.getmtime(source):
        subprocess.run([os.environ.get("CC", "cc"), "-O2", "-Wall", "-Wextra", "-D_GNU_SOURCE", "-o", out, source, "-lsqlite3"], check=True)
    return out


def run_json(*command, timeout=300):
    p = subprocess.run(command, stdout=subprocess.PIPE, timeout=timeout, preexec_fn=yz.die_with_parent)
    assert p.returncode == 0, command
    return json.loads(p.stdout)


def floor(field, what, arg):
    """A fresh database in the same folder, gone afterwards."""
    db = field.path("floor.db")
    out = run_json(build("floor"), what, db, str(arg))
    for tail in ("", "-wal", "-shm"):
        if os.path.exists(db + tail):
            os.remove(db + tail)
    return out


def process_file(pid, name):
    with open("/proc/%d/%s" % (pid, name)) as f:
        return f.read()


def cpu_of(node):
    """Processor seconds of a daemon so far, all threads."""
    text = process_file(node.process.pid, "stat").rsplit(")", 1)[1].split()
    return (int(text[11]) + int(text[12])) / HZ


def switches(node):
    """Voluntary context switches of all threads: how often it was woken."""
    total = 0
    for task in os.listdir("/proc/%d/task" % node.process.pid):
        text = process_file(node.process.pid, "task/%s/status" % task)
        total += int(next(x for x in text.splitlines() if x.startswith("voluntary_ctxt_switches")).split()[1])
    return total


def settle_disk():
    """What earlier runs left for the disk is not for the next to pay."""
    os.sync()


def new_field():
    return yz.Field()


# ---- input ----

def gen(folder, members, edits):
    if os.path.exists(GEN):
        subprocess.run([sys.executable, GEN, "--out", folder, "--members", str(members), "--edits", str(edits)], check=True,
                       timeout=1800, stdout=subprocess.DEVNULL)
    else:
        import made_up
        say("no gen.py: made_up.py instead, other lines")
        made_up.write(folder, 1, 30, members, edits)


def lines_file(n):
    """`n` lines of a county in the natural mix, all sites in order of time, in --cache. As one file for the county's station,
    that of a record's beginning comes before those that speak of it."""
    return cached("lines-%d.ndjson" % n, lambda out: make_lines(out, n, n * 23 // 100 + 50, n * 80 // 100 + 200))


def snapshot_file(n):
    """`n` lines that all begin a record: the heaviest, of eight changes or more each."""
    return cached("snapshot-%d.ndjson" % n, lambda out: make_lines(out, n, n * 90 // 100 + 300, 0))


def make_lines(out, n, members, edits):
    say("making %s" % os.path.basename(out))
    with tempfile.TemporaryDirectory(dir=options.cache) as folder:
        gen(folder, members, edits)
        rows = []
        for name in sorted(os.listdir(folder)):
            if name.endswith(".ndjson"):
                with open(os.path.join(folder, name), encoding="utf-8") as f:
                    for i, line in enumerate(f):
                        at = line.index('"at":"') + 6
                        rows.append((line[at:at + 29], name, i, line))
    rows.sort(key=lambda r: r[:3])
    assert len(rows) >= n, "%d lines made, %d asked for" % (len(rows), n)
    with open(out, "w", encoding="utf-8", newline="") as f:
        f.writelines(r[3] for r in rows[:n])


def cached(name, make):
    path = os.path.join(options.cache, name)
    if not os.path.exists(path):
        make(path + ".part")
        os.rename(path + ".part", path)
    return path


def head_of(path, n, out):
    with open(path, "rb") as f, open(out, "wb") as to:
        for _ in range(n):
            to.write(f.readline())
    return out


# ---- saves ----

def saves_file(field, station, ids, n, seed):
    """Requests, each behind its length: every one an edit of a member's telephone that is new to it."""
    rnd, out = random.Random(seed), field.path("saves.bin")
    head = "POST /api/put HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n" \
           % (station.port, station.token())
    with open(out, "wb") as f:
        for i in range(n):
            body = '{"kind":"member","id":"%s","fields":{"phone":"138%08d"},"base":0,"token":"%032x"}' % (
                rnd.choice(ids), rnd.randrange(10 ** 8), rnd.getrandbits(128))
            request = ("%sContent-Length: %d\r\n\r\n%s" % (head, len(body), body)).encode()
            f.write(len(request).to_bytes(4, "little") + request)
    return out


def with_members(field, n):
    """The county's station with so many members, and their ids."""
    field.make_hub({"county": COUNTY})
    station = field.make_station("county", COUNTY)
    station.start()
    lines = head_of(snapshot_file(max(n, 5000)), n, field.path("members.ndjson"))
    station.ok("import", lines, timeout=300)
    with open(lines, encoding="utf-8") as f:
        return station, [x["id"] for x in map(json.loads, f) if x["kind"] == "member"]


def syncs_per_save(field, station, ids, clients, seconds):
    """fsync and fdatasync calls of the daemon, counted by strace while a short load runs."""
    if not shutil.which("strace"):
        return None
    out = field.path("syncs.txt")
    saves = saves_file(field, station, ids, 60000, 99)
    tracer = subprocess.Popen(["strace", "-f", "-c", "-e", "trace=fsync,fdatasync", "-o", out, "-p", str(station.process.pid)],
                              stderr=subprocess.DEVNULL, preexec_fn=yz.die_with_parent)
    try:
        time.sleep(.7)
        load = run_json(build("load"), str(station.port), saves, str(clients), str(seconds))
    finally:
        tracer.send_signal(2)
        tracer.wait(20)
    with open(out) as f:
        calls = sum(int(x.split()[3]) for x in f if x.strip().endswith(("fsync", "fdatasync")))
    return calls / load["count"]


def saves(name, clients, required, aim):
    with new_field() as field:
        station, ids = with_members(field, 2000)
        before = station.status()["written"]
        floors, ours, floor_cpu, our_cpu, load_cpu, p99, sent = [], [], [], [], [], [], 0
        for turn in range(options.rounds):
            f = floor(field, "single", options.seconds)
            requests = saves_file(field, station, ids, int(40000 * options.seconds) + 1000, turn)
            cpu = cpu_of(station)
            o = run_json(build("load"), str(station.port), requests, str(clients), str(options.seconds))
            our_cpu.append((cpu_of(station) - cpu) / o["count"])
            floor_cpu.append(f["cpu"] / f["count"])
            floors.append(f["count"] / f["seconds"])
            ours.append(o["count"] / o["seconds"])
            load_cpu.append(o["cpu"] / o["seconds"])
            p99.append(o["p99_us"])
            sent += o["count"]
        written = station.status()["written"] - before
        assert written >= sent * .999, "%d saves answered, %d changes written" % (sent, written)
        syncs = syncs_per_save(field, station, ids, clients, 1)
        tell(name, statistics.median(ours) / statistics.median(floors), required, aim, ours="%.0f/s" % statistics.median(ours),
             floor="%.0f/s" % statistics.median(floors), cpu=round(statistics.median(floor_cpu) / statistics.median(our_cpu), 3),
             cpu_us=round(statistics.median(our_cpu) * 1e6, 1), p99_ms=statistics.median(p99) / 1000,
             load_cpu=round(statistics.median(load_cpu), 2), spread=[spread(ours), spread(floors)])
        tell(name + ".syncs", syncs, .2 if clients > 1 else None, None, unit="a save", least=False)


def bench_single():
    saves("single", 1, .4, .6)


def bench_clients32():
    saves("clients32", 32, 1.5, 3)


# ---- import and drain ----

def timed(what):
    start = time.monotonic()
    out = what()
    return time.monotonic() - start, out


def bench_import(drain=True):
    lines = lines_file(options.lines)
    got = {k: [] for k in ("floor", "floor_cpu", "import", "import_cpu", "drain", "drain_cpu", "drain_cpus", "log")}
    for turn in range(max(1, options.rounds // 2 + 1)):
        with new_field() as field:
            field.make_hub({"county": COUNTY})
            station = field.make_station("county", COUNTY)
            for node in (station, field.hub):
                node.start()

            def take_floor():
                settle_disk()
                f = floor(field, "lines", lines)
                assert f["count"] == options.lines, f
                got["floor"].append(f["seconds"])
                got["floor_cpu"].append(f["cpu"])
            take_floor()
            settle_disk()
            cpu = cpu_of(station)
            seconds, a = timed(lambda: station.ok("import", lines, timeout=600).json)
            assert a["read"] == options.lines and a["wrong"] < options.lines / 100, a
            got["import"].append(seconds)
            got["import_cpu"].append(cpu_of(station) - cpu)
            if not drain:
                continue
            take_floor()
            settle_disk()
            cpus = cpu_of(station), cpu_of(field.hub)
            seconds, a = timed(lambda: station.ok("sync", "--wait", "900", timeout=1000).json)
            cpus = cpu_of(station) - cpus[0], cpu_of(field.hub) - cpus[1]
            status = station.status()
            assert status["queued"] == status["received"] == 0, status
            assert status["records"] == field.hub.status()["records"]
            got["drain"].append(seconds)
            got["drain_cpu"].append(sum(cpus))
            got["drain_cpus"].append(cpus)
            got["log"] += [os.path.getsize(os.path.join(n.data, "yizhan.db-wal")) for n in (station, field.hub)]
            say("round %d: floor %s, import %.2f (cpu %.2f), drain %.2f (cpu station %.2f, hub %.2f); %s" % (
                turn + 1, " ".join("%.2f" % x for x in got["floor"][-2:]), got["import"][-1], got["import_cpu"][-1], seconds,
                *cpus, {k: status[k] for k in ("written", "taken", "same", "parked", "returned", "aside", "settled")}))
    middle = {k: statistics.median(v) for k, v in got.items() if v and k != "drain_cpus"}
    base = dict(floor="%.2f s" % middle["floor"], lines=options.lines)
    tell("import", middle["floor"] / middle["import"], .05, .08, ours="%.2f s" % middle["import"],
         cpu=round(middle["floor_cpu"] / middle["import_cpu"], 4), cpu_s=round(middle["import_cpu"], 2),
         spread=[spread(got["import"]), spread(got["floor"])], **base)
    if drain:
        tell("drain", middle["floor"] / middle["drain"], .04, .08, ours="%.2f s" % middle["drain"],
             cpu=round(middle["floor_cpu"] / middle["drain_cpu"], 4),
             cpu_s=[round(statistics.median(x), 2) for x in zip(*got["drain_cpus"])],
             spread=[spread(got["drain"]), spread(got["floor"])], states={k: status[k] for k in yz.STATES}, **base)
        # A log's file keeps its greatest length; a page has a head of 24 bytes.
        tell("log", max(got["log"]) / 4120, 4096, None, "pages of log", least=False)


def bench_drain():
    bench_import()


# ---- a full hub ----

def fill(folder, n):
    """A hub with `n` records: TOWN's thousand from its own station, all others from the county's, as in life."""
    many = snapshot_file(n + max(n // 20, 40000))
    with open(many, encoding="utf-8") as f:
        mine = '"site":"%s"' % TOWN
        town_max = min(1000, n // 2)
        out = {True: open(os.path.join(folder, "town.ndjson"), "w", encoding="utf-8"),
               False: open(os.path.join(folder, "others.ndjson"), "w", encoding="utf-8")}
        count = {True: 0, False: 0}
        for line in f:
            of_town = mine in line
            if of_town and count[True] == town_max or not of_town and count[False] == n - town_max:
                continue
            out[of_town].write(line)
            count[of_town] += 1
        for x in out.values():
            x.close()
    assert count[True] == town_max, count
    say("filling a hub with %d records" % (count[True] + count[False]))
    with kept_field(folder) as field:
        field.make_hub({"t1": TOWN, "county": COUNTY})
        nodes = {"t1": field.make_station("t1", TOWN), "county": field.make_station("county", COUNTY)}
        field.hub.start()
        made = {"records": sum(count.values())}
        for name, lines in (("t1", "town.ndjson"), ("county", "others.ndjson")):
            nodes[name].start()
            if os.path.getsize(field.path(lines)) == 0:
                continue
            seconds, _ = timed(lambda: nodes[name].ok("import", field.path(lines), timeout=3600))
            made["import_s"], made["import_kib"] = round(seconds, 1), nodes[name].memory_peak()
            seconds, _ = timed(lambda: nodes[name].ok("sync", "--wait", "3500", timeout=3600))
            status = nodes[name].status()
            assert status["queued"] == status["received"] == 0, status
            made["drain_s"], made["station_kib"] = round(seconds, 1), nodes[name].memory_peak()
            made["changes"] = status["written"]
            nodes[name].stop()
        made["hub_kib"] = field.hub.memory_peak()
        field.hub.stop()
    for name in ("town.ndjson", "others.ndjson"):
        os.remove(os.path.join(folder, name))
    shutil.rmtree(os.path.join(folder, "county"))       # its figures are told; half of the room
    with open(os.path.join(folder, "made.json"), "w") as f:
        json.dump(made, f)


def kept_field(folder):
    """A field in a folder that stays."""
    class Kept(yz.Field):
        def __init__(self):
            super().__init__()
            os.rmdir(self.dir)
            self.dir = folder

        def __exit__(self, *_):
            for node in self.nodes:
                node.kill()
    return Kept()


def full_hub(n):
    """The folder of a filled hub; another schema or wire is another folder."""
    mark = hashlib.sha256()
    for name in ("store/schema.sql", "proto/change.c"):
        with open(os.path.join(REPO, name), "rb") as f:
            mark.update(f.read())

    def make(out):
        shutil.rmtree(out, ignore_errors=True)
        os.makedirs(out)
        fill(out, n)
    return cached("hub-%d-%s" % (n, mark.hexdigest()[:8]), make)


class Full:
    """A filled hub and its township's station, running."""

    def __init__(self, n):
        self.folder, self.n = full_hub(n), n
        self.field = kept_field(self.folder)
        self.field.make_hub({"t1": TOWN, "county": COUNTY})
        self.station = self.field.make_station("t1", TOWN)
        atexit.register(self.field.__exit__)

    def ready(self):
        """Seconds from exec to the line "ready" of the hub."""
        hub = self.field.hub
        start = time.monotonic()
        p = subprocess.Popen([yz.BIN, "--conf", hub.conf, "run"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, preexec_fn=yz.die_with_parent)
        line = p.stdout.readline()
        seconds = time.monotonic() - start
        assert line.startswith(b"ready"), line
        p.terminate()
        assert p.wait(60) == 0
        p.stdout.close()
        return seconds

    def start(self):
        self.field.hub.start(120)
        self.station.start(120)
        self.station.sync(300)
        self.ids = [json.loads(x)["id"] for x in self.station.export().splitlines() if '"kind":"member"' in x]

    def exchange(self, rnd):
        """Ten edits, one exchange: seconds from asking for it until it is over."""
        for record in rnd.sample(self.ids, 10):
            self.station.api("POST", "put", {"kind": "member", "id": record, "fields": {"phone": "139%08d" % rnd.randrange(10 ** 8)}})
        asked = self.done()
        start = time.monotonic()
        self.station.api("POST", "sync", {})
        while self.done() == asked:
            time.sleep(.0005)
            assert time.monotonic() - start < 60, self.station.tail()
        return time.monotonic() - start

    def done(self):
        talk = self.station.api("GET", "status")["exchange"]
        assert talk["failed"] == 0, self.station.tail()
        return talk["done"]


def bench_exchange():
    big, small = Full(options.records), Full(1000)
    starts = {big: [], small: []}
    for _ in range(11):
        for full in (small, big):
            starts[full].append(full.ready())
    for full in (small, big):
        full.start()
    rnd, took, hub_cpu = random.Random(7), {big: [], small: []}, {}
    for full in (small, big):
        for _ in range(5):
            full.exchange(rnd)              # warm
        hub_cpu[full] = cpu_of(full.field.hub)
    for _ in range(options.exchanges):
        for full in (small, big):
            took[full].append(full.exchange(rnd))
    for full in (small, big):
        hub_cpu[full] = cpu_of(full.field.hub) - hub_cpu[full]
    for full in (small, big):
        status = full.station.status()
        assert status["queued"] == 0, status
        for node in full.field.nodes:
            node.stop()
    for name, of, scale in (("exchange", took, 1e3), ("start", starts, 1e3)):
        a, b = statistics.median(of[big]), statistics.median(of[small])
        tell(name, a / b, 1.5, 1.2, least=False, ours="%.2f ms" % (a * scale), floor="%.2f ms" % (b * scale), records=options.records,
             floor_is="1000 records", p95_ms=[round(sorted(of[x])[len(of[x]) * 95 // 100] * scale, 2) for x in (big, small)],
             **({"cpu": round(hub_cpu[big] / max(hub_cpu[small], .01), 2)} if name == "exchange" else {}))


# ---- memory ----

def through(n):
    """Peaks in KiB of a station and of a hub while `n` lines go from one to the other."""
    with new_field() as field:
        field.make_hub({"county": COUNTY})
        station = field.make_station("county", COUNTY)
        for node in (station, field.hub):
            node.start()
        station.ok("import", head_of(snapshot_file(max(n, 10000)), n, field.path("in.ndjson")), timeout=3600)
        station.ok("sync", "--wait", "3500", timeout=3600)
        assert station.status()["queued"] == 0
        return station.memory_peak(), field.hub.memory_peak()


def bench_memory():
    with open(os.path.join(full_hub(options.records), "made.json")) as f:
        made = json.load(f)
    small, small_hub = through(10000)
    tell("memory.station", made["station_kib"] / MIB, 24, None, unit="MiB", least=False, ours="%d KiB" % made["station_kib"],
         records=made["records"], changes=made["changes"], import_s=made["import_s"], drain_s=made["drain_s"])
    tell("memory.growth", (made["station_kib"] - small) / MIB, 4, None, unit="MiB", least=False, floor="%d KiB" % small,
         floor_is="10000 lines")
    tell("memory.hub", made["hub_kib"] / MIB, 64, None, unit="MiB", least=False, ours="%d KiB" % made["hub_kib"],
         floor="%d KiB" % small_hub, floor_is="10000 lines")
    bench_idle()


def bench_idle():
    n = min(50000, options.records)
    with new_field() as field:
        field.make_hub({"county": COUNTY})
        station = field.make_station("county", COUNTY, every="15min")
        for node in (station, field.hub):
            node.start()
        station.ok("import", head_of(snapshot_file(max(n, 10000)), n, field.path("in.ndjson")), timeout=3600)
        station.ok("sync", "--wait", "3500", timeout=3600)
        station.stop()
        station.start()
        station.hang_up()
        time.sleep(5)                       # its first exchange is over, its connections too
        before, cpu = switches(station), cpu_of(station)
        time.sleep(options.idle)
        woken, cpu = switches(station) - before, cpu_of(station) - cpu
        peak = station.memory_peak()
        tell("memory.idle", peak / MIB, 16, None, unit="MiB", least=False, ours="%d KiB" % peak, records=n)
        tell("idle.switches", woken * 120 / options.idle, 120, None, unit="in 120 s", least=False, seconds=options.idle,
             cpu_s=round(cpu, 2))


# ----

FIGURES = {"single": bench_single, "clients32": bench_clients32, "import": lambda: bench_import(False), "drain": bench_drain,
           "exchange": bench_exchange, "memory": bench_memory, "idle": bench_idle}


def main():
    global yz, options
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--yizhan", default=os.path.join(REPO, "build", "yizhan"))
    p.add_argument("--only", nargs="*", choices=sorted(FIGURES), default=["single", "clients32", "drain", "exchange", "memory"])
    p.add_argument("--lines", type=int, default=100000, help="of import and drain")
    p.add_argument("--records", type=int, default=1000000, help="of the full hub")
    p.add_argument("--exchanges", type=int, default=200)
    p.add_argument("--idle", type=int, default=120, metavar="SECONDS")
    p.add_argument("--rounds", type=int, default=5, help="of the alternation; import and drain take half of them")
    p.add_argument("--seconds", type=float, default=2, help="of each turn of the saves")
    p.add_argument("--cache", default=os.path.join(REPO, "build", "bench-cache"), help="input and full hubs; delete it at will")
    p.add_argument("--json", action="store_true", help="no table")
    p.add_argument("--strict", action="store_true", help="exit 1 when a required figure is short")
    options = p.parse_args()
    options.yizhan = os.path.abspath(options.yizhan)
    options.cache = os.path.abspath(options.cache)
    os.makedirs(options.cache, exist_ok=True)
    os.environ["YZ_BIN"] = options.yizhan
    import yz as harness
    yz = harness
    settle_disk()
    for name in dict.fromkeys(options.only):
        say("%s (load %.1f on %d processors)" % (name, os.getloadavg()[0], os.cpu_count()))
        FIGURES[name]()
    if not options.json:
        print()
        table()
    return 1 if options.strict and any(f["met"] is False for f in told) else 0


if __name__ == "__main__":
    sys.exit(main())
