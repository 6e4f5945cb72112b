"""R: references, as `{checkInventory.output.data.qty}`, from their first segment to their last."""

from __future__ import annotations

import re
from typing import Final

from hotmesh.diagnostic import Related
from hotmesh.lint.context import GraphContext
from hotmesh.lint.inside_scalars import part
from hotmesh.lint.mentions import Mention
from hotmesh.lint.payloads import lead
from hotmesh.lint.rules.rule import Rule
from hotmesh.source.findings import did_you_mean, nearest, one_of
from hotmesh.source.nodes import Mapping, Scalar, descend, scalars

RULES: Final = (
    Rule("R203", "a reference names no activity", "It would always be undefined."),
    Rule("R204", "a reference reads an activity that doesn't come before it", "An activity sees itself and those on its path."),
    Rule("R205", "a section of a reference is misspelt", "After the activity come output, input or hook, then data or metadata."),
    Rule("R206", "a path leads where the producer's schema allows nothing", "Either the path or the schema is wrong."),
    Rule("R207", "{$item} or its like stands outside a reduce or foreach", "Nothing binds it there."),
    Rule(
        "R208",
        "{$hook} stands outside the actual of a hook rule",
        "Only there is a signal coming in; elsewhere write {<hook>.hook.data.x}.",
    ),
    Rule("R209", "a name with $ is unknown", "The names are $self, $job, $hook, $item, $key, $index, $input and $output."),
    Rule("R210", "a name of metadata is unknown", "Metadata is HotMesh's own and has a fixed set of names."),
    Rule("R211", "the actual of a hook rule reads the job", "`actual` is resolved on the signal alone; `expected` is what reads the job."),
    Rule("R212", "a reference reads the hook section of what is no hook", "Only a hook is woken by a signal or a timer."),
    Rule("R501", "braces stand inside a longer text", "There is no interpolation: the braces stay. Join the parts with {@string.concat}."),
    Rule(
        "R502", "a reference reads an activity that may have been skipped", "On another branch it is undefined, and dropped from the map."
    ),
    Rule("R503", "a path is not listed in the producer's schema", "Often a misspelt key; list it, or allow `additionalProperties: true`."),
    Rule("R504", "a reference reads job data that no map writes", "`{$job.data.x}` is what `job.maps` of this graph have written so far."),
    Rule("R505", "an output is described and nobody reads it", "Map it into the job's data, read it further on, or drop the schema."),
)

_BOUND: Final = ("$item", "$key", "$index", "$input", "$output")
_IN_FOREACH: Final = ("$item", "$index", "$key")
_ROOTS: Final = ("$self", "$job", "$hook", *_BOUND)
_SECTIONS: Final = ("output", "input", "hook")
_PARTS: Final = ("data", "metadata")
ACTIVITY_METADATA: Final = ("aid", "dad", "as", "atp", "stp", "ac", "au", "err", "$error")
JOB_METADATA: Final = (
    "jid", "gid", "key", "tpc", "app", "vrs", "aid", "ts", "jc", "ju", "js", "err", "trc", "ngn", "pj", "pg", "pd", "pa",
)  # fmt: skip
_INNER_BRACES: Final = re.compile(r"(?<!\{)\{[$@]?[A-Za-z_][\w-]*(?:\.[\w$-]+|\[\d+\])*\}(?!\})")


def check_graph(graph: GraphContext) -> None:
    """Every reference of a graph, and every text that looks as if it held one."""
    for mention in graph.mentions:
        _check(graph, mention)
    for slot in graph.slots:
        for scalar in scalars(slot.node):
            match = _INNER_BRACES.search(scalar.text) if isinstance(scalar.value, str) and "{" in scalar.text else None
            if match is not None and match.group() != scalar.text.strip():
                _braces(graph, scalar, match)
    _unread(graph)


def reader(mention: Mention) -> str:
    """Who reads, for a message: an activity, one of its edges, a hook rule, the graph."""
    slot = mention.slot
    return f"{slot.place} of {slot.owner}" if slot.use == "edge" else slot.owner if slot.use == "activity" else slot.place


def _braces(graph: GraphContext, scalar: Scalar, match: re.Match[str]) -> None:
    help = "join the parts in a @pipe with {@string.concat}"
    graph.findings.add("R501", part(scalar, match.start(), match.end()), f"{match.group()} inside a longer text is not resolved", help=help)


