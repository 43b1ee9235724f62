#!/usr/bin/env python3
"""What becomes of a hub to which everybody comes back at once: real stations, enrolled and over TLS, that saved while it was
away. Times count from the moment its door is open again.

    tests/bench/herd.py [--stations N] [--saves N] [--away S] [--seed S]

Prints one line of JSON: when the half and nineteen in twenty had their first exchange that took what they had saved, and the
last of them; the most exchanges that ended within a second, and the most connections the hub had open at a time; its peak memory
before and after; and that nothing was lost, or ends with 1.
"""
import argparse
import json
import os
import re
import statistics
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))

import made_up              # noqa: E402
import yz                   # noqa: E402

DONE = re.compile(r"exchange\.done station=(\S+) changes=(\d+)")


class Log:
    """Of the hub, line by line with the time at which it was there."""

    def __init__(self, node):
        self.file = open(os.path.join(node.data, "yizhan.log"), encoding="utf-8")
        self.file.seek(0, os.SEEK_END)
        self.rest = ""

    def lines(self):
        self.rest += self.file.read()
        *whole, self.rest = self.rest.split("\n")
        return whole


def open_lines(node, port):
    """Established connections of its door, counted where the kernel lists them."""
    with open("/proc/%d/net/tcp" % node.process.pid) as f:
        rows = [x.split() for x in f.readlines()[1:]]
    return sum(r[1].endswith(":%04X" % port) and r[3] == "01" for r in rows)


def let_all_in(field, count):
    stations = []
    for i in range(count):
        node = field.make_enrolling_station("s%03d" % i, "%s%03d" % (yz.COUNTY, i + 1), every="15min")
        node.start()
        field.let_in(node)
        node.talk()
        node.hang_up()
        stations.append(node)
    return stations


def save(stations, saves, made):
    for node in stations:
        for _ in range(saves):
            fields = {k: v for k, v in made.member(node.org).items() if v}
            node.api("POST", "put", {"kind": "member", "fields": fields})
        node.hang_up()


def come_back(field, names, limit):
    """Until each has been taken in: {name: seconds}, the seconds of all exchanges, and the most lines open at a time."""
    log, first, every, most = Log(field.hub), {}, [], 0
    field.hub.start()
    began = time.monotonic()
    while len(first) < len(names) and time.monotonic() < began + limit:
        at = time.monotonic() - began
        for name, changes in DONE.findall("\n".join(log.lines())):
            every.append(at)
            if int(changes) > 0:
                first.setdefault(name, at)
        most = max(most, open_lines(field.hub, field.hub_port))
        time.sleep(.02)
    return first, every, most


def lost(field, stations, saves):
    """What is missing, as text."""
    out, deadline = [], time.monotonic() + 120
    for node in stations:
        while node.api("GET", "status")["queued"] > 0 and time.monotonic() < deadline:
            time.sleep(.2)
        status = node.api("GET", "status")
        if status["queued"] or status["aside"] or status["returned"]:
            out.append("%s: %s" % (node.name, yz.counts(status)))
        node.hang_up()
    there = sum(json.loads(x)["kind"] == "member" for x in field.hub.ok("export", "--ndjson", "--full", timeout=600).out.splitlines())
    if there != len(stations) * saves:
        out.append("%d of %d records are at the hub" % (there, len(stations) * saves))
    return "; ".join(out)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--stations", type=int, default=300)
    p.add_argument("--saves", type=int, default=5)
    p.add_argument("--away", type=float, default=20, help="seconds, at least, before the hub is back")
    p.add_argument("--seed", type=int, default=yz.SEED)
    args = p.parse_args()
    print("seed %d" % args.seed, flush=True)
    with yz.Field() as field:
        field.make_enrolling_hub().start()
        stations = let_all_in(field, args.stations)
        quiet = field.hub.memory_peak()
        field.hub.stop()
        gone = time.monotonic()
        save(stations, args.saves, made_up.MadeUp(args.seed, 2))
        time.sleep(max(0, gone + args.away - time.monotonic()))
        away = time.monotonic() - gone
        first, every, most = come_back(field, [s.name for s in stations], 120 + away)
        peak = field.hub.memory_peak()
        missing = lost(field, stations, args.saves)
        if len(first) < len(stations):
            missing += "; %d stations never came" % (len(stations) - len(first))
        times = sorted(first.values()) or [0]
        print(json.dumps({
            "stations": len(stations), "saves": args.saves, "hub_away_s": round(away, 1),
            "first_success_p50_s": round(statistics.median(times), 2), "p95_s": round(times[int(.95 * (len(times) - 1))], 2),
            "last_s": round(times[-1], 2), "exchanges": len(every),
            "most_exchanges_in_a_second": max((sum(x <= y < x + 1 for y in every) for x in every), default=0),
            "most_lines_open": most, "hub_peak_mib_before": round(quiet / 1024, 1), "hub_peak_mib": round(peak / 1024, 1),
            "station_peak_mib": round(max(s.memory_peak() for s in stations) / 1024, 1), "load": os.getloadavg()[0],
            "lost": missing or "nothing"}))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
