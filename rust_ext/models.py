"""A pydantic model as a struct of the kernel: its fields, its defaults, and the check of its values."""

from __future__ import annotations

import types
from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, MaxLen, MinLen
from pydantic import BaseModel

from pytest_soak.market.scenario.rules import AsMany, Followed, Ordered, Ruled, Within

STRUCT = "#[derive(Debug, Clone, PartialEq, Deserialize)]\n#[serde(deny_unknown_fields)]\n"
_ENUM = (
    '#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]\n#[serde(rename_all = "lowercase")]\n'
)


def checker(name: str, lines: list[str]) -> str:
    """The check of a struct, of lines that each check something."""
    body = "".join(f"        {line}\n" for line in lines)
    return (
        f"impl {name} {{\n"
        "    /// Check all fields; the error names the key and the accepted range.\n"
        f"    pub(crate) fn check(&self, key: &str) -> CheckResult {{\n{body}"
        "        Ok(())\n    }\n}\n\n"
    )


def key_of(name: str) -> str:
    """The whole key of a field, as an expression."""
    return f'&format!("{{key}}.{name}")'


def camel(name: str) -> str:
    """A name as that of a type."""
    return "".join(part.capitalize() for part in name.split("_"))


class _Bounds:
    """What the annotations of a field say of its values, and of how many there are."""

    def __init__(self, metadata: tuple[Any, ...]) -> None:
        known: dict[type, Any] = {type(m): m for m in metadata}
        self.low = known[Ge].ge if Ge in known else None
        self.positive = Gt in known
        self.high = known[Le].le if Le in known else None
        self.least = known[MinLen].min_length if MinLen in known else 0
        self.most = known[MaxLen].max_length if MaxLen in known else None

    @property
    def limits(self) -> bool:
        """Whether a number is limited at all."""
        return self.low is not None or self.positive or self.high is not None

    def words(self) -> str:
        """The range, as a comment says it."""
        if self.positive:
            return "; above 0"
        return f"; {self.low:g} to {self.high:g}" if self.limits else ""

    def pair(self) -> str:
        """The range, as arguments."""
        low = "f64::MIN_POSITIVE" if self.positive else _float(self.low, "f64::MIN")
        return f"{low}, {_float(self.high, 'f64::MAX')}"


def _float(value: float | None, missing: str) -> str:
    return missing if value is None else repr(float(value))


