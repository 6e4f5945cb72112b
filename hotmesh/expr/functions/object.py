"""Maps: the functions of ECMAScript's `Object`. Nothing is changed in place; what sets a member gives a changed copy."""

from __future__ import annotations

from typing import Any, Final

from hotmesh.expr.faults import Fault
from hotmesh.expr.paths import list_index
from hotmesh.expr.signature import Function, example
from hotmesh.expr.values import OBJECTS, get_property, own_keys, to_string, to_units, truthy, wrong_type
from hotmesh.values import UNDEFINED


def get(target: Any = UNDEFINED, key: Any = UNDEFINED) -> Any:
    return get_property(target, key)


def set_(target: Any = UNDEFINED, key: Any = UNDEFINED, value: Any = UNDEFINED) -> Any:
    name = to_string(key)
    if target is None or target is UNDEFINED:
        return {name: value}
    if isinstance(target, dict):
        return {**target, name: value}
    if isinstance(target, list):
        return _set_element(target, name, value)
    raise wrong_type("map", "a map or a list", target)


def _set_element(items: list[Any], key: str, value: Any) -> list[Any]:
    index = list_index(key)
    if index is None:
        raise Fault(f"a list has no place for the key {key!r}")
    if index > len(items) + _FURTHEST:
        raise Fault(f"the index {index} is more than {_FURTHEST:,} beyond the end of the list")
    padded = items + [UNDEFINED] * (index + 1 - len(items))
    padded[index] = value
    return padded


_FURTHEST: Final = 100_000


def create(*keys_and_values: Any) -> dict[str, Any]:
    values = [*keys_and_values[1::2], UNDEFINED]
    return {to_string(key): value for key, value in zip(keys_and_values[::2], values, strict=False)}


def keys(target: Any = UNDEFINED) -> list[str]:
    if isinstance(target, dict):
        return own_keys(target)
    return [str(index) for index in range(_length(target))]


def _length(target: Any) -> int:
    """How many elements a list has or code units a text; 0 for everything else."""
    return len(to_units(target)) if isinstance(target, str) else len(target) if isinstance(target, list) else 0


def values(target: Any = UNDEFINED) -> list[Any]:
    return [get_property(target, key) for key in keys(target)]


def entries(target: Any = UNDEFINED) -> list[list[Any]]:
    return [[key, get_property(target, key)] for key in keys(target)]


def from_entries(pairs: Any = UNDEFINED) -> dict[str, Any]:
    if not isinstance(pairs, (list, str)):
        raise wrong_type("entries", "a list of [key, value]", pairs)
    for pair in pairs:
        if not isinstance(pair, (list, dict)):
            raise wrong_type("each entry", "a list [key, value]", pair)
    return {to_string(get_property(pair, 0)): get_property(pair, 1) for pair in pairs}


def assign(target: Any = UNDEFINED, *sources: Any) -> Any:
    if not isinstance(target, (dict, list)):
        raise wrong_type("map", "a map or a list", target)
    if isinstance(target, dict) and all(isinstance(source, dict) for source in sources):
        return {key: value for members in (target, *sources) for key, value in members.items()}
    for source in sources:
        for key in keys(source):
            target = set_(target, key, get_property(source, key))
    return target


def _needed(target: Any) -> Any:
    if target is None or target is UNDEFINED:
        raise wrong_type("map", "a map", target)
    return target


def has_own_property(target: Any = UNDEFINED, key: Any = UNDEFINED) -> bool:
    return _describe(_needed(target), to_string(key)) is not UNDEFINED


def property_is_enumerable(target: Any = UNDEFINED, key: Any = UNDEFINED) -> bool:
    found = _describe(_needed(target), to_string(key))
    return found is not UNDEFINED and bool(found["enumerable"])


def is_prototype_of(target: Any = UNDEFINED, other: Any = UNDEFINED) -> bool:
    _needed(target)
    return False


def get_own_property_names(target: Any = UNDEFINED) -> list[str]:
    return keys(target) + ["length"] * isinstance(target, (list, str))


def get_own_property_symbols(target: Any = UNDEFINED) -> list[Any]:
    return []


def get_own_property_descriptor(target: Any = UNDEFINED, key: Any = UNDEFINED) -> Any:
    return _describe(target, to_string(key))


def _describe(target: Any, key: str) -> Any:
    """The descriptor of a member, an element, a code unit or `length`; undefined when there is none."""
    if isinstance(target, dict):
        return _descriptor(target[key]) if key in target else UNDEFINED
    if not isinstance(target, (list, str)):
        return UNDEFINED
    of_text = isinstance(target, str)
    if key == "length":
        return _descriptor(_length(target), writable=not of_text, enumerable=False, configurable=False)
    if (list_index(key) or 0) >= _length(target) or list_index(key) is None:
        return UNDEFINED
    return _descriptor(get_property(target, key), writable=not of_text, configurable=not of_text)


def _descriptor(value: Any, *, writable: bool = True, enumerable: bool = True, configurable: bool = True) -> dict[str, Any]:
    return {"value": value, "writable": writable, "enumerable": enumerable, "configurable": configurable}


def define_property(target: Any = UNDEFINED, key: Any = UNDEFINED, descriptor: Any = UNDEFINED) -> Any:
    if not isinstance(descriptor, dict):
        raise wrong_type("descriptor", "a map", descriptor)
    name = to_string(key)
    known = _describe(target, name)
    merged = {"value": UNDEFINED, "enumerable": False, **({} if known is UNDEFINED else known), **descriptor}
    if isinstance(target, list) or truthy(merged["enumerable"]):
        return set_(target, name, merged["value"])
    return {other: value for other, value in set_(target, name, UNDEFINED).items() if other != name}


