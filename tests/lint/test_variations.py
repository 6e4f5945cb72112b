"""What the rules find and what they let pass, case by case: pieces of one app, and the codes that come of them."""

from __future__ import annotations

import textwrap

import pytest

from hotmesh.compile import compile_app

APP = """\
app:
  id: shop
  version: '1'
  graphs:
    - subscribes: order.requested
      input:
        schema:
          type: object
          properties:
            id: {type: string}
            qty: {type: integer}
            price: {type: number}
            paid: {type: boolean}
            size: {enum: [small, large]}
            since: {description: when}
            tags: {type: array, items: {type: string}}
            lines: {type: array, prefixItems: [{type: object, properties: {a: {type: string}}}], items: {type: object, properties: {b: {}}}}
            free: {}
            open: {type: object, properties: {a: {}}, additionalProperties: true}
            typed: {type: object, additionalProperties: {type: integer}}
            either: {anyOf: [{type: object}, {type: string}], properties: {a: {}}}
            maybe: {type: [string, 'null']}
            none: false
      activities:
        start:
          type: trigger
        work:
          type: worker
          topic: work.do
          input:
            maps:
              x: VALUE
        wait:
          type: hook
          hook: {type: object, properties: {ok: {type: boolean}}}
        child:
          type: await
          topic: child.requested
        end:
          type: hook
      transitions:
        start:
          - to: work
        work:
          - to: wait
          - to: child
        wait:
          - to: end
            CONDITIONS
      hooks:
        order.approved:
          - to: wait
            conditions:
              match:
                - expected: '{start.output.data.id}'
                  actual: ACTUAL
    - subscribes: child.requested
      output:
        schema: {type: object, properties: {total: {type: number}}, additionalProperties: false}
      activities:
        start: {type: trigger}
"""


def codes(value: str = "1", conditions: str = "x-no: 1", actual: str = "'{$hook.data.id}'", app: str = APP) -> list[str]:
    indented = textwrap.indent(conditions, " " * 12).lstrip()
    text = app.replace("VALUE", value).replace("CONDITIONS", indented).replace("ACTUAL", actual)
    return [found.code for found in compile_app(text).diagnostics]


VALUES = {
    # what a path may be
    "'{start.output.data}'": [],
    "'{start.output}'": [],
    "'{start}'": [],
    "'{start.output.data.free.any.thing}'": [],
    "'{start.output.data.since.any}'": [],
    "'{start.output.data.open.other}'": [],
    "'{start.output.data.typed.other}'": [],
    "'{start.output.data.typed.other.more}'": ["R206"],
    "'{start.output.data.either.other}'": [],
    "'{start.output.data.maybe}'": [],
    "'{start.output.data.maybe.a}'": ["R206"],
    "'{start.output.data.none}'": [],
    "'{start.output.data.none.a}'": ["R206"],
    "'{start.output.data.other}'": ["R503"],
    "'{start.output.data.qty.other}'": ["R206"],
    "'{start.output.data.tags.0}'": [],
    "'{start.output.data.tags[12]}'": [],
    "'{start.output.data.tags.length}'": ["R206"],
    "'{start.output.data.lines.0.a}'": [],
    "'{start.output.data.lines.0.b}'": ["R503"],
    "'{start.output.data.lines.7.b}'": [],
    "'{start.output.data.lines.b}'": ["R206"],
    "'{start.hook.data.x}'": ["R212"],
    "'{start.output.metadata.$error.code}'": [],
    "'{$self.input.data.x}'": [],
    "'{$self.outptu.data.x}'": ["R205"],
    "'{$job.data}'": [],
    "'{$job.dat.x}'": ["R205"],
    "'{$job.metadata.jid}'": [],
    "'{wait.hook.data.ok}'": ["R204"],
    "'{nobody.output.data.x}'": ["R203"],
    "'{nobody}'": ["R203"],
    # what is no reference
    "'{{start.output.data.id}}'": [],
    "'a {{b}} c'": [],
    "'{}'": ["P116"],
    "'{start.output.data.id} and {start.output.data.qty}'": ["P116", "R501"],
    "'/orders/{id}'": ["R501"],
    "'{@date.now}'": [],
    "'{@date.nwo}'": ["P102"],
    "{start.output.data.id}": ["Y115"],
    "{a: }": [],
    "2024-01-31": ["Y501"],
    "no": ["Y502"],
    "'no'": [],
    # reduces
    "{'@pipe': [['{start.output.data.tags}', ''], {'@reduce': [['{$output}', '{$item}'], ['{@string.concat}']]}]}": [],
    "{'@pipe': [['{start.output.data.tags}', '{$item}']]}": ["P504", "R207"],
    "{'@pipe': [['{$key}'], ['{@string.trim}']]}": ["R207"],
}


@pytest.mark.parametrize("value", VALUES)
def test_values(value: str) -> None:
    assert codes(value) == VALUES[value]


