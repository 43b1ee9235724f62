"""A small made-up county, for where data/gen.py is not at hand (it is not part of the repository).

    python3 made_up.py DIR [--seed 1] [--townships 5] [--members 400] [--edits 1500]

Same lines as gen.py: DIR/<org>.ndjson for each township and the county, first
the snapshot (inserts), then a year of edits in time order; DIR/manifest.json
counts both.  Everybody is invented: names are numbered, id numbers begin with
990001 and up, which are no areas of any place, and phone numbers with 12, which nobody
has been given.  Same arguments, same bytes.
"""
import argparse
import json
import os
import random
from datetime import datetime, timedelta, timezone

COUNTY = "520527"
TZ = timezone(timedelta(hours=8))
START, YEAR = datetime(2024, 12, 20, 9, tzinfo=TZ), datetime(2025, 1, 1, 8, tzinfo=TZ)
WEIGHT = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
DIGIT = "一二三四五六七八九"
EDUCATION = ("小学", "初中", "高中", "中专", "大学专科", "大学本科")
POSTS = ("党支部书记", "支部委员", "组织委员", "宣传委员", "护林员")
CAUSES = ("务工", "经商", "就学", "陪读")
REMARKS = ("试验备注甲", "试验备注乙", "试验备注丙", "")


def id_number(i, born, male):
    body = "%06d%s%03d" % (990001 + i // 500 % 9000, born.replace("-", ""), i % 500 * 2 + male)
    return body + "10X98765432"[sum(int(c) * w for c, w in zip(body, WEIGHT)) % 11]


def numbered(prefix, i):
    """A name with a number in Chinese digits, since names have no others."""
    return prefix + "".join(DIGIT[int(c) - 1] if c != "0" else "零" for c in "%d" % i)


class MadeUp:
    def __init__(self, seed=1, townships=5):
        self.rnd, self.count = random.Random(seed), 0
        self.towns = ["%s%03d" % (COUNTY, i + 1) for i in range(townships)]
        self.sites = {c: [] for c in self.towns + [COUNTY]}

    def new_id(self, at):
        r = self.rnd
        h = "%012x7%03x%x%015x" % (int(at.timestamp() * 1000), r.getrandbits(12), 8 + r.getrandbits(2), r.getrandbits(60))
        return "-".join((h[:8], h[8:12], h[12:16], h[16:20], h[20:]))

    def phone(self):
        return "12%09d" % self.rnd.randrange(10 ** 9)

    def branch(self, town, i):
        return {"branch_id": "%s%03d" % (town, i + 1), "branch": numbered("中共试验", i + 1) + "支部委员会", "village": numbered("试验村", i + 1)}

    def unit(self, town, i):
        b = self.branch(town, i)
        return {"org": town, "org_code": b["branch_id"], "full_name": b["branch"], "org_type": "党支部", "village": b["village"]}

    def member(self, town):
        r, self.count = self.rnd, self.count + 1
        male, year = r.random() < .7, r.randrange(1950, 2000)
        born = "%d-%02d-%02d" % (year, r.randrange(1, 13), r.randrange(1, 29))
        probation = r.random() < .05
        joined = "%d-%02d-01" % (2024 if probation else year + 22, r.randrange(6, 12))
        return dict(self.branch(town, r.randrange(4)), org=town, name=numbered("试", self.count), gender="男" if male else "女",
                    ethnic=r.choice(("汉族", "彝族", "苗族")), birth=born, id_number=id_number(self.count, born, male),
                    education=r.choice(EDUCATION), joined=joined, regular=None if probation else "%d%s" % (int(joined[:4]) + 1, joined[4:]),
                    status="预备党员" if probation else "正式党员", phone=self.phone(), address="试验街%d号" % r.randrange(1, 999),
                    posts=r.sample(POSTS, r.choice((0, 0, 0, 1, 2))), fee_to="2024-%02d" % r.randrange(6, 13), remark=r.choice(REMARKS))

    def flow(self, town, member_id, name):
        r = self.rnd
        host = r.choice([t for t in self.towns if t != town]) if r.random() < .4 else ""
        return {"org": town, "host_org": host, "member_id": member_id, "name": name, "direction": "流出", "province": "贵州省",
                "city": "毕节市", "employer": "试验%d厂" % r.randrange(99), "reason": r.choice(CAUSES), "since": "2023-05-%02d" % r.randrange(1, 29),
                "contact": self.phone(), "flow_branch": "试验流动党员支部", "last_contact": "2024-12-01"}

    def emit(self, at, site, op, kind, rid, data=None):
        line = {"op": op, "kind": kind, "id": rid, "at": at.isoformat(timespec="milliseconds"), "site": site}
        self.sites[site].append((at, json.dumps(line if data is None else dict(line, data=data), ensure_ascii=False, separators=(",", ":"))))

    def change(self, kind):
        r = self.rnd
        if kind == "flow_member":
            return r.choice(({"contact": self.phone()}, {"reason": r.choice(CAUSES)}, {"last_contact": "2025-%02d-01" % r.randrange(1, 13)}))
        return r.choice(({"phone": self.phone()}, {"education": r.choice(EDUCATION)}, {"remark": r.choice(REMARKS)},
                         {"address": "试验路%d号" % r.randrange(99)}, {"posts": r.sample(POSTS, r.randrange(3))}, {"fee_to": "2025-%02d" % r.randrange(1, 13)}))

    def run(self, members, edits):
        r, at, living = self.rnd, START, []
        for town in self.towns:
            for i in range(4):
                self.emit(at, town, "insert", "org_unit", self.new_id(at), self.unit(town, i))

        def enter(at, town):
            rid, data = self.new_id(at), self.member(town)
            self.emit(at, town, "insert", "member", rid, data)
            living.append(("member", rid, town, ""))
            if r.random() < .15:
                fid, flow = self.new_id(at), self.flow(town, rid, data["name"])
                self.emit(at, town, "insert", "flow_member", fid, flow)
                living.append(("flow_member", fid, town, flow["host_org"]))
        for i in range(members):
            enter(at + timedelta(milliseconds=7 * i), self.towns[i % len(self.towns)])
        snapshot = {site: len(lines) for site, lines in self.sites.items()}
        gone = set()
        for i in range(edits):
            at = YEAR + timedelta(minutes=360 * 24 * 60 * i // edits)
            if r.random() < .04:
                enter(at, r.choice(self.towns))
                continue
            kind, rid, town, host = r.choice(living)
            sites = [town, COUNTY, host or COUNTY]
            first = r.choice((town, town, town, r.choice(sites)))
            other = r.choice(sites) if r.random() < .12 else first
            same = self.change(kind)
            for site in dict.fromkeys((first, other)):
                if (site, rid) in gone:
                    continue
                at += timedelta(seconds=r.randrange(1, 50))
                if r.random() < .03:
                    gone.add((site, rid))
                    self.emit(at, site, "delete", kind, rid)
                else:
                    self.emit(at, site, "update", kind, rid, same if r.random() < .2 else dict.fromkeys(same) and
                              next(c for c in iter(lambda: self.change(kind), None) if c.keys() == same.keys()))
        for lines in self.sites.values():
            lines.sort(key=lambda x: x[0])
        return snapshot


def write(folder, seed=1, townships=5, members=400, edits=1500):
    made = MadeUp(seed, townships)
    snapshot = made.run(members, edits)
    os.makedirs(folder, exist_ok=True)
    for site, lines in made.sites.items():
        with open(os.path.join(folder, site + ".ndjson"), "w", encoding="utf-8") as f:
            f.writelines(line + "\n" for _, line in lines)
    with open(os.path.join(folder, "manifest.json"), "w", encoding="utf-8") as f:
        json.dump({"seed": seed, "sites": [{"site": s, "snapshot": snapshot[s], "edits": len(v) - snapshot[s]}
                                           for s, v in made.sites.items()]}, f)


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("folder")
    for name, default in (("seed", 1), ("townships", 5), ("members", 400), ("edits", 1500)):
        p.add_argument("--" + name, type=int, default=default)
    a = p.parse_args()
    write(a.folder, a.seed, a.townships, a.members, a.edits)