class Model:
    """One model as a struct, its default where it has one, and its check."""

    def __init__(
        self, model: type[BaseModel], enums: dict[str, str], *, name: str = "", given: bool = False
    ) -> None:
        """Read a model; ``name`` is that of the struct, ``given`` says that no field may be left out."""
        self._model = model
        self.name = name or model.__name__
        self._doc = (model.__doc__ or "").strip().split("\n\n")[0].split("\n")
        self._enums = enums
        self._fields: list[tuple[str, str, str]] = []
        self._checks: list[str] = []
        self._defaults: list[str] = []
        self._default_functions: list[str] = []
        self._first: dict[str, str] = {}
        self._total = not given
        self._given = given
        for name, field in model.model_fields.items():
            self._add(name, field)

    def text(self) -> str:
        """The items of this model."""
        doc = "".join(f"/// {line.strip().replace('``', '`')}\n" for line in self._doc)
        serde = STRUCT
        fields = "".join(f"{said}{attribute}{field}" for said, attribute, field in self._fields)
        default = "".join(self._default_functions)
        if self._total:
            serde = STRUCT.replace("fields)", "fields, default)")
            fields = "".join(f"{said}{field}" for said, _, field in self._fields)
            values = "".join(self._defaults)
            default = (
                f"impl Default for {self.name} {{\n    fn default() -> Self {{\n"
                f"        {self.name} {{\n{values}        }}\n    }}\n}}\n\n"
            )
        rules = self._model.rules if issubclass(self._model, Ruled) else ()
        fields_known = self._model.model_fields
        checks = [*self._checks, *(_RULES[type(rule)](rule, fields_known) for rule in rules)]
        return f"{doc}{serde}pub struct {self.name} {{\n{fields}}}\n\n{default}{checker(self.name, checks)}"

    def _add(self, name: str, field: Any) -> None:
        annotation, metadata = field.annotation, tuple(field.metadata)
        bounds = _Bounds(metadata)
        rust = self._type(name, annotation, bounds)
        words = (field.description or "").replace("``", "`")
        range_ = self._check(name, annotation, bounds)
        said = f"{words}{range_}".removeprefix("; ")
        comment = f"    /// {said[0].upper()}{said[1:]}.\n" if said else ""
        self._fields.append((comment, self._serde(name, field, rust), f"    pub {name}: {rust},\n"))

    def _serde(self, name: str, field: Any, rust: str) -> str:
        if field.is_required() or (self._given and field.default != ()):
            self._total = False
            return ""
        value = _literal(field.default, rust)
        self._defaults.append(f"            {name}: {value},\n")
        if value in (
            "0.0",
            "false",
            "None",
            "Vec::new()",
            "String::new()",
            f"{rust}::default()",
            self._first.get(name),
        ):
            return "    #[serde(default)]\n"
        function = f"{_snake(self.name)}_{name}"
        self._default_functions.append(f"fn {function}() -> {rust} {{\n    {value}\n}}\n\n")
        return f'    #[serde(default = "{function}")]\n'

    def _type(self, name: str, annotation: Any, bounds: _Bounds) -> str:
        origin, parts = get_origin(annotation), get_args(annotation)
        if origin is Literal and isinstance(parts[0], str):
            return self._enum(name, parts)
        if origin in (Union, types.UnionType):
            return f"Option<{self._type(name, parts[0], bounds)}>"
        if origin is tuple:
            item = self._type(name, _bare(parts[0]), bounds)
            return f"Vec<{item}>" if parts[-1] is Ellipsis else f"[{item}; {len(parts)}]"
        if origin is Literal:
            return "u32"
        plain = {float: "f64", int: "u32", bool: "bool", str: "String"}
        return plain.get(annotation) or str(annotation.__name__)

    def _enum(self, name: str, values: tuple[str, ...]) -> str:
        title = camel(name)
        variants = "    #[default]\n" + "".join(f"    {camel(value)},\n" for value in values)
        self._first[name] = f"{title}::{camel(values[0])}"
        self._enums[title] = f"/// A value of `{name}`.\n{_ENUM}pub enum {title} {{\n{variants}}}\n\n"
        return title

    def _check(self, name: str, annotation: Any, bounds: _Bounds) -> str:
        """Add the checks of a field; what they accept, as its comment says it."""
        origin, parts = get_origin(annotation), get_args(annotation)
        key = key_of(name)
        if origin is tuple:
            return self._check_items(name, key, parts, bounds)
        if origin in (Union, types.UnionType):
            self._checks.append(f"if let Some(part) = &self.{name} {{ part.check({key})?; }}")
        elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
            self._checks.append(f"self.{name}.check({key})?;")
        elif origin is Literal and not isinstance(parts[0], str):
            self._checks.append(f"count({key}, u64::from(self.{name}), {parts[0]}, {parts[-1]})?;")
            return f"must be {parts[0]}"
        elif annotation is str and bounds.most:
            self._checks.append(f"label({key}, &self.{name})?;")
            return f"; {bounds.least} to {bounds.most} characters"
        elif annotation is int:
            self._checks.append(f"count({key}, u64::from(self.{name}), {bounds.low}, {bounds.high})?;")
            return bounds.words()
        elif bounds.limits:
            self._checks.append(f"in_range({key}, self.{name}, {bounds.pair()})?;")
            return bounds.words()
        return ""

    def _check_items(self, name: str, key: str, parts: tuple[Any, ...], bounds: _Bounds) -> str:
        item = _Bounds(parts[0].__metadata__[0].metadata if _annotated(parts[0]) else ())
        if parts[-1] is not Ellipsis:
            self._checks.append(f"for item in self.{name} {{ in_range({key}, item, {item.pair()})?; }}")
            return item.words()
        if bounds.most is not None:
            many = f'&format!("number of {{key}}.{name}")'
            self._checks.append(f"count({many}, self.{name}.len() as u64, {bounds.least}, {bounds.most})?;")
        inner = f"in_range({key}, *item, {item.pair()})" if item.limits else f"item.check({key})"
        self._checks.append(f"for item in &self.{name} {{ {inner}?; }}")
        many_words = f"; {bounds.least} to {bounds.most} of them" if bounds.most is not None else ""
        return many_words + (f"{item.words()} each" if item.limits else "")


def _annotated(annotation: Any) -> bool:
    return hasattr(annotation, "__metadata__")


def _bare(annotation: Any) -> Any:
    return annotation.__origin__ if _annotated(annotation) else annotation


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


def _literal(value: Any, rust: str) -> str:
    """A default as an expression."""
    if isinstance(value, str) and rust != "String":
        return f"{rust}::{camel(value)}"
    if isinstance(value, BaseModel):
        return f"{rust}::default()"
    if isinstance(value, bool):
        return str(value).lower()
    if value == ():
        return "Vec::new()"
    return {None: "None", "": "String::new()"}.get(value) or repr(value)


def _within(rule: Within, fields: Collection[str]) -> str:
    way = "*" if rule.power > 0 else "/"
    # What is no field is a method that stands beside the generated struct.
    base = f"self.{rule.of}" if rule.of in fields else f"self.{rule.of}()"
    low, high = (f"{bound!r} {way} {base}" for bound in (rule.low, rule.high))
    return f"in_range({key_of(rule.field)}, self.{rule.field}, {low}, {high})?;"


def _as_many(rule: AsMany, _: Collection[str]) -> str:
    return f"as_many({key_of(rule.field)}, self.{rule.field}.len(), self.{rule.of}.len())?;"


def _followed(rule: Followed, _: Collection[str]) -> str:
    weights = f"self.{rule.field}.iter().map(|item| item.{rule.weight}).collect::<Vec<_>>()"
    return f"followed({key_of(rule.field)}, &{weights})?;"


_RULES: Mapping[type, Callable[[Any, Collection[str]], str]] = {
    Ordered: lambda rule, _: f"ordered({key_of(rule.field)}, self.{rule.field})?;",
    Within: _within,
    AsMany: _as_many,
    Followed: _followed,
}