MATCH = "conditions: {{match: [{{expected: {}, actual: '{{start.output.data.{}}}'}}]}}"
CONDITIONS = {
    MATCH.format("5", "qty"): [],
    MATCH.format("5.0", "qty"): [],
    MATCH.format("5.5", "qty"): ["T503"],
    MATCH.format("5", "price"): [],
    MATCH.format("'5'", "price"): ["T503"],
    MATCH.format("null", "qty"): ["T503"],
    MATCH.format("null", "maybe"): [],
    MATCH.format("small", "size"): ["G503"],
    MATCH.format("medium", "size"): ["T503"],
    MATCH.format("true", "paid"): ["G503"],
    MATCH.format("'true'", "paid"): ["T503"],
    MATCH.format("anything", "free"): [],
    MATCH.format("'{start.output.data.qty}'", "price"): [],
    "conditions: {code: 422}": [],
    "conditions: {code: '422'}": [],
    "conditions: {code: ['422', 4xx]}": ["T504"],
    "conditions: {match: []}": [],
    "conditions: {match: [{expected: 1, actual: 1}]}": ["G502"],
    "conditions: {match: [{expected: a, actual: a}, {expected: b, actual: c}]}": ["G502", "G502"],
    "conditions:\n  gate: or\n  match:\n    - {expected: true, actual: '{start.output.data.paid}'}\n"
    "    - {expected: false, actual: '{start.output.data.paid}'}": ["G502"],
    "conditions:\n  gate: or\n  match:\n    - {expected: small, actual: '{start.output.data.size}'}\n"
    "    - {expected: small, actual: '{start.output.data.size}'}": [],
    "conditions:\n  match:\n    - {expected: 1, actual: '{start.output.data.free}'}\n"
    "    - {expected: 2, actual: '{start.output.data.free}'}": ["G502"],
    "conditions:\n  match:\n    - {expected: 1, actual: '{start.output.data.free}'}\n"
    "    - {expected: 2, actual: '{start.output.data.qty}'}": [],
    "conditions: {match: [{expected: true, actual: {'@pipe': [['{start.output.data.qty}', 1], ['{@conditional.gte}']]}}]}": ["G503"],
    "conditions: {match: [{expected: 1, actual: {'@pipe': [['{start.output.data.qty}', 1], ['{@conditional.gte}']]}}]}": ["T503"],
    "conditions: {match: [{expected: 1, actual: {'@pipe': [['{start.output.data.qty}', 1], ['{@math.add}']]}}]}": [],
    "conditions: {match: [{expected: 1, actual: {a: 1}}]}": ["T503"],
    "conditions: {match: [{expected: 1, actual: [1]}]}": ["T503"],
}


@pytest.mark.parametrize("conditions", CONDITIONS)
def test_conditions(conditions: str) -> None:
    assert codes(conditions=conditions) == CONDITIONS[conditions]


ACTUALS = {
    "'{$self.hook.data.id}'": [],
    "'{wait.hook.data.id}'": [],
    "'{$hook.dta.id}'": ["R205"],
    "'{$job.metadata.jid}'": ["R211"],
    "'{$jop.data.x}'": ["R209"],
    "{'@pipe': [['{$hook.data.id}', 'x'], ['{@string.concat}']]}": [],
    "{'@pipe': [['a', 'x'], ['{@string.concat}']]}": ["H504"],
}


@pytest.mark.parametrize("actual", ACTUALS)
def test_the_actual_of_a_hook_rule(actual: str) -> None:
    assert codes(actual=actual) == ACTUALS[actual]


def test_the_output_of_a_child_is_known() -> None:
    app = APP.replace("        end:\n          type: hook", "        end:\n          type: hook\n          job: {maps: {t: 'REFERENCE'}}")
    app = app.replace("        wait:\n          - to: end", "        child:\n          - to: end").replace("CONDITIONS", "x-no: 1")
    assert codes(app=app.replace("REFERENCE", "{child.output.data.total}")) == []
    assert codes(app=app.replace("REFERENCE", "{child.output.data.sum}")) == ["R206"]
    detached = app.replace("topic: child.requested\n", "topic: child.requested\n          await: false\n")
    assert codes(app=detached.replace("REFERENCE", "{child.output.data.job_id}")) == []


def test_what_a_hook_gives() -> None:
    app = APP.replace("        end:\n          type: hook", "        end:\n          type: hook\n          job: {maps: {t: 'REFERENCE'}}")
    for reference, expected in {
        "{wait.hook.data.ok}": [],
        "{wait.hook.data.timestamp}": [],
        "{wait.hook.data.nope}": ["R503"],
        "{wait.hook.data.ok.deeper}": ["R206"],
        "{wait.output.data.any}": [],
    }.items():
        assert codes(app=app.replace("REFERENCE", reference)) == expected, reference


