"""The main job's stage: input files cut into slices, daemons and their models side by side."""
import json
import os
import subprocess
import sys

import made_up
import model
import yz

GEN = os.path.join(yz.REPO, "..", "shared", "data", "gen.py")


def make_input(folder, townships, members, edits):
    """gen.py where it is at hand, else made_up.py at smaller figures. Returns the manifest."""
    if os.path.exists(GEN):
        subprocess.run([sys.executable, GEN, "--out", folder, "--townships", str(townships), "--members", str(members),
                        "--edits", str(edits), "--orgs"], check=True, timeout=120)
    else:
        print("no gen.py: made_up.py at smaller figures")
        made_up.write(folder, 1, townships, members // 10, edits // 10)
    with open(os.path.join(folder, "manifest.json"), encoding="utf-8") as f:
        return json.load(f)


def read_lines(folder, site):
    with open(os.path.join(folder, site + ".ndjson"), encoding="utf-8") as f:
        return f.read().splitlines()


def slices(lines, n=10):
    """Lines by tenths of the year 2025, from their stated time."""
    out = [[] for _ in range(n)]
    for text in lines:
        at = json.loads(text)["at"]
        day = (int(at[5:7]) - 1) * 31 + int(at[8:10]) - 1
        out[min(n - 1, day * n // 372) if at[:4] == "2025" else 0 if at < "2025" else n - 1].append(text)
    return out


def flat(body, cell):
    """A value as case lists show it, without telling empty fields from absent ones."""
    if body is None:
        return None
    if cell == "end":
        return "ended"
    if "/" in cell:
        return cell.partition("/")[2]
    return tuple(sorted((k, str(v)) for k, v in dict(body).items() if v not in ("", None)))


class Pair:
    """One PC: the daemon and its model. Whatever is done is done to both, and must be answered alike."""

    def __init__(self, node, station):
        self.node, self.model, self.name = node, station, station.name
        self.again = []             # files with lines refused for an unknown id
        self.files = 0

    def bring(self, lines):
        self.files += 1
        path = self.node.field.write("%s-%02d.ndjson" % (self.name, self.files), "".join(x + "\n" for x in lines))
        self.import_file(path, lines)

    def import_file(self, path, lines):
        want, wrong = self.model.import_lines(lines)
        report = path + ".report"
        a = self.node.ok("import", path, "--report", report)
        got = a.json
        assert {k: got[k] for k in want} == want, "%s: import of %s: program %s, model %s, first wrong lines %s" % (
            self.name, path, got, want, got.get("lines", [])[:5])
        assert (a.code == 2) == bool(wrong), (a.code, want)
        with open(report, encoding="utf-8") as f:
            refused = [json.loads(x) for x in f if x.strip()]
        assert {x["line"] for x in refused} == set(wrong), "%s: %s: program %s, model %s" % (self.name, path, refused[:5], sorted(wrong)[:9])
        assert all(x["code"] and x["why"] for x in refused)
        if wrong:
            self.again.append((path, lines))

    def bring_again(self):
        again, self.again = self.again, []
        for path, lines in again:
            self.import_file(path, lines)

    def exchange(self):
        self.node.sync()
        self.model.exchange()

    def same_counts(self):
        got, want = yz.counts(self.node.status()), self.model.tally()
        return "" if got == want else "%s: program %s\n  model %s" % (self.name, got, want)


class Lines(dict):
    """Which PC drew an origin: told by its receipts and by the cases it lists as its own."""

    def learn_cases(self, name, cases):
        self.update({c["case"].rsplit("-", 1)[0]: name for c in cases if c["own"]})

    def learn_receipt(self, name, receipt):
        self.update({c["origin"]: name for c in receipt["changes"]})

    def of(self, case):
        return self.get(case["case"].rsplit("-", 1)[0], "?")


def program_case(case, lines):
    cell = case["cell"]
    return (case["kind"], case["record"], cell, case["reason"], lines.of(case), flat(case["parked"], cell), flat(case["in_force"], cell))


def model_case(hub, case):
    kind, record, cell, reason, line, parked, now = hub.show_case(case)
    return (kind, record, cell, reason, line, flat(parked, cell), flat(now, cell))


def case_differences(name, hub, cases, lines, station=None):
    """Both lists of cases. Of a record that it may not see, a station shows at most what it held before."""
    def unseen(case, ours):
        record, cell, now = case[1], case[2], case[6]
        if station is None or record in station.held:
            return case
        last = flat(station.last_seen.get(record, {}).get(cell), cell)
        return case[:6] + ("not seen" if ours or now in (None, last) else now,)
    got = sorted((unseen(program_case(c, lines), False) for c in cases), key=repr)
    want = sorted((unseen(model_case(hub, c), True) for c in (station.cases if station else hub.cases())), key=repr)
    return yz.differences(name + "'s cases", list(map(repr, got)), list(map(repr, want)))


def find_case(cases, lines, hub, case):
    """The name the program gives a case; `cases` is what a station lists. What is in force may have moved on since."""
    want = model_case(hub, case)[:6]
    found = [c["case"] for c in cases if program_case(c, lines)[:6] == want]
    assert len(found) == 1, "%d such cases: %s\n%s" % (len(found), want, cases)
    return found[0]


class County:
    """A hub, its PCs, and the model of it all."""

    def __init__(self, field, pcs, uplinks=None):
        """`pcs` is {name: organisation}; `uplinks` {name: a port other than the hub's}."""
        self.field = field
        self.node = field.make_hub(pcs)
        self.kinds, self.lines = model.read_kinds(field.kinds), Lines()
        self.model = model.Hub(self.kinds, yz.COUNTY)
        self.pcs = {name: Pair(field.make_station(name, org, (uplinks or {}).get(name)), model.Station(self.model, name, org))
                    for name, org in pcs.items()}

    def __getitem__(self, name):
        return self.pcs[name]

    def exchange(self, names=None):
        for name in names or self.pcs:
            self.pcs[name].exchange()

    def all_alike(self, when):
        """Registers, counts and cases of every machine against the model, and against each other."""
        wrong, total = [], []
        listed = self.list_cases()
        if self.node.export() != self.model.export():
            wrong.append(yz.differences("hub's register", self.node.export(), self.model.export()))
        for name, pc in self.pcs.items():
            mine = pc.node.export()
            wrong.append(yz.differences(name + "'s register", mine, pc.model.export()))
            hubs = self.node.export("--scope", pc.model.org)
            wrong.append(yz.differences(name + "'s register and the hub's for its scope (here: model)", mine, hubs))
            wrong.append(pc.same_counts())
            total.append(yz.counts(pc.node.status()))
            wrong.append(case_differences(name, self.model, listed[name], self.lines, pc.model))
        hub = yz.counts(self.node.status())
        if hub != yz.add(total):
            wrong.append("hub counts %s\nstations %s" % (hub, yz.add(total)))
        wrong.append(case_differences("hub", self.model, self.node.cases(), self.lines))
        wrong = [x for x in wrong if x]
        assert not wrong, when + ":\n" + "\n".join(wrong)

    def list_cases(self):
        listed = {name: pc.node.cases() for name, pc in self.pcs.items()}
        for name, cases in listed.items():
            self.lines.learn_cases(name, cases)
        return listed

    def settle(self, work):
        """[(pc, case, how)]: the same cases the same way at the PCs and in their models."""
        listed = self.list_cases()
        for pc, case, how in work:
            pc.node.ok("cases", "take", how, find_case(listed[pc.name], self.lines, self.model, case))
            pc.model.settle(case, how)
