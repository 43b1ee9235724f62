"""The main job on real input: a county's year, lines cut, every figure predicted by model.py."""
import os
import random
import time

import pytest

import county
import proxy
import yz

pytestmark = pytest.mark.skipif(not os.path.exists(yz.BIN), reason="no " + yz.BIN)
SECOND = 2                  # the township with two PCs
MEMBERS, EDITS = int(os.environ.get("YZ_MEMBERS", "5000")), int(os.environ.get("YZ_EDITS", "20000"))


def test_a_county_s_year(tmp_path):
    rnd, began = random.Random(yz.SEED), time.monotonic()
    print("seed %d" % yz.SEED)

    def step(text):
        print("%6.1f s  %s" % (time.monotonic() - began, text), flush=True)

    manifest = county.make_input(str(tmp_path), 5, MEMBERS, EDITS)
    towns = [s["site"] for s in manifest["sites"] if s["site"] != yz.COUNTY]
    snapshot = {s["site"]: s["snapshot"] for s in manifest["sites"]}
    pcs = {"t%d" % (i + 1): org for i, org in enumerate(towns)}
    pcs.update({"t%db" % SECOND: towns[SECOND - 1], "county": yz.COUNTY})
    edits = {name: county.slices(county.read_lines(tmp_path, org)[snapshot[org]:]) for name, org in pcs.items()}
    first, second = "t%d" % SECOND, "t%db" % SECOND
    edits[first], edits[second] = ([x[0::2] for x in edits[first]], [x[1::2] for x in edits[second]])
    step("input")

    with yz.Field() as field:
        line = proxy.Proxy(0)                       # t4's line can really be dead
        field.closers.append(line.close)
        c = county.County(field, pcs, {"t4": line.port})
        line.target = ("127.0.0.1", field.hub_port)
        for pc in c.pcs.values():
            pc.node.start()

        # the hub is down; the snapshots go in
        for name, org in pcs.items():
            if name not in (second, "county"):
                c[name].bring(county.read_lines(tmp_path, org)[:snapshot[org]])
        assert c["t1"].node.cli("sync", "--wait", "1").code == 3
        assert all(yz.counts(pc.node.status())["queued"] == len(pc.model.changes) for pc in c.pcs.values())
        step("snapshots in, hub down")

        c.node.start()
        c.exchange()
        c.exchange()                                # the county's and the second PC's news
        c.all_alike("after the snapshot")
        step("snapshots drained: %d changes, %d records" % (c.model.tally()["written"], len(c.model.force)))

        # a year in ten slices; some lines are cut in some of them
        cut = {2: ("t1", "t3"), 3: ("t1", "t3"), 5: ("t4", "county"), 7: ("t4", second), 8: (first, "t5")}
        for i in range(10):
            for name in pcs:
                c[name].bring(edits[name][i])
            order = [n for n in pcs if n not in cut.get(i, ())]
            rnd.shuffle(order)
            if "t4" in cut.get(i, ()):
                line.down()
                assert c["t4"].node.cli("sync", "--wait", "1").code == 3
            for name in order:
                c[name].exchange()
                c[name].bring_again()
            line.heal()
            step("slice %d: %s" % (i, ", ".join("%s %d" % x for x in sorted(c.model.tally().items()) if x[1])))
        for _ in range(4):
            c.exchange()
            for pc in c.pcs.values():
                pc.bring_again()
            if not any(pc.again or pc.model.sent < len(pc.model.changes) for pc in c.pcs.values()):
                break
        assert not any(pc.again for pc in c.pcs.values()), "lines refused for an unknown id are left"
        c.exchange()
        c.all_alike("after the year")
        assert c.model.tally()["returned"] == 0
        reasons = {case.reason for case in c.model.cases()}
        assert {"clash", "ended"} <= reasons and len(c.model.cases()) > 20, "the input hardly collides"
        step("the year is in: %d cases: %s" % (len(c.model.cases()), ", ".join(sorted(reasons))))

        settle_all(c, rnd, step)
        for node in field.nodes:
            assert node.cli("verify").code == 0, node.name
        step("verified")


def settle_all(c, rnd, step):
    """Half of the cases for the parked value, half for the one in force, by whoever may; one per record and round."""
    for pc in c.pcs.values():
        pc.exchange()
    todo = sorted(c.model.cases(), key=lambda case: repr(c.model.show_case(case)))
    rnd.shuffle(todo)
    how = {id(case): ("parked", "in-force")[i % 2] for i, case in enumerate(todo)}
    total = len(todo)
    while todo:
        busy, later, work = set(), [], []
        for case in todo:
            if case.change.record in busy:
                later.append(case)
                continue
            busy.add(case.change.record)
            may = [pc for pc in c.pcs.values() if c.model.may_decide(case, pc.model.org)]
            work.append((rnd.choice(may), case, how[id(case)]))
        c.settle(work)
        for _ in range(2):
            c.exchange()
        # what was settled while it was being settled opens no case of its own: every settler knew all
        todo = [case for case in later if case in c.model.cases()]
    c.all_alike("after settling")
    assert not c.model.cases(), [c.model.show_case(x) for x in c.model.cases()][:5]
    assert not any(pc.node.cases() for pc in c.pcs.values())
    for pc in c.pcs.values():
        assert pc.node.cli("reconcile").code == 0, pc.node.cli("reconcile")
    step("settled %d cases, half each way" % total)