SHAPES = {
    "an any-join may come before a branch is done": (
        "a: [{to: b}, {to: c}]\nb: [{to: j}]\nc: [{to: j}]", "any", "{b.output.data.x}", ["R502"],
    ),
    "an all-join comes after its branches": ("a: [{to: b}, {to: c}]\nb: [{to: j}]\nc: [{to: j}]", "all", "{b.output.data.x}", []),
    "but not after one that was not taken": (
        "a: [{to: b, conditions: {code: 200}}, {to: c}]\nb: [{to: j}]\nc: [{to: j}]", "all", "{b.output.data.x}", ["R502"],
    ),
    "nor after one that ends early": (
        "a: [{to: b}, {to: c}]\nb: [{to: d, conditions: {code: 200}}]\nd: [{to: j}]\nc: [{to: j}]", "all", "{d.output.data.x}", ["R502"],
    ),
    "behind the join it is the same": (
        "a: [{to: b}, {to: c}]\nb: [{to: j}]\nc: [{to: j}]\nj: [{to: k}]", "any", "{j.output.data.x}", [],
    ),
    "items of a foreach are a list": ("a: [{to: b, foreach: '{a.output.data.l}'}]\nb: [{to: j}]", "all", "{b.output.data.x}", []),
    "an item is known below its foreach": ("a: [{to: j, foreach: '{a.output.data.l}'}]", "", "{$item.x}", []),
    "and not beside it": ("a: [{to: b, foreach: '{a.output.data.l}'}, {to: j}]", "", "{$item.x}", ["R207"]),
    "nor behind the join": ("a: [{to: b, foreach: '{a.output.data.l}'}]\nb: [{to: j}]", "all", "{$index}", ["R207"]),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_references_across_joins(name: str) -> None:
    transitions, join, reference, expected = SHAPES[name]
    ids = sorted({word for word in "bcdjk" if f"to: {word}" in transitions})
    lines = ["subscribes: x", "activities:", "  a: {type: trigger}"]
    for activity in ids:
        maps = f", job: {{maps: {{v: '{reference}'}}}}" if activity == "j" else ""
        how = f", join: {join}" if join and activity == "j" else ""
        lines.append(f"  {activity}: {{type: hook{how}{maps}}}")
    text = "\n".join([*lines, "transitions:", textwrap.indent(transitions, "  ")])
    if "{j.output" in reference:
        text = text.replace("k: {type: hook", "k: {type: hook, job: {maps: {w: '{j.output.data.x}'}}").replace(f"v: '{reference}'", "v: 1")
    found = compile_app(text).diagnostics
    assert [each.code for each in found] == expected, "\n".join(map(str, found))


GRAPHS = {
    "a misspelt target is one finding": ("a: {type: trigger}\n  work: {type: hook}", "a: [{to: wrok}]", ["G105"]),
    "a misspelt source is one finding": (
        "a: {type: trigger}\n  b: {type: hook}\n  c: {type: hook}", "a: [{to: b}]\nbb: [{to: c}]", ["G104"],
    ),
    "two islands are two findings": ("a: {type: trigger}\n  b: {type: hook}\n  c: {type: hook}", "x-no: []", ["G106", "G106"]),
    "what hangs on an island is not reported again": (
        "a: {type: trigger}\n  b: {type: hook}\n  c: {type: hook, job: {maps: {v: '{b.output.data.x}'}}}", "b: [{to: c}]", ["G106"],
    ),
    "a loop is one finding": (
        "a: {type: trigger}\n  b: {type: hook, join: any}\n  c: {type: hook}", "a: [{to: b}]\nb: [{to: c}]\nc: [{to: b}]", ["G107"],
    ),
    "an edge to itself is a loop": ("a: {type: trigger}\n  b: {type: hook, join: any}", "a: [{to: b}]\nb: [{to: b}]", ["G107"]),
    "an island that is a loop is one finding": (
        "a: {type: trigger}\n  b: {type: hook}\n  c: {type: hook}", "b: [{to: c}]\nc: [{to: b}]", ["G107"],
    ),
    "an unknown type is one finding": ("a: {type: triger}\n  b: {type: hook}", "a: [{to: b}]", ["S103"]),
    "two edges to one activity need a join": (
        "a: {type: trigger}\n  b: {type: hook}", "a: [{to: b, conditions: {code: 200}}, {to: b, conditions: {code: 201}}]", ["G108"],
    ),
    "a cycle to an unknown activity": (
        "a: {type: trigger}\n  b: {type: hook}\n  c: {type: cycle, ancestor: bb}", "a: [{to: b}]\nb: [{to: c}]", ["G109"],
    ),
    "a cycle to itself": ("a: {type: trigger}\n  c: {type: cycle, ancestor: c}", "a: [{to: c}]", ["G113"]),
    "a cycle that polls": (
        "a: {type: trigger}\n  b: {type: hook, sleep: 5}\n  c: {type: cycle, ancestor: b}\n  d: {type: hook}",
        "a: [{to: b}]\nb: [{to: c, conditions: {code: 200}}, {to: d}]", [],
    ),
    "no graph, no activities": ("a: {type: trigger}", "x-no: []", []),
}  # fmt: skip


@pytest.mark.parametrize("name", GRAPHS)
def test_shapes(name: str) -> None:
    activities, transitions, expected = GRAPHS[name]
    lines = "" if transitions.startswith("x-no") else f"transitions:\n{textwrap.indent(transitions, '  ')}\n"
    found = compile_app(f"subscribes: x\nactivities:\n  {activities}\n{lines}").diagnostics
    assert [each.code for each in found] == expected, "\n".join(map(str, found))
