"""A model of yizhan: what the register and the cases must be, from the input alone.

Written from design.md section 4 and store/README.md, without looking at the C.
It knows no bytes, no disk and no cut line: an exchange here is whole or does
not happen.  Read it beside store/README.md, the order is the same: merge, what
comes before and after it, stations, import.

A `line` (an author's line of changes) is one PC.  Every origin a PC draws names
the one before as its parent, so as long as nobody copied a disk all its origins
are one line, and (line, n), counted through, names a change.
"""
import json
from collections import Counter

from kinds import covers, print_record, read_kinds, sees, value  # noqa: F401

WORK = ("queued", "received")                       # not decided yet
STATES = WORK + ("taken", "same", "parked", "returned", "aside", "settled")


# ---- nouns -----------------------------------------------------------------

class Change:
    """One edit of one cell by one line.  `body` is {field: text}; None is a removal."""

    def __init__(self, line, n, kind, record, cell, body, base, closes=(), start=0):
        self.line, self.n, self.kind, self.record, self.cell = line, n, kind, record, cell
        self.origin = line, start                   # a new one after each start of the daemon, of the same line
        self.body, self.base, self.closes = body, base, tuple(closes)
        self.state, self.reason, self.number = "queued", None, None

    def __repr__(self):
        return "%s-%d %s %s=%s base %s: %s %s" % (self.line, self.n, self.record[:13], self.cell, self.body, self.base,
                                                   self.state, self.reason or "")


class InForce:
    """What is in force in one cell: the change that put it there, its number, who knows it besides."""

    def __init__(self, change, number):
        self.change, self.body, self.number, self.knew = change, change.body, number, set()


class Case:
    def __init__(self, change, reason):
        self.change, self.reason = change, reason


# ---- the hub ---------------------------------------------------------------

