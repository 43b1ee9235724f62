"""The model on its own: small stories, each a paragraph of store/README.md."""
import json
import os

import pytest

import model

PERSON = """# one of each sort of cell
[kind]
id = 70
name = person
label = 某人
end = owner

[codes rank]
1 = low
2 = middle
3 = high

[cell identity]
id = 1
label = identity
writer = owner

[cell phone]
id = 2
label = phone
writer = any

[cell note]
id = 3
label = note
writer = owner

[cell born]
id = 4
label = born
writer = owner
clash = fixed

[cell rank]
id = 5
label = rank
writer = owner
steps = rank
step = none>low
step = low>high county
step = high>low

[cell grade]
id = 6
label = grade
writer = county
first = owner

[cell stay]
id = 7
label = stay
writer = host

[cell post]
id = 8
label = post
writer = any
keyed = yes

[field org]
id = 1
label = org
cell = identity
type = org
role = org
required = yes

[field host]
id = 2
label = host
cell = identity
type = org
role = host

[field name]
id = 3
label = name
cell = identity
type = text

[field number]
id = 4
label = number
cell = identity
type = text
unique = yes

[field phone]
id = 5
label = phone
cell = phone
type = text

[field note]
id = 6
label = note
cell = note
type = text

[field born]
id = 7
label = born
cell = born
type = text

[field rank]
id = 8
label = rank
cell = rank
type = code
codes = rank

[field grade]
id = 9
label = grade
cell = grade
type = text

[field stay]
id = 10
label = stay
cell = stay
type = text

[field post]
id = 11
label = post
cell = post
type = set
"""


@pytest.fixture
def county(tmp_path):
    (tmp_path / "person.conf").write_text(PERSON, encoding="utf-8")
    hub = model.Hub(model.read_kinds(str(tmp_path)), "52")
    return hub, {name: model.Station(hub, name, org) for name, org in
                 (("a", "5201"), ("a2", "5201"), ("b", "5202"), ("c", "52"))}


def born_here(who, rid="r1", **fields):
    who.put("person", rid, dict({"org": who.org, "name": "甲"}, **fields))
    who.exchange()


def all_meet(stations):
    for _ in range(2):
        for s in stations.values():
            s.exchange()


def check(hub, stations):
    """What must hold whenever everything has drained."""
    all_meet(stations)
    total = {}
    for s in stations.values():
        assert s.export() == hub.export(s.org)
        assert s.tally()["written"] == sum(s.tally()[k] for k in model.STATES)
        assert s.tally()["queued"] == 0
        for k, v in s.tally().items():
            total[k] = total.get(k, 0) + v
    assert total == hub.tally()


def shown_cases(hub, station=None):
    return sorted(hub.show_case(c)[1:5] for c in hub.cases(station))


def states(station):
    return [c.state for c in station.changes]


def test_first_value_is_taken_and_seen_everywhere(county):
    hub, s = county
    born_here(s["a"], phone="1")
    check(hub, s)
    assert states(s["a"]) == ["taken", "taken"]
    assert json.loads(s["c"].export())["fields"] == {"name": "甲", "org": "5201", "phone": "1"}
    assert s["b"].export() == ""


def test_clash_parks_the_later_one_and_names_both(county):
    hub, s = county
    born_here(s["a"], phone="1")
    check(hub, s)
    s["c"].put("person", "r1", {"phone": "2"})
    s["a"].put("person", "r1", {"phone": "3"})
    s["c"].exchange()
    s["a"].exchange()
    assert states(s["a"])[-1] == "parked"
    assert [hub.show_case(c) for c in hub.cases()] == [
        ("person", "r1", "phone", "clash", "a", (("phone", "3"),), (("phone", "2"),))]
    assert json.loads(s["a"].export())["fields"]["phone"] == "2"
    check(hub, s)
    assert shown_cases(hub, s["a2"]) == shown_cases(hub, s["c"]) == shown_cases(hub, s["a"]) != []
    assert shown_cases(hub, s["b"]) == []


def test_same_is_no_conflict_and_its_author_knows_then(county):
    hub, s = county
    born_here(s["a"], phone="1")
    check(hub, s)
    s["c"].put("person", "r1", {"phone": "2"})
    s["a"].put("person", "r1", {"phone": "2"})
    s["a"].put("person", "r1", {"phone": "3"})      # inherits the old base, but its line found 2 the same
    s["c"].exchange()
    s["a"].exchange()
    assert states(s["a"])[-2:] == ["same", "taken"]
    assert not hub.cases()