def _check(graph: GraphContext, mention: Mention) -> None:
    root = mention.root
    if root in _BOUND and mention.in_reduce:
        return
    if mention.slot.use == "actual":
        _on_signal(graph, mention)
    elif root == "$hook":
        message = f"{reader(mention)} reads {mention.text}, but only the actual of a hook rule sees the signal"
        graph.findings.add("R208", mention.root_span, message, help="write {<hook>.hook.data.…}")
    elif root == "$job":
        _job(graph, mention)
    elif root in _BOUND:
        _bound(graph, mention)
    elif root == "$self" or not root.startswith("$"):
        _activity(graph, mention)
    else:
        _unknown_name(graph, mention)


def _unknown_name(graph: GraphContext, mention: Mention) -> None:
    help = did_you_mean(mention.root, _ROOTS) or f"the names are {', '.join(_ROOTS)}"
    graph.findings.add("R209", mention.root_span, f"{reader(mention)} reads {mention.text}: there is no {mention.root}", help=help)


def _on_signal(graph: GraphContext, mention: Mention) -> None:
    root, path = mention.root, mention.path
    if root == "$hook":
        _part(graph, mention, 0)
    elif root.startswith("$") and root not in _ROOTS:
        _unknown_name(graph, mention)
    elif not (root in ("$self", mention.slot.owner) and path[:1] == ("hook",)):
        message = f"the actual in {mention.slot.place} reads {mention.text}, but it sees nothing but the signal"
        graph.findings.add("R211", mention.root_span, message, help="write {$hook.data.…}, or put it into expected")


def _bound(graph: GraphContext, mention: Mention) -> None:
    path = [mention.slot.owner, *graph.dominators(mention.slot.owner)]
    if mention.root in _IN_FOREACH and graph.entered_by_foreach.intersection(path):
        return
    where = "an @reduce or an activity entered by foreach" if mention.root in _IN_FOREACH else "an @reduce"
    graph.findings.add("R207", mention.root_span, f"{reader(mention)} reads {mention.text} outside {where}")


def _part(graph: GraphContext, mention: Mention, number: int) -> bool:
    """Whether the segment `data` or `metadata` is right."""
    if len(mention.path) <= number or mention.path[number] in _PARTS:
        return True
    word = mention.path[number]
    help = did_you_mean(word, _PARTS) or f"write {one_of(_PARTS)} there"
    graph.findings.add("R205", mention.segment_span(number), f"{reader(mention)} reads {mention.text}: {word} is no section", help=help)
    return False


def _metadata(graph: GraphContext, mention: Mention, number: int, names: tuple[str, ...]) -> None:
    if len(mention.path) > number and mention.path[number] not in names:
        word = mention.path[number]
        help = did_you_mean(word, names) or f"the names are {', '.join(names)}"
        graph.findings.add("R210", mention.segment_span(number), f"{reader(mention)} reads {mention.text}: no metadata {word}", help=help)


def _job(graph: GraphContext, mention: Mention) -> None:
    if not _part(graph, mention, 0):
        return
    if mention.path[:1] == ("metadata",):
        _metadata(graph, mention, 1, JOB_METADATA)
    elif len(mention.path) > 1:
        written = graph.job_fields
        if written is not None and mention.path[1] not in written:
            help = did_you_mean(mention.path[1], written) or "write it in a job.maps"
            message = f"{reader(mention)} reads {mention.text}, and no job.maps writes {mention.path[1]}"
            graph.findings.add("R504", mention.segment_span(1), message, help=help)


def _activity(graph: GraphContext, mention: Mention) -> None:
    activity_id = mention.activity
    if activity_id not in graph.activities:
        _no_activity(graph, mention, activity_id)
    elif _before(graph, mention, activity_id) and _section(graph, mention, activity_id):
        if mention.path[1:2] == ("metadata",):
            _metadata(graph, mention, 2, ACTIVITY_METADATA)
        else:
            _data(graph, mention, activity_id)


def _no_activity(graph: GraphContext, mention: Mention, activity_id: str) -> None:
    if mention.root == "$self":
        return  # the owner itself is the finding of another rule
    meant = nearest(activity_id, graph.activities)
    message = f"{reader(mention)} reads {mention.text}: no such activity"
    if meant is None:
        graph.findings.add("R203", mention.root_span, message)
        return
    place = graph.activities[meant].key.span
    help = f"did you mean {meant} (defined at line {place.line})?"
    graph.findings.add("R203", mention.root_span, message, help=help, related=[Related(place, f"{meant} is defined here")])


