"""Random small stories: few records, four PCs, every sort of cell; the program against the model at each exchange.

YZ_STORIES says how many (default 12), YZ_SEED where to begin. A failing story
prints its seed and its steps; YZ_STEPS cuts stories short, to find the first
step that goes wrong.
"""
import os
import random

import pytest

import county
import model
import yz
from test_model import PERSON

STORIES, STEPS = int(os.environ.get("YZ_STORIES", "12")), int(os.environ.get("YZ_STEPS", "60"))
PCS = {"a": "520527001", "a2": "520527001", "b": "520527002", "c": yz.COUNTY}
VALUES = {"phone": ("1", "2", "3", ""), "note": ("x", "y", ""), "born": ("1970", "1971"), "rank": ("low", "high", "middle"),
          "grade": ("A", "B", ""), "stay": ("north", "south", ""), "post": (["p"], ["p", "q"], ["q"], []),
          "name": ("甲", "乙"), "host": ("520527002", "520527001", "")}


class Twin:
    """A model station and, where there is a program, its daemon: told the same, expected to answer alike."""

    lines = county.Lines()          # shared: origins never come twice

    def __init__(self, station, node=None):
        self.model, self.node, self.name = station, node, station.name

    def put(self, rid, fields):
        if self.node:
            body = {"kind": "person", "fields": fields}
            if rid:
                body["id"] = rid
            receipt = self.node.api("POST", "put", body)
            self.lines.learn_receipt(self.name, receipt)
            rid = rid or receipt["id"]
            got = sorted(c["cell"] for c in receipt["changes"])
        rid = rid or "r%d" % len(self.model.hub.changes)
        want = sorted(c.cell for c in self.model.put("person", rid, fields))
        if self.node:
            assert got == want, "%s: put %s %s: program %s, model %s" % (self.name, rid, fields, got, want)
        return rid

    def end(self, rid):
        if self.node:
            self.lines.learn_receipt(self.name, self.node.ok("end", rid, "--reason", "gone").json)
        self.model.end(rid, "gone")

    def exchange(self):
        if self.node:
            self.node.sync(20)
        self.model.exchange()

    def restart(self):
        if self.node:
            self.node.restart()
        self.model.restart()


def story(seed, twins, hub, settle, look):
    """One story; `look(twin)` compares after an exchange."""
    rnd, told, ids = random.Random(seed), [], []

    def tell(text):
        told.append("%2d %s" % (len(told), text))

    try:
        for _ in range(STEPS):
            twin = rnd.choice(list(twins.values()))
            here = [r for r in ids if twin.model.here(r)]
            what = rnd.choices(("new", "put", "end", "settle", "exchange", "restart"), (2, 12, 1, 3, 8, .5))[0]
            if what == "new" and len(ids) < 4 or not here and what in ("put", "end"):
                org = twin.model.org if twin.model.org != yz.COUNTY else rnd.choice(("520527001", "520527002"))
                fields = {"org": org, "name": "甲", "phone": rnd.choice("12"), "host": rnd.choice(VALUES["host"])}
                ids.append(twin.put(None, fields))
                tell("%s: new r%d %s" % (twin.name, len(ids) - 1, fields))
            elif what == "put" and here:
                rid, field = rnd.choice(here), rnd.choice(list(VALUES))
                fields = {field: rnd.choice(VALUES[field])}
                tell("%s: put r%d %s" % (twin.name, ids.index(rid), fields))
                twin.put(rid, fields)
            elif what == "end" and here:
                rid = rnd.choice(here)
                tell("%s: end r%d" % (twin.name, ids.index(rid)))
                twin.end(rid)
            elif what == "settle":
                may = [c for c in twin.model.cases if c.reason not in ("scope", "duplicate")
                       and twin.model.here(c.change.record)
                       and c.change.cell not in twin.model.over.get(c.change.record, {})]
                if may:
                    case, how = rnd.choice(may), rnd.choice(("parked", "in-force"))
                    tell("%s: take %s of %s" % (twin.name, how, case.change))
                    settle(twin, case, how)
            elif what == "exchange":
                tell("%s: exchange" % twin.name)
                twin.exchange()
                look(twin)
            elif what == "restart":
                tell("%s: restart" % twin.name)
                twin.restart()
        for _ in range(2):
            for twin in twins.values():
                tell("%s: exchange" % twin.name)
                twin.exchange()
        for twin in twins.values():
            look(twin)
            assert twin.model.export() == hub.export(twin.model.org)
        assert yz.add(twin.model.tally() for twin in twins.values()) == hub.tally()
    except AssertionError as e:
        ids_text = "\n".join("r%d = %s" % x for x in enumerate(ids))
        raise AssertionError("story %d:\n%s\n%s\n%s" % (seed, ids_text, "\n".join(told), e)) from None


def make_model(folder):
    with open(os.path.join(folder, "person.conf"), "w", encoding="utf-8") as f:
        f.write(PERSON)
    hub = model.Hub(model.read_kinds(folder), yz.COUNTY)
    return hub, {name: Twin(model.Station(hub, name, org)) for name, org in PCS.items()}


def test_stories_of_the_model_alone(tmp_path):
    """Whatever happens, in the model all agree in the end and no case is left that nobody hears of."""
    for i in range(40 * STORIES):
        hub, twins = make_model(str(tmp_path))
        story(yz.SEED + i, twins, hub, lambda twin, case, how: twin.model.settle(case, how), lambda twin: None)
        for case in hub.cases():
            assert any(case in twin.model.cases for twin in twins.values()), case.change


@pytest.mark.skipif(not os.path.exists(yz.BIN), reason="no " + yz.BIN)
@pytest.mark.parametrize("i", range(STORIES))
def test_stories_of_the_program(tmp_path, i):
    hub, twins = make_model(str(tmp_path))
    with yz.Field(str(tmp_path)) as field:
        field.make_hub(PCS)
        for twin in twins.values():
            twin.node = field.make_station(twin.name, twin.model.org)
        for node in field.nodes:
            node.start()

        def settle(twin, case, how):
            name = county.find_case(twin.node.cases(), twin.lines, hub, case)
            twin.lines.learn_receipt(twin.name, twin.node.ok("cases", "take", how, name).json)
            twin.model.settle(case, how)

        def look(twin):
            wrong = [yz.differences("register of " + twin.name, twin.node.export(), twin.model.export()),
                     yz.differences("hub's register", field.hub.export(), hub.export())]
            wrong.append(county.case_differences(twin.name, hub, twin.node.cases(), twin.lines, twin.model))
            counts = yz.counts(twin.node.status()), twin.model.tally()
            if counts[0] != counts[1]:
                wrong.append("counts of %s: program %s\n  model %s" % (twin.name, *counts))
            assert not any(wrong), "\n".join(x for x in wrong if x)

        story(yz.SEED + i, twins, hub, settle, look)
        for twin in twins.values():
            assert twin.node.cli("reconcile").code == 0, twin.node.cli("reconcile")