def test_own_line_is_known_whatever_the_base(county):
    hub, s = county
    born_here(s["a"], phone="1")
    one, two = s["a"].put("person", "r1", {"phone": "2"}) + s["a"].put("person", "r1", {"phone": "3"})
    assert one.base == two.base == s["a"].held["r1"][1]["phone"][0]
    s["a"].exchange()
    assert states(s["a"])[-2:] == ["taken", "taken"]


def test_an_edit_over_an_undecided_one_inherits_its_base(county):
    """Two changes of one line over a rival: the newer parked one takes the place of the older."""
    hub, s = county
    born_here(s["a"], phone="1")
    check(hub, s)
    s["c"].put("person", "r1", {"phone": "2"})
    s["c"].exchange()
    s["a"].put("person", "r1", {"phone": "3"})
    s["a"].put("person", "r1", {"phone": "4"})
    s["a"].exchange()
    assert states(s["a"])[-2:] == ["settled", "parked"]
    assert [hub.show_case(c)[5] for c in hub.cases()] == [(("phone", "4"),)]
    check(hub, s)


def test_another_pc_of_the_same_office_is_another_line(county):
    hub, s = county
    born_here(s["a"], phone="1")
    check(hub, s)
    s["a"].put("person", "r1", {"phone": "2"})
    s["a2"].put("person", "r1", {"phone": "3"})
    s["a"].exchange()
    s["a2"].exchange()
    assert states(s["a2"]) == ["parked"]


def test_settling_in_favour_closes_it_and_its_author_may_go_on(county):
    hub, s = county
    born_here(s["a"], phone="1")
    check(hub, s)
    s["c"].put("person", "r1", {"phone": "2"})
    s["a"].put("person", "r1", {"phone": "3"})
    s["c"].exchange()
    s["a"].exchange()                               # a's 3 is parked
    s["c"].exchange()
    s["c"].settle(s["c"].cases[0], "parked")
    s["c"].exchange()
    late = s["a"].put("person", "r1", {"phone": "5"})[0]
    s["a"].exchange()
    assert late.state == "taken" and late.base < hub.force["r1"]["phone"].number
    assert not hub.cases()
    check(hub, s)
    assert "parked" not in states(s["a"]) and states(s["a"]).count("settled") == 1


def test_settling_for_what_is_in_force_closes_it_as_same(county):
    hub, s = county
    born_here(s["a"], phone="1")
    check(hub, s)
    s["c"].put("person", "r1", {"phone": "2"})
    s["a"].put("person", "r1", {"phone": "3"})
    s["c"].exchange()
    s["a"].exchange()
    s["a"].settle(s["a"].cases[0], "in-force")
    check(hub, s)
    assert states(s["a"])[-2:] == ["settled", "same"] and not hub.cases()


def test_the_second_settler_is_parked_if_he_did_not_know(county):
    hub, s = county
    born_here(s["a"], phone="1")
    check(hub, s)
    s["c"].put("person", "r1", {"phone": "2"})
    s["a"].put("person", "r1", {"phone": "3"})
    s["c"].exchange()
    s["a"].exchange()
    s["c"].exchange()
    s["a"].settle(s["a"].cases[0], "parked")
    s["c"].settle(s["c"].cases[0], {"phone": "9"})
    s["a"].exchange()
    s["c"].exchange()
    assert states(s["c"])[-1] == "parked"
    assert shown_cases(hub) == [("r1", "phone", "clash", "c")]
    check(hub, s)


def test_an_edit_after_an_end_is_parked(county):
    hub, s = county
    born_here(s["a"], phone="1")
    check(hub, s)
    s["a"].end("r1")
    s["c"].put("person", "r1", {"phone": "2"})
    s["a"].exchange()
    s["c"].exchange()
    assert shown_cases(hub) == [("r1", "phone", "ended", "c")]
    check(hub, s)
    s["a"].settle(s["a"].cases[0], "parked")        # a review may be answered
    check(hub, s)
    assert states(s["a"])[-1] == "taken" and not hub.cases()
    assert json.loads(s["c"].export())["ended"] and json.loads(s["c"].export())["fields"]["phone"] == "2"


def test_an_end_after_an_edit_it_did_not_know_is_parked(county):
    hub, s = county
    born_here(s["a"], phone="1")
    check(hub, s)
    s["a"].end("r1")
    s["c"].put("person", "r1", {"phone": "2"})
    s["c"].exchange()
    s["a"].exchange()
    assert shown_cases(hub) == [("r1", "end", "clash", "a")]
    check(hub, s)
    assert not json.loads(s["a"].export())["ended"]
    s["c"].settle(s["c"].cases[0], "parked")
    check(hub, s)
    assert json.loads(s["a"].export())["ended"] and not hub.cases()