def _before(graph: GraphContext, mention: Mention, activity_id: str) -> bool:
    """Whether an activity is the owner or comes before it; what the trigger doesn't reach has findings of its own."""
    owner, shape = mention.slot.owner, graph.shape
    if activity_id == owner or mention.slot.use == "graph" or owner not in shape.position or activity_id not in shape.position:
        return True
    related = [Related(graph.activities[activity_id].key.span, f"{activity_id} is defined here")]
    if not shape.is_ancestor(activity_id, owner):
        message = f"{reader(mention)} reads {mention.text}, but {activity_id} doesn't come before {owner}"
        graph.findings.add("R204", mention.root_span, message, related=related)
        return False
    if _may_be_skipped(graph, activity_id, owner):
        message = f"{reader(mention)} reads {mention.text}, but {activity_id} may have been skipped"
        help = "give a default: {@conditional.nullish}"
        graph.findings.add("R502", mention.root_span, message, help=help, related=related)
    return True


def _may_be_skipped(graph: GraphContext, activity_id: str, owner: str) -> bool:
    """Whether there is a way to the owner past an activity that comes before it."""
    shape = graph.shape
    if activity_id == owner or shape.is_dominator(activity_id, owner):
        return False
    above = [*graph.dominators(owner)[::-1], owner]
    join = next(id for id in above if shape.is_ancestor(activity_id, id) and not shape.is_dominator(activity_id, id))
    how = graph.activities[join].join
    if how is None:
        return False  # that it doesn't say how it joins is a finding of its own
    return how == "any" or not _always_entered(graph, activity_id, shape.scope.get(join))


def _always_entered(graph: GraphContext, activity_id: str, scope: str | None) -> bool:
    """Whether every way down from the scope enters an activity; per item of a foreach counts, for those give a list."""
    at: str | None = activity_id
    while at is not None and at != scope:
        edges = graph.shape.incoming.get(at, [])
        if any("conditions" in edge.node.entries for edge in edges) or graph.activities[at].join == "any":
            return False
        at = graph.shape.parent.get(at)
    return at == scope


def _section(graph: GraphContext, mention: Mention, activity_id: str) -> bool:
    path = mention.path
    if not path:
        return False
    if path[0] not in _SECTIONS:
        help = did_you_mean(path[0], _SECTIONS) or f"write {{{mention.root}.output.data.…}}"
        graph.findings.add("R205", mention.segment_span(0), f"{reader(mention)} reads {mention.text}: {path[0]} is no section", help=help)
        return False
    kind = graph.activities[activity_id].kind
    if path[0] == "hook" and kind not in ("hook", ""):
        message = f"{reader(mention)} reads {mention.text}, but {activity_id} is no hook ({kind})"
        graph.findings.add("R212", mention.segment_span(0), message, help=f"write {{{mention.root}.output.data.…}}")
        return False
    return _part(graph, mention, 1)


def _data(graph: GraphContext, mention: Mention, activity_id: str) -> None:
    section, path = mention.path[0], mention.path[2:]
    if path and path[0] in _added(graph, activity_id, section):
        return
    found = lead(graph.schema(activity_id, section), path)
    if found.broken is None:
        return
    segment, span = path[found.broken], mention.segment_span(found.broken + 2)
    help = did_you_mean(segment, found.known) or (f"its keys are {', '.join(found.known)}" if found.known else None)
    message = f"{reader(mention)} reads {mention.text}: {activity_id} has no {segment} in its {section}; {found.reason}"
    graph.findings.add("R206" if found.excluded else "R503", span, message, help=help)


def _added(graph: GraphContext, activity_id: str, section: str) -> set[str]:
    """The keys that come on top of a schema: from `output.maps`, from cycles that lead back here, from a hook's timer."""
    if section != "output":
        return {"timestamp"} if section == "hook" else set()
    back = graph.cycles_to.get(activity_id, [])
    maps = [descend(graph.activities[activity_id].node, "output", "maps"), *(descend(cycle.node, "input", "maps") for cycle in back)]
    return {key for node in maps if isinstance(node, Mapping) for key in node.entries}


def _unread(graph: GraphContext) -> None:
    read = {mention.activity for mention in graph.mentions if mention.path[:1] in ((), ("output",))}
    for activity in graph.activities.values():
        schema = descend(activity.node, "output", "schema")
        if schema is not None and activity.kind in ("worker", "await") and activity.id not in read:
            at = activity.node.get("output")
            assert isinstance(at, Mapping), "the schema lies in it"
            message = f"the output of {activity.id} is described, but nobody reads it"
            graph.findings.add("R505", at.key("schema"), message, help="map it in job.maps, or remove the schema")