class Hub:
    def __init__(self, kinds, org):
        self.kinds, self.org = kinds, org
        self.number = 0
        self.force = {}             # record -> {cell: InForce}
        self.kind_of = {}           # record -> Kind
        self.waiting = {}           # record -> [(change, scope)] without an identity yet
        self.open = {}              # (record, cell) -> [Case]
        self.named = set()          # (line, n) of changes whose cases are closed, come or not
        self.news = []              # records in the order in which something happened to them
        self.moved = {}             # line -> its changes in the order in which their state moved
        self.changes, self.by_name, self.index = [], {}, {}
        self.met = {}               # origin -> its place in the order in which they were first met

    def bodies(self, rid):
        return {c: f.body for c, f in self.force.get(rid, {}).items()}

    def rights(self, scope, kind, cells):
        return {"any": True, "owner": covers(scope, value(cells, kind, kind.org)),
                "host": covers(scope, value(cells, kind, kind.host)), "county": covers(scope, self.org)}

    # -- before merge

    def receive(self, change, scope):
        self.changes.append(change)
        self.by_name[change.line, change.n] = change
        self.met.setdefault(change.origin, len(self.met))
        self.judge(change, scope)

    def judge(self, change, scope):
        kind = self.kinds[change.kind]
        own = [self.by_name.get(name) for name in change.closes]
        takes_back = change.body is None and own and all(
            c and (c.line, c.record, c.cell) == (change.line, change.record, change.cell) for c in own)
        if kind.identity not in self.force.get(change.record, {}):          # paragraph 2
            if takes_back:
                return self.decide(change, scope, "same", None)
            if change.cell != kind.identity:
                self.waiting.setdefault(change.record, []).append((change, scope))
                return self.move(change, "received")
            if not covers(scope, (change.body or {}).get(kind.org)):
                return self.decide(change, scope, "returned", "scope")
        elif not sees(scope, self.bodies(change.record), kind):             # paragraph 3
            return self.decide(change, scope, *(("same", None) if takes_back else ("returned", "scope")))
        self.decide(change, scope, *self.merge(change, scope, kind))        # (4, check: the input keeps the rules)

    # -- merge, to the letter

    def merge(self, change, scope, kind):
        force = self.force.get(change.record, {})
        cell, now = kind.cell(change.cell), force.get(change.cell)
        body_now = now.body if now else None
        may = self.rights(scope, kind, self.bodies(change.record) or {change.cell: change.body})

        if change.body == body_now:                                         # 1
            return "same", None
        allowed, legal = self.may_write(change, may, cell, now)
        if not allowed:                                                     # 2
            return "parked", "proposal"
        for why, who in self.hurdles(change, cell, now, legal):             # 3
            if not (change.closes and may[who]):
                return "parked", why
        asked = list(force.values()) if change.cell == "end" else [now]     # 4, 5
        if all(f is None or self.knew(change, f) for f in asked):
            return "taken", None
        return "parked", "clash"

    def hurdles(self, change, cell, now, legal):
        """What only a settling change of somebody certain gets over: (why, who)."""
        end = self.force.get(change.record, {}).get("end")
        ended = end is not None and end.body is not None and change.cell != "end"
        return [(why, who) for why, so, who in (("ended", ended, "owner"), ("fixed", cell.fixed and now is not None, "owner"),
                                                ("step", not legal, "county")) if so]

    @staticmethod
    def may_write(change, may, cell, now):
        """(may the author write this, is the step legal)"""
        step = tuple((b or {}).get(cell.step_field, "none") for b in (now and now.body, change.body))
        if step[0] == step[1] or not cell.steps.get(step):
            allowed = may[cell.writer] or now is None and may[cell.first]
        else:
            allowed = may[cell.steps[step]]
        return allowed, step[0] == step[1] or step in cell.steps

    @staticmethod
    def knew(change, force):
        return force.number <= change.base or force.change.line == change.line or change.line in force.knew

    # -- after the verdict

    def decide(self, change, scope, verdict, reason):
        self.number += 1
        change.number, change.reason = self.number, reason
        self.move(change, verdict)
        kind, where = self.kinds[change.kind], (change.record, change.cell)
        closed = [c for cases in self.open.values() for c in cases
                  if (c.change.line, c.change.n) in change.closes] if change.closes else []
        if verdict == "taken":
            force = InForce(change, self.number)
            for other in filter(None, map(self.by_name.get, change.closes)):
                if other.body == change.body:       # settled in its favour: its line knows
                    force.knew.add(other.line)
            self.kind_of[change.record] = kind
            self.force.setdefault(change.record, {})[change.cell] = force
            self.look_for_twins(change, kind)
        elif verdict == "same" and where[1] in self.force.get(change.record, {}):
            self.force[change.record][change.cell].knew.add(change.line)
        elif verdict in ("parked", "returned"):
            for case in list(self.open.get(where, ())):
                if case.change.line == change.line and case.reason != "duplicate":
                    self.close(case)                # the newer one takes its place
            self.open_case(Case(change, reason))
        self.named.update(change.closes)
        for case in closed:
            if self.may_close(change, scope, case):
                self.close(case)
        self.news.append(change.record)
        if verdict == "taken" and change.cell == kind.identity:
            waited = self.waiting.pop(change.record, ())
            for late, its_scope in sorted(waited, key=lambda w: (self.met[w[0].origin], w[0].n)):
                self.judge(late, its_scope)

    def look_for_twins(self, change, kind):
        for field in kind.unique():
            mine = (change.body or {}).get(field)
            if mine and any(r != change.record and not self.bodies(r).get("end") and value(self.bodies(r), kind, field) == mine
                            for r in self.by_value(kind, field, mine)):
                self.open_case(Case(change, "duplicate"))

    def by_value(self, kind, field, wanted):
        """Records that ever had this value; an index, so that this stays quick."""
        read, values = self.index.get((kind.name, field), (0, {}))
        for rid in self.news[read:]:
            if self.kind_of.get(rid) is kind:
                values.setdefault(value(self.bodies(rid), kind, field), set()).add(rid)
        self.index[kind.name, field] = len(self.news), values
        return values.get(wanted, ())

    def open_case(self, case):
        if (case.change.line, case.change.n) in self.named:
            return self.move(case.change, "settled") if case.reason != "duplicate" else None
        self.open.setdefault((case.change.record, case.change.cell), []).append(case)

    def may_close(self, change, scope, case):
        """Who may write that cell of that record may decide its case; a line may close its own."""
        waits = case.change
        kind = self.kinds[waits.kind]
        may = self.rights(scope, kind, self.bodies(waits.record) or {waits.cell: waits.body})
        return may["county"] or may[kind.cell(waits.cell).writer] or waits.line == change.line

    def close(self, case):
        where = (case.change.record, case.change.cell)
        if case in self.open.get(where, ()):
            self.open[where].remove(case)
            if case.reason != "duplicate":
                self.move(case.change, "settled")

    def move(self, change, state):
        change.state = state
        self.moved.setdefault(change.line, []).append((change.n, state))

    # -- what is shown

    def may_decide(self, case, scope):
        """Would it be taken, if this scope settled it for the parked value?"""
        c, kind, bodies = case.change, self.kinds[case.change.kind], self.bodies(case.change.record)
        may, now = self.rights(scope, kind, bodies), self.force.get(c.record, {}).get(c.cell)
        over = {"step": "county", "ended": "owner", "fixed": "owner"}.get(case.reason, "any")
        allowed, legal = self.may_write(c, may, kind.cell(c.cell), now)
        return sees(scope, bodies, kind) and may[over] and allowed and all(
            may[who] for _, who in self.hurdles(c, kind.cell(c.cell), now, legal))

    def goes_to(self, case, station):
        """Who is told: its author's station; but for a `scope` refusal the owner's too, and the receiver's if it may write."""
        kind, bodies = self.kinds[case.change.kind], self.bodies(case.change.record)
        may = self.rights(station.org, kind, bodies)
        return case.change.line == station.name or case.reason != "scope" and (
            may["owner"] or may["host"] and may[kind.cell(case.change.cell).writer])

    def cases(self, station=None):
        return [c for cases in self.open.values() for c in cases
                if station is None or self.goes_to(c, station)]

    def show_case(self, case):
        c = case.change
        return (c.kind, c.record, c.cell, case.reason, c.line, freeze(c.body), freeze(self.bodies(c.record).get(c.cell)))

    def export(self, scope=None):
        return export([(self.kind_of[r], r, b) for r, b in ((r, self.bodies(r)) for r in self.force)
                       if scope is None or sees(scope, b, self.kind_of[r])])

    def tally(self):
        return tally(c.state for c in self.changes)


