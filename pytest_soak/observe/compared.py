"""A comparison as text for the terminal, as Markdown, and as values that a page draws."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_soak.domain.kpis import KPI_MEANINGS
from pytest_soak.domain.text import cut
from pytest_soak.observe.comparison import MOST_CHANGES, Comparison, Difference, Group
from pytest_soak.observe.data import Json
from pytest_soak.observe.limits import Judged
from pytest_soak.observe.markdown import escaped, table

_ROW = "  {:<18} {:>11} {:>11} {:>11} {:>9} {:>3}  {}"
_COLUMNS = ("KPI", "before", "after", "change", "+-", "n")


def lines(comparison: Comparison, judged: Sequence[Judged] = ()) -> Iterator[str]:
    """Lines of at most 80 columns: what was changed, then the KPIs, then the limits."""
    yield f"before: {comparison.before}"
    yield f"after:  {comparison.after}"
    yield from _changes(comparison)
    for group in comparison.groups:
        yield ""
        yield _head(group)
        yield _ROW.format(*_COLUMNS, "").rstrip()
        for one in group.differences:
            yield _ROW.format(*_cells(one), _mark(one)).rstrip()
    if not comparison.groups:
        yield "no canary is in both runs"
    for one_judged in judged:
        yield f"{one_judged.verdict.value}: {_limit_text(one_judged)}"


def markdown(comparison: Comparison, judged: Sequence[Judged] = ()) -> str:
    """The same as Markdown."""
    parts = [f"## {escaped(comparison.before)} and {escaped(comparison.after)}", ""]
    parts += [f"- {escaped(line)}" for line in _changes(comparison)]
    for group in comparison.groups:
        rows = [[*_cells(one), _mark(one)] for one in group.differences]
        parts += ["", f"### {escaped(_head(group))}", "", *table([*_COLUMNS, ""], rows)]
    parts += [""] if judged else []
    parts += [f"- **{one.verdict.value}** {escaped(_limit_text(one))}" for one in judged]
    return "\n".join([*parts, ""])


def values(comparison: Comparison, judged: Sequence[Judged] = ()) -> Json:
    """The same for a page: texts, and per KPI the change and its interval as shares of the value before."""
    return {
        "before": comparison.before,
        "after": comparison.after,
        "changes": list(_changes(comparison)),
        "groups": [
            {"title": _head(group), "differences": [_drawn(one) for one in group.differences]}
            for group in comparison.groups
        ],
        "limits": [{"verdict": one.verdict.value, "text": _limit_text(one)} for one in judged],
    }


def _drawn(one: Difference) -> Json:
    base = abs(one.before) if one.before else None
    parts = (one.change, one.half_width)
    share, half = (None if base is None or part is None else part / base for part in parts)
    return {"cells": [*_cells(one), _mark(one)], "share": share, "half": half, "mark": _mark(one)}


def _changes(comparison: Comparison) -> Iterator[str]:
    if not comparison.changes:
        yield "changed: nothing in versions, settings, profiles and strategies"
    for text in comparison.changes[:MOST_CHANGES]:
        yield f"changed: {text}"
    if len(comparison.changes) > MOST_CHANGES:
        yield f"changed: {len(comparison.changes) - MOST_CHANGES} more"
    for when, names in (("before", comparison.only_before), ("after", comparison.only_after)):
        if names:
            more = f" and {len(names) - 5} more" if len(names) > 5 else ""
            yield f"only {when}: {', '.join(names[:5])}{more}"


def _head(group: Group) -> str:
    same = f", {group.identical} with the same records" if group.identical else ""
    before, after = group.verdicts
    return (
        f"{cut(group.profile, 24)} on {cut(group.scenario, 24)}: {group.pairs} pair(s){same}; "
        f"verdict {before} -> {after}"
    )


def _cells(one: Difference) -> list[str]:
    values = (one.before, one.after, one.change)
    forms = (".5g", ".5g", "+.4g")
    shown = ["-" if value is None else format(value, form) for value, form in zip(values, forms, strict=True)]
    half = "-" if one.half_width is None else format(one.half_width, ".3g")
    return [one.kpi, *shown, half, str(one.pairs)]


def _mark(one: Difference) -> str:
    """What to make of a change: better or worse where its interval leaves out zero."""
    if one.lacking:
        return "NO_DATA"
    meaning = KPI_MEANINGS.get(one.kpi)
    # Of a strategy's own KPI nobody says which way is better.
    better = None if meaning is None else meaning.better
    if not one.is_real or one.change is None:
        return ""
    if better is None:
        return "changed"
    return "better" if (one.change > 0.0) == (better == "up") else "worse"


def _limit_text(judged: Judged) -> str:
    return f"{judged.limit.text} on {judged.profile}, {judged.scenario}: {judged.text}"