def define_properties(target: Any = UNDEFINED, descriptors: Any = UNDEFINED) -> Any:
    if not isinstance(descriptors, dict):
        raise wrong_type("descriptors", "a map", descriptors)
    for key in own_keys(descriptors):
        target = define_property(target, key, descriptors[key])
    return target


def unchanged(target: Any = UNDEFINED) -> Any:
    return target


def is_primitive(target: Any = UNDEFINED) -> bool:
    return not is_object(target)


def is_object(target: Any = UNDEFINED) -> bool:
    return isinstance(target, OBJECTS)


_MAP: Final = "map: any"

FUNCTIONS: Final = (
    Function(
        "object.get",
        get,
        "map: any, key: any",
        "any",
        "The member with this one key (no dotted path), or the element of a list; undefined when there is none.",
        example({"a": 1}, "a", gives=1),
    ),
    Function(
        "object.set",
        set_,
        "map: map|list, key: any, value: any",
        "map|list",
        "The map with a member set; a list with an element set.",
        example({"a": 1}, "b", 2, gives={"a": 1, "b": 2}),
    ),
    Function(
        "object.create",
        create,
        "...keys_and_values: any",
        "map",
        "A map of the keys and the values that follow them.",
        example("a", 1, "b", 2, gives={"a": 1, "b": 2}),
    ),
    Function(
        "object.keys",
        keys,
        _MAP,
        "list",
        "The keys, list indexes first.",
        example({"b": 1, "a": 2}, gives=["b", "a"]),
    ),
    Function(
        "object.values",
        values,
        _MAP,
        "list",
        "The values, in the order of the keys.",
        example({"b": 1, "a": 2}, gives=[1, 2]),
    ),
    Function(
        "object.entries",
        entries,
        _MAP,
        "list",
        "A list [key, value] for each member.",
        example({"a": 1, "b": 2}, gives=[["a", 1], ["b", 2]]),
    ),
    Function(
        "object.fromEntries",
        from_entries,
        "entries: list|string",
        "map",
        "The map of a list of [key, value].",
        example([["a", 1], ["b", 2]], gives={"a": 1, "b": 2}),
        method=True,
    ),
    Function(
        "object.assign",
        assign,
        "map: map|list, ...sources: any",
        "map|list",
        "The map with the members of the others; later ones win.",
        example({"a": 1}, {"b": 2}, {"a": 3}, gives={"a": 3, "b": 2}),
        method=True,
    ),
    Function(
        "object.hasOwnProperty",
        has_own_property,
        "map: collection, key: any",
        "boolean",
        "Whether the map has the key.",
        example({"a": 1}, "a", gives=True),
    ),
    Function(
        "object.propertyIsEnumerable",
        property_is_enumerable,
        "map: collection, key: any",
        "boolean",
        "Whether the map has the key and lists it.",
        example([1], "length", gives=False),
    ),
    Function(
        "object.isPrototypeOf",
        is_prototype_of,
        "map: any, other: any",
        "boolean",
        "Always false: values have no prototypes.",
        example({}, {}, gives=False),
    ),
    Function(
        "object.getOwnPropertyNames",
        get_own_property_names,
        _MAP,
        "list",
        "The keys; those of a list or a string with `length`.",
        example(["x"], gives=["0", "length"]),
    ),
    Function(
        "object.getOwnPropertySymbols",
        get_own_property_symbols,
        _MAP,
        "list",
        "Always empty: values have no symbols.",
        example({"a": 1}, gives=[]),
    ),
    Function(
        "object.getOwnPropertyDescriptor",
        get_own_property_descriptor,
        "map: any, key: any",
        "map",
        "How ECMAScript describes the member; undefined when there is none.",
        example({"a": 1}, "a", gives={"value": 1, "writable": True, "enumerable": True, "configurable": True}),
    ),
    Function(
        "object.defineProperty",
        define_property,
        "map: map|list, key: any, descriptor: map",
        "map|list",
        "The map with a member set by its descriptor; one that is not enumerable is left out.",
        example({"a": 1}, "b", {"value": 2, "enumerable": True}, gives={"a": 1, "b": 2}),
    ),
    Function(
        "object.defineProperties",
        define_properties,
        "map: map|list, descriptors: map",
        "map|list",
        "The map with members set by their descriptors.",
        example({"a": 1}, {"b": {"value": 2, "enumerable": True}}, gives={"a": 1, "b": 2}),
    ),
    Function("object.freeze", unchanged, _MAP, "any", "The same value: values never change.", example({"a": 1}, gives={"a": 1})),
    Function("object.isFrozen", is_primitive, _MAP, "boolean", "False for maps and lists, true for all else.", example(5, gives=True)),
    Function("object.seal", unchanged, _MAP, "any", "The same value: values never change.", example({"a": 1}, gives={"a": 1})),
    Function("object.isSealed", is_primitive, _MAP, "boolean", "False for maps and lists, true for all else.", example({}, gives=False)),
    Function(
        "object.preventExtensions",
        unchanged,
        _MAP,
        "any",
        "The same value: values never change.",
        example({"a": 1}, gives={"a": 1}),
    ),
    Function(
        "object.isExtensible",
        is_object,
        _MAP,
        "boolean",
        "True for maps and lists, false for all else.",
        example({"a": 1}, gives=True),
    ),
)