def test_the_base_of_an_end_speaks_for_every_cell_up_to_the_last_exchange(county):
    hub, s = county
    born_here(s["a"], phone="1")
    check(hub, s)
    s["c"].put("person", "r1", {"phone": "2"})
    s["c"].exchange()
    s["a"].exchange()                               # has the news
    s["a"].put("person", "r1", {"note": "x"})       # an own edit is known without a number
    s["a"].end("r1")
    check(hub, s)
    assert states(s["a"])[-2:] == ["taken", "taken"]
    s["c"].unend("r1")
    check(hub, s)
    assert states(s["c"])[-1] == "taken" and not json.loads(s["a"].export())["ended"]


def test_two_ends_are_the_same(county):
    hub, s = county
    born_here(s["a"])
    check(hub, s)
    s["a"].end("r1")
    s["c"].end("r1")
    check(hub, s)
    assert states(s["c"]) == ["same"]


def test_who_may_not_write_proposes(county):
    hub, s = county
    born_here(s["a"], host="5202", grade="B")       # the first grade is the owner's, later ones the county's
    check(hub, s)
    assert states(s["a"]) == ["taken", "taken"]
    s["a"].put("person", "r1", {"grade": "A"})
    s["b"].put("person", "r1", {"stay": "north", "note": "host's"})
    s["a"].put("person", "r1", {"stay": "south"})
    check(hub, s)
    assert shown_cases(hub) == [("r1", "grade", "proposal", "a"), ("r1", "note", "proposal", "b"),
                                ("r1", "stay", "proposal", "a")]
    assert shown_cases(hub, s["b"]) == [("r1", "note", "proposal", "b"), ("r1", "stay", "proposal", "a")]
    for case in list(s["c"].cases):
        if case.change.cell == "grade":
            s["c"].settle(case, "parked")
    check(hub, s)
    assert json.loads(s["a"].export())["fields"]["grade"] == "A"


def test_fixed_is_corrected_only_by_settling(county):
    hub, s = county
    born_here(s["a"], born="1970")
    check(hub, s)
    s["a"].put("person", "r1", {"born": "1971"})
    check(hub, s)
    assert shown_cases(hub) == [("r1", "born", "fixed", "a")]
    s["a"].settle(s["a"].cases[0], "parked")
    check(hub, s)
    assert json.loads(s["c"].export())["fields"]["born"] == "1971" and not hub.cases()


def test_steps(county):
    hub, s = county
    born_here(s["a"], rank="low")
    check(hub, s)
    s["a"].put("person", "r1", {"rank": "high"})    # the county's step
    s["c"].put("person", "r1", {"rank": "middle"})  # no step at all
    check(hub, s)
    assert shown_cases(hub) == [("r1", "rank", "proposal", "a"), ("r1", "rank", "step", "c")]
    assert hub.may_decide(s["a"].cases[1], "52") and not hub.may_decide(s["a"].cases[1], "5201")   # steps are the county's
    for case in list(s["c"].cases):
        if case.reason == "proposal":
            s["c"].settle(case, "parked")
            s["c"].exchange()
    assert hub.bodies("r1")["rank"] == {"rank": "high"}
    s["c"].settle(s["c"].cases[0], "parked")
    check(hub, s)
    assert hub.bodies("r1")["rank"] == {"rank": "middle"} and not hub.cases()


def test_other_cells_wait_for_the_identity(county):
    hub, s = county
    kind = hub.kinds["person"]
    s["a"].write(kind, "r9", "phone", {"phone": "1"}, 0)
    s["a"].exchange()
    assert s["a"].tally()["received"] == 1 and hub.export() == "" and s["a"].export() == ""
    born_here(s["c"], "r9")
    s["c"].put("person", "r9", {"org": "5201"})     # the county puts it where it belongs
    check(hub, s)
    # decided when the identity came, by rights of then: the county still owned it, a saw nothing of it
    assert states(s["a"]) == ["returned"] and hub.cases()[0].reason == "scope"
    s["a2"].write(kind, "r8", "phone", {"phone": "7"}, 0)
    s["a2"].exchange()
    born_here(s["a"], "r8")
    s["a2"].exchange()
    assert s["a2"].state == ["taken"]


def test_an_identity_must_name_an_organisation_of_its_author(county):
    hub, s = county
    s["b"].put("person", "r1", {"org": "5201", "name": "x", "phone": "1"})
    all_meet(s)
    assert states(s["b"]) == ["returned", "received"]
    assert shown_cases(hub, s["a"]) == []


