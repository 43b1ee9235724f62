"""The witness outside, and the small county it watches: for the tests that cut lines and kill processes.

The witness remembers every receipt it was given.  Where the connection died the
outcome is unknown to it, as it is to a clerk, and it asks again with the same
token.  At the end each save must be in the hub's register exactly once, and
all counts must be those the receipts add up to.
"""
import random
import subprocess

import made_up
import proxy
import yz

TOWN = yz.COUNTY + "001"


class Witness:
    """What a careful person at a station writes down."""

    def __init__(self, rnd):
        self.rnd, self.made = rnd, made_up.MadeUp(rnd.getrandbits(30), 2)
        self.receipts = {}          # token -> receipt
        self.asked = {}             # token -> (node, body, id number)
        self.open = []              # tokens without an answer
        self.want = {}              # id number -> fields that must be shown at the end
        self.mine = {}              # node -> {id number: record id} it may edit
        self.by_node = {}           # node -> [token]

    def new(self, node):
        fields = {k: v for k, v in self.made.member(TOWN).items() if v}
        return self.save(node, {"kind": "member", "fields": fields}, fields["id_number"], fields)

    def edit(self, node):
        if not self.mine.get(node):
            return self.new(node)
        number = self.rnd.choice(sorted(self.mine[node]))
        fields = {"phone": self.made.phone()}
        return self.save(node, {"kind": "member", "id": self.mine[node][number], "fields": fields}, number, fields)

    def any(self, node):
        return self.new(node) if self.rnd.random() < .7 else self.edit(node)

    def save(self, node, body, number, fields):
        token = body["token"] = "w%016x" % self.rnd.getrandbits(64)
        self.by_node.setdefault(node, []).append(token)
        self.want.setdefault(number, {}).update(fields)
        self.asked[token] = (node, body, number)
        self.open.append(token)
        return self.ask(token)

    def ask(self, token):
        """True when there is a receipt."""
        node, body, number = self.asked[token]
        try:
            receipt = node.api("POST", "put", body)
        except yz.Unknown:
            return False
        assert receipt["changes"], "an empty receipt: %s" % receipt
        if token in self.receipts:
            assert self.named(receipt) == self.named(self.receipts[token]), "another receipt for the same token"
        else:
            self.receipts[token] = receipt
            self.mine.setdefault(node, {})[number] = receipt["id"]
            self.open.remove(token)
        return True

    def ask_again(self):
        """What has no answer yet; that once more; and one that was answered long ago."""
        unsure = list(self.open)
        for token in unsure + unsure + [self.rnd.choice(t) for t in self.by_node.values()]:
            assert self.ask(token)

    @staticmethod
    def named(receipt):
        return sorted((c["origin"], c["n"]) for c in receipt["changes"])

    def names(self, node=None):
        return [name for token, r in self.receipts.items() if node in (None, self.asked[token][0]) for name in self.named(r)]


class Storm:
    """A hub, a township whose line is the proxy's, and the county's station with a good one."""

    def __init__(self, field):
        self.rnd = random.Random(yz.SEED)
        print("seed %d, %d rounds" % (yz.SEED, yz.ROUNDS))
        self.field, self.witness = field, Witness(self.rnd)
        self.line = proxy.Proxy(0)
        field.closers.append(self.line.close)
        self.hub = field.make_hub({"t1": TOWN, "county": yz.COUNTY})
        self.line.target = ("127.0.0.1", field.hub_port)
        self.town = field.make_station("t1", TOWN, self.line.port)
        self.county = field.make_station("county", yz.COUNTY)
        for node in (self.hub, self.town, self.county):
            node.start()

    def sync_in_background(self, node, wait=3):
        return subprocess.Popen([yz.BIN, "--conf", node.conf, "--json", "sync", "--wait", str(wait)], stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=yz.die_with_parent)

    def finish(self):
        """All is well again: everything drains, and what the witness wrote down is so."""
        self.line.heal()
        w = self.witness
        w.ask_again()
        for _ in range(2):
            for node in (self.town, self.county):
                node.sync(30)
        names = w.names()
        assert len(names) == len(set(names)), "one name given twice"
        for origin in {o for o, _ in names}:
            n = sorted(n for o, n in names if o == origin)
            assert n == list(range(1, len(n) + 1)), "origin %s: gaps in %s" % (origin, n)
        hub = yz.counts(self.hub.status())
        counts = {node.name: yz.counts(node.status()) for node in (self.town, self.county)}
        for node in (self.town, self.county):
            assert counts[node.name]["written"] == len(w.names(node)), (node.name, counts, len(w.names(node)))
        assert hub == yz.add(counts.values()) and hub["written"] == len(names)
        assert hub["taken"] == len(names), "each record has one author: all must be taken: %s" % hub
        text = self.hub.export()
        shown = {}
        for record in yz.Answer(0, text, "").lines:
            shown.setdefault(record["fields"]["id_number"], []).append(record)
        assert set(shown) == set(w.want)
        for number, fields in w.want.items():
            assert len(shown[number]) == 1, "%s is there %d times" % (number, len(shown[number]))
            got = shown[number][0]["fields"]
            assert all(got[k] == (sorted(v, key=str.encode) if isinstance(v, list) else v) for k, v in fields.items()), (got, fields)
        assert self.town.export() == self.hub.export("--scope", TOWN) and self.county.export() == text
        for node in self.field.nodes:
            assert node.cli("verify").code == 0, node.cli("verify")
        for node in (self.town, self.county):
            assert node.cli("reconcile").code == 0, node.cli("reconcile")