def freeze(body):
    return None if body is None else tuple(sorted(body.items()))


def export(rows):
    rows.sort(key=lambda row: (row[0].id, row[1]))
    return "".join(print_record(*row) + "\n" for row in rows)


def tally(states):
    count = Counter(states)
    return dict({s: count[s] for s in STATES}, written=sum(count.values()))


# ---- a station -------------------------------------------------------------

class Station:
    def __init__(self, hub, name, org):
        self.hub, self.name, self.org, self.kinds = hub, name, org, hub.kinds
        self.changes = []           # own, n = 1, 2, 3 …
        self.sent = 0               # how many of them the hub has
        self.state = []             # of each, as far as this station has heard
        self.held = {}              # record -> (Kind, {cell: (number, body)}) as the last exchange left it
        self.over = {}              # record -> {cell: own undecided Change}
        self.own_kind = {}          # record -> Kind, of own new records
        self.taken = set()          # lines taken or found the same
        self.as_of = self.read = self.heard = self.start = 0
        self.cases = []
        self.last_seen = {}         # record that left -> its bodies as this station last held them

    # -- what a person at this station sees

    def shown(self, rid):
        """{cell: body}: what is in force as far as known, own undecided changes on top."""
        cells = {c: b for c, (_, b) in self.held[rid][1].items()} if rid in self.held else {}
        cells.update({c: ch.body for c, ch in self.over.get(rid, {}).items()})
        return cells

    def kind(self, rid):
        return self.held[rid][0] if rid in self.held else self.own_kind.get(rid)

    def here(self, rid):
        kind = self.kind(rid)
        cells = self.shown(rid) if kind else {}
        return kind is not None and bool(cells.get(kind.identity)) and sees(self.org, cells, kind)

    def export(self):
        return export([(self.kind(r), r, self.shown(r)) for r in set(self.held) | set(self.over) if self.here(r)])

    def tally(self):
        return tally(self.state)

    # -- writing

    def restart(self):
        self.start += 1

    def base(self, rid, cell):
        """The number of the state as this station shows it; of an own undecided change, the smaller."""
        if cell == "end":
            number = self.as_of
        else:
            number = self.held[rid][1].get(cell, (0, None))[0] if rid in self.held else 0
        mine = self.over.get(rid, {}).get(cell)
        return min(number, mine.base) if mine else number

    def write(self, kind, rid, cell, body, base=None, closes=()):
        base = self.base(rid, cell) if base is None else base
        change = Change(self.name, len(self.changes) + 1, kind.name, rid, cell, body, base, closes, self.start)
        self.changes.append(change)
        self.state.append("queued")
        self.over.setdefault(rid, {})[cell] = change
        self.own_kind.setdefault(rid, kind)
        return change

    def put(self, kind_name, rid, fields, bases=None):
        """One save: a change for each cell that differs from what is shown.  Returns the changes."""
        kind, shown, new = self.kinds[kind_name], self.shown(rid), {}
        for field, value in fields.items():
            cell = kind.cell_of[field]
            if cell.keyed:
                keys = {kind.tidy(field, v) for v in value or ()} - {""}
                old = {b[field] for c, b in shown.items() if b and kind.cell(c) is cell}
                new.update({"%s/%s" % (cell.name, k): {field: k} for k in keys - old})
                new.update({"%s/%s" % (cell.name, k): None for k in old - keys})
                continue
            body = new.setdefault(cell.name, dict(shown.get(cell.name) or {}))
            body.pop(field, None)
            if kind.tidy(field, value):
                body[field] = kind.tidy(field, value)
        new = {c: b or None for c, b in new.items() if (b or None) != (shown.get(c) or None)}
        order = sorted(new, key=lambda c: (c != kind.identity, c))
        return [self.write(kind, rid, c, new[c], (bases or {}).get(c)) for c in order]

    def end(self, rid, reason=None, base=None):
        body = {"reason": reason or ""}
        return self.write(self.kind(rid), rid, "end", body, base) if self.shown(rid).get("end") != body else None

    def unend(self, rid):
        return self.write(self.kind(rid), rid, "end", None)

    # -- import

    def import_lines(self, lines):
        """Counts of lines as the program gives them, and the wrong ones as {line number: code}."""
        count, wrong = Counter(), {}
        for i, text in enumerate(lines, 1):
            count["read"] += 1
            if text in self.taken:
                count["duplicate"] += 1
                continue
            line = json.loads(text)
            rid, here = line["id"], self.here(line["id"])
            if not covers(self.org, line["site"]):
                wrong[i] = "site"
            elif line["op"] != "insert" and not here:
                wrong[i] = "unknown"
            else:
                self.taken.add(text)
                if line["op"] == "delete":
                    done = self.end(rid)
                else:
                    done = self.put(line["kind"], rid, line["data"])
                count["same" if not done else "changed" if here else "new"] += 1
        count["wrong"] = len(wrong)
        return {k: count[k] for k in ("read", "new", "changed", "same", "wrong", "duplicate")}, wrong

    # -- settling

    def settle(self, case, how):
        """Take the parked value, or the one in force; the number in force goes with it."""
        c = case.change
        number, now = self.held[c.record][1].get(c.cell, (0, None)) if c.record in self.held else (0, None)
        if c.cell == "end":
            number = max(number, self.as_of)
        body = c.body if how == "parked" else now if how == "in-force" else how
        return self.write(self.kinds[c.kind], c.record, c.cell, body, number, [(c.line, c.n)])

    # -- an exchange

    def exchange(self):
        """Everything queued goes up and is decided in order; then verdicts and news come down."""
        hub = self.hub
        for change in self.changes[self.sent:]:
            hub.receive(change, self.org)
        self.sent = len(self.changes)
        moved = hub.moved.get(self.name, ())
        for n, state in moved[self.heard:]:
            self.state[n - 1] = state
            change = self.changes[n - 1]
            mine = self.over.get(change.record, {})
            if state not in WORK and mine.get(change.cell) is change:
                del mine[change.cell]
                if not mine:
                    del self.over[change.record]
        self.heard = len(moved)
        for rid in dict.fromkeys(hub.news[self.read:]):
            kind, cells = hub.kind_of.get(rid), hub.bodies(rid)
            if kind and sees(self.org, cells, kind):
                self.held[rid] = kind, {c: (f.number, f.body) for c, f in hub.force[rid].items()}
            else:
                self.last_seen[rid] = {c: b for c, (_, b) in self.held.pop(rid, (None, {}))[1].items()} or self.last_seen.get(rid, {})
        self.read, self.as_of = len(hub.news), hub.number
        self.cases = hub.cases(self)
