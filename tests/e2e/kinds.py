"""The kind files, and what a record is by them: enough for a model, no rules.

A body is {field: text}; None is a removal. A cell of a keyed kind of cell has its
key in the name, like `post/支部委员`, and the body {field: key}.
"""
import glob
import json
import os


class Section(dict):
    """One [head] of an INI file; a key that comes again is kept in `rows`."""

    def __init__(self, head):
        self.sort, _, self.name = head.partition(" ")
        self.rows = []

    def all(self, key):
        return [v for k, v in self.rows if k == key]

    def yes(self, key):
        return self.get(key) == "yes"


def read_ini(text):
    out = []
    for line in text.splitlines():
        line = line.strip()
        if line[:1] == "[":
            out.append(Section(line[1:-1].strip()))
        elif line and line[0] not in "#;":
            key, value = (part.strip() for part in line.split("=", 1))
            out[-1][key] = value
            out[-1].rows.append((key, value))
    return out


class Cell:
    def __init__(self, section):
        self.name, self.id = section.name, int(section.get("id", 0))
        self.writer = section.get("writer", "any")
        self.first = section.get("first", self.writer)
        self.fixed = section.get("clash") == "fixed"
        self.keyed = section.yes("keyed")
        self.step_field = section.get("steps")
        self.steps = {}                             # (from, to) -> writer or None
        for step in section.all("step"):
            move, _, writer = step.partition(" ")
            self.steps[tuple(move.split(">"))] = writer.strip() or None


class Kind:
    def __init__(self, text):
        self.cells, self.fields, self.codes, self.cell_of = {}, {}, {}, {}
        self.org = self.host = None
        for s in read_ini(text):
            if s.sort == "kind":
                self.id, self.name = int(s["id"]), s["name"]
                end = Section("cell end")
                end["writer"] = s["end"]
                self.cells["end"] = Cell(end)
            elif s.sort == "codes":
                self.codes[s.name] = {word: label for words, label in s.rows for word in words.split()}
            elif s.sort == "cell":
                if not hasattr(self, "identity"):
                    self.identity = s.name
                self.cells[s.name] = Cell(s)
            elif s.sort == "field":
                self.fields[s.name] = s
                self.cell_of[s.name] = self.cells[s["cell"]]
                if s.get("role") == "org":
                    self.org = s.name
                if s.get("role") == "host":
                    self.host = s.name

    def cell(self, name):
        """The cell of a name like `phone`, `end` or `post/支部委员`."""
        return self.cells[name.partition("/")[0]]

    def unique(self):
        return [f for f, s in self.fields.items() if s.yes("unique")]

    def tidy(self, field, value):
        """A value as it is kept: text, or "" for nothing."""
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        text = str(value).strip()
        codes = self.codes.get(self.fields[field].get("codes"), {})
        return codes.get(text, text)


def read_kinds(folder):
    kinds = [Kind(open(p, encoding="utf-8").read()) for p in sorted(glob.glob(os.path.join(folder, "*.conf")))]
    return {k.name: k for k in kinds}


def covers(scope, org):
    return bool(org) and org.startswith(scope)


def fields_of(cells, kind):
    """Record fields from {cell name: body}; keys of a keyed cell become a list by bytes."""
    out = {}
    for name, body in cells.items():
        if body and name != "end":
            for f, v in body.items():
                if kind.cell(name).keyed:
                    out.setdefault(f, []).append(v)
                else:
                    out[f] = v
    for f, v in out.items():
        if isinstance(v, list):
            v.sort(key=lambda s: s.encode())
    return out


def value(cells, kind, field):
    """One field of {cell name: body}; None when it is empty."""
    return (cells.get(kind.cell_of[field].name) or {}).get(field) if field else None


def sees(scope, cells, kind):
    return covers(scope, value(cells, kind, kind.org)) or covers(scope, value(cells, kind, kind.host))


def print_record(kind, rid, cells):
    fields = fields_of(cells, kind)
    for f in fields:
        if kind.fields[f].get("type") == "bool":
            fields[f] = fields[f] == "true"
        elif kind.fields[f].get("type") == "int":
            fields[f] = int(fields[f])
    return json.dumps({"kind": kind.name, "id": rid, "org": fields.get(kind.org, ""), "ended": bool(cells.get("end")),
                       "fields": fields}, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
