"""`hotmesh rule`: what a finding means, with an app that has it and the same app mended."""

from __future__ import annotations

import click

from hotmesh.lint.reference import FAMILIES
from hotmesh.lint.rules import RULES
from hotmesh.lint.rules.rule import Rule
from hotmesh.source.findings import did_you_mean


@click.command()
@click.argument("code", required=False)
def rule(code: str | None) -> None:
    """Explain the rule CODE; without it, list all rules."""
    if code is None:
        click.echo("\n".join(_listing()))
        return
    found = RULES.get(code.strip().upper())
    if found is None:
        hint = did_you_mean(code.upper(), RULES)
        raise click.UsageError(f"There is no rule {code}; {hint or 'hotmesh rule lists them.'}")
    click.echo("\n".join(_page(found)))


def _listing() -> list[str]:
    lines: list[str] = []
    for letter, title in FAMILIES.items():
        rules = [rule for code, rule in sorted(RULES.items()) if code.startswith(letter)]
        lines += [click.style(f"{letter}  {title}", bold=True), *(_line(rule) for rule in rules), ""]
    return [*lines, "`hotmesh rule CODE` explains one of them."]


def _line(rule: Rule) -> str:
    mark = " (--fix)" if rule.fixable else ""
    return f"  {rule.code}  {rule.severity!s:8} {rule.title}{mark}"


def _page(rule: Rule) -> list[str]:
    mend = "\n`hotmesh lint --fix` mends it." if rule.fixable else ""
    lines = [click.style(f"{rule.code} · {rule.severity}", bold=True), "", f"Reported when {rule.title}.", f"{rule.why}{mend}"]
    if rule.bad:
        lines += ["", click.style("Bad", fg="red", bold=True), "", _indented(rule.bad), "", *_findings(rule)]
        lines += [click.style("Good", fg="green", bold=True), "", _indented(rule.good)]
    if rule.code[0] in "RH" or rule.code[1] == "5":
        lines += ["", f"Silence a line with the comment  # hotmesh: ignore[{rule.code}]"]
    return lines


def _findings(rule: Rule) -> list[str]:
    """What the linter says of the bad example."""
    from hotmesh.compile import compile_app
    from hotmesh.lint.reports import Report, write

    compiled = compile_app(rule.bad, file="bad.yaml", root=".")
    return [_indented(write(Report(("bad.yaml",), compiled.diagnostics), "concise")), ""]


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.rstrip().splitlines())