def test_what_leaves_an_organisation_is_no_longer_shown_there(county):
    hub, s = county
    born_here(s["a"], host="5202", phone="1")
    check(hub, s)
    assert s["b"].export()
    s["b"].put("person", "r1", {"phone": "2"})
    s["a"].put("person", "r1", {"host": ""})
    s["a"].exchange()
    check(hub, s)
    assert s["b"].export() == "" and states(s["b"]) == ["returned"]
    s["c"].put("person", "r1", {"org": "5202"})
    check(hub, s)
    assert s["a"].export() == "" and s["b"].export()


def test_keys_of_a_set_are_cells_of_their_own(county):
    hub, s = county
    born_here(s["a"], post=["x", "y"])
    check(hub, s)
    s["a"].put("person", "r1", {"post": ["x", "z"]})
    s["c"].put("person", "r1", {"post": ["x", "y", "w"]})
    check(hub, s)
    assert not hub.cases() and json.loads(s["c"].export())["fields"]["post"] == ["w", "x", "z"]
    s["a2"].put("person", "r1", {"post": ["w", "x", "y", "z"]})
    check(hub, s)
    assert states(s["a2"]) == ["taken"]             # a removal is in force, and it was seen


def test_a_removal_nobody_saw_is_a_clash(county):
    hub, s = county
    born_here(s["a"], phone="1")
    check(hub, s)
    s["a"].put("person", "r1", {"phone": ""})
    s["c"].put("person", "r1", {"phone": "2"})
    check(hub, s)
    assert shown_cases(hub) == [("r1", "phone", "clash", "c")]
    assert hub.show_case(hub.cases()[0])[6] is None


def test_two_living_records_with_one_number(county):
    hub, s = county
    born_here(s["a"], number="7")
    born_here(s["b"], "r2", number="7")
    check(hub, s)
    assert shown_cases(hub) == [("r2", "identity", "duplicate", "b")]
    assert states(s["b"]) == ["taken"]


def test_a_case_named_before_it_came_is_closed_as_it_opens(county):
    hub, s = county
    born_here(s["a"], phone="1")
    check(hub, s)
    s["c"].write(hub.kinds["person"], "r1", "phone", {"phone": "2"}, hub.number, [("a", 3)])
    s["c"].exchange()
    s["a"].put("person", "r1", {"phone": "3"})
    s["a"].exchange()
    assert states(s["a"])[-1] == "settled" and not hub.cases()


def line(op, rid, site="5201", **data):
    return json.dumps({"op": op, "kind": "person", "id": rid, "at": "2025", "site": site, "data": data}, ensure_ascii=False)


def test_import_counts_lines(county):
    hub, s = county
    first = [line("insert", "r1", org="5201", name="甲", phone="1", post=["x"]), line("update", "r1", phone="2"),
             line("update", "r2", phone="3"), line("update", "r1", post=["x"]), line("delete", "r2"),
             line("insert", "r3", site="5202", org="5202")]
    count, wrong = s["a"].import_lines(first)
    assert count == {"read": 6, "new": 1, "changed": 1, "same": 1, "wrong": 3, "duplicate": 0}
    assert wrong == {3: "unknown", 5: "unknown", 6: "site"}
    assert len(s["a"].changes) == 4
    s["a2"].import_lines([line("insert", "r2", org="5201", name="乙")])
    s["a2"].exchange()
    s["a"].exchange()
    count, wrong = s["a"].import_lines(first)
    assert count == {"read": 6, "new": 0, "changed": 2, "same": 0, "wrong": 1, "duplicate": 3}
    check(hub, s)


def test_an_insert_of_a_record_already_here_is_compared(county):
    hub, s = county
    born_here(s["a"], phone="1", post=["x"])
    check(hub, s)
    count, _ = s["a2"].import_lines([line("insert", "r1", org="5201", name="甲", phone="9", post=["y", "x"])])
    assert count["changed"] == 1 and sorted(c.cell for c in s["a2"].changes) == ["phone", "post/y"]
    count, _ = s["c"].import_lines([line("insert", "r1", org="5201", name="甲", phone="1")])
    assert count["same"] == 1


def test_the_kinds_that_ship_can_be_read():
    folder = os.path.join(os.path.dirname(__file__), "..", "..", "conf", "kinds")
    kinds = model.read_kinds(folder)
    assert {"member", "flow_member", "org_unit"} <= set(kinds)
    for kind in kinds.values():
        assert kind.org and kind.cells["end"].writer in ("any", "owner", "host", "county"), kind.name
        for cell in kind.cells.values():
            assert {cell.writer, cell.first} <= {"any", "owner", "host", "county"}, (kind.name, cell.name)
            assert bool(cell.steps) == bool(cell.step_field), (kind.name, cell.name)
    assert kinds["member"].cell("post/x").keyed
