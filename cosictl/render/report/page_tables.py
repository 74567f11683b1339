"""The tables of the page: objects, what another sidecar would do, what was not read; and the pages about codes."""

from collections.abc import Iterable, Sequence
from typing import Final

from cosictl.knowledge.blocks import Block, Kind, blocks
from cosictl.knowledge.catalogue import CATALOGUE
from cosictl.knowledge.pages import entry_page
from cosictl.knowledge.policies import POLICIES
from cosictl.model.account import Account, WhatIf
from cosictl.model.fleet import Prospect
from cosictl.model.report import SEVERITY, Assessment, Outlook
from cosictl.render.ages import age, until
from cosictl.render.lines import many, names_of
from cosictl.render.report.element import NOTHING, Markup, each, link, tag
from cosictl.render.report.parts import WHAT_IF_HEADS, unread_words, what_if_rows
from cosictl.render.report.pieces import badge, cut_middle, flags_of, name_of, note, path_of, table

OBJECTS: Final = 300
ANSWERS: Final = 60
UNREAD_ROWS: Final = 100


def objects(told: Account) -> Markup:
    """Return the objects that are not ready, the worst first."""
    report = told.report
    items = [item for item in report.objects if item.outlook is not Outlook.READY]
    items.sort(key=lambda item: (SEVERITY.index(item.outlook), item.ref))
    if not items:
        return tag("p", "Every object is ready." if report.objects else "There are no objects.")
    codes = {finding.root: finding.code for finding in reversed(report.findings)}
    heads = ("Object", "Outlook", "Finding", "For", "Tries", "Next try", "Waits for")
    rows = [_object_row(item, codes.get(item.ref, ""), told) for item in items[:OBJECTS]]
    ready = len(report.objects) - len(items)
    remarks = [f"{many(ready, 'object is', 'objects are')} ready and not listed."] if ready else []
    if len(items) > OBJECTS:
        remarks.append(
            f"{many(len(items) - OBJECTS, 'more object')} not listed: cosictl get buckets,claims,accesses -A"
        )
    remarks.append("Tries and next tries are estimates from the backoff of the sidecar.")
    shown = table(heads, rows, caption="Objects that are not ready, the worst first", numbers=(4,))
    return each((shown, note(" ".join(remarks))))


def _object_row(item: Assessment, code: str, told: Account) -> tuple[str, ...]:
    now = told.report.taken_at
    return (
        each((name_of(item.ref), flags_of(item.flags))),
        badge(item.outlook),
        link(f"page-{code}", code) if code else "-",
        age(now - item.since) if item.since is not None else "unknown",
        "-" if item.attempts is None else f"~{item.attempts}" if item.next_try is not None else f"{item.attempts}",
        tag("span", until(item.next_try, now), class_="short") if item.next_try is not None else "-",
        name_of(item.waits_on) if item.waits_on is not None else "-",
    )


def what_if(told: Account) -> Markup:
    """Return what each policy would do: with all failing objects, and with each kind of answer."""
    found = told.comparison
    if not found.counted:
        return tag(
            "p",
            "No recorded failure names an answer of a driver, so what another sidecar would do cannot be told.",
        )
    now = {choice.policy for choice in found.now}
    words = f"{many(found.counted, 'failing object')} whose record names the driver's answer"
    silent = f"; {found.silent} more fail without one, so no policy says anything about them" if found.silent else ""
    running = f"{many(found.loops_now, 'object')} retried now, {found.calls_now:.0f} calls an hour."
    rows = [(_policy(name, now), *cells) for name, *cells in what_if_rows(told)]
    heads = tuple(head.rstrip(">") for head in WHAT_IF_HEADS)
    answers = told.what_ifs[:ANSWERS]
    return each(
        (
            tag("p", f"{words}{silent}. {running}"),
            table(heads, rows, caption="Each policy, all objects", numbers=tuple(range(1, len(heads)))),
            note(
                "Loops end: retried now, and would not be. Parked: left alone until somebody acts. In vain: retried "
                "although it can never succeed. Stranded: parked although it heals by itself or by work elsewhere. "
                "Calls an hour: to drivers, once the delays have grown."
            ),
            _stranded(found.prospects),
            table(
                ("Answer", "Findings", "Objects", *(_head(name, now) for name in POLICIES)),
                [_answer_row(one) for one in answers],
                caption="Each answer of a driver, and what a policy does after it",
                dense=True,
            ),
            note(f"{many(len(told.what_ifs) - ANSWERS, 'more kind')} of answer not shown.")
            if len(told.what_ifs) > ANSWERS
            else NOTHING,
        )
    )


def _head(name: str, now: Iterable[str]) -> str:
    return f"{name} (now)" if name in now else name


def _policy(name: str, now: Iterable[str]) -> Markup:
    return each(
        (tag("code", name), " (now)" if name in now else "", tag("span", POLICIES[name].title, class_="source"))
    )


def _stranded(prospects: Sequence[Prospect]) -> Markup:
    """Name what a policy would leave lying although it heals: it is the price of stopping."""
    told = [tag("li", tag("code", item.policy), f": {names_of(item.strands)}") for item in prospects if item.strands]
    return each((tag("p", "Stranded would be:"), tag("ul", *told))) if told else NOTHING


def _answer_row(one: WhatIf) -> tuple[str, ...]:
    others = len(one.refs) - 1
    findings = each(each((" " if place else "", link(f"page-{code}", code))) for place, code in enumerate(one.codes))
    return (
        each((tag("code", one.answer.value), f" to {one.rpc.value}: {one.cause.value}")),
        findings or "-",
        each((tag("code", cut_middle(path_of(one.refs[0]), 24)), f" and {others} more" if others else "")),
        *one.effects.values(),
    )


def unread(told: Account) -> Markup:
    """Return what could not be read, in the words of who refused it."""
    report = told.report
    items = [tag("li", tag("strong", what), f": {why}") for what, why in map(unread_words, report.unread[:UNREAD_ROWS])]
    if len(report.unread) > UNREAD_ROWS:
        items.append(tag("li", f"and {len(report.unread) - UNREAD_ROWS} more"))
    if report.skipped_files:
        items.append(tag("li", f"{many(report.skipped_files, 'file')} held no Kubernetes objects."))
    if not items:
        return tag("p", "Nothing that a verdict needed.")
    return tag("ul", *items)


def code_pages(told: Account) -> Markup:
    """Return the page of each code that occurs, as ``explain`` shows it."""
    codes = {finding.code for finding in told.report.findings}
    codes |= {code for finding in told.report.findings for code in finding.candidates if code in CATALOGUE}
    return each(_code_page(code) for code in sorted(codes))


def _code_page(code: str) -> Markup:
    page = entry_page(CATALOGUE[code])
    told = [
        each((tag("dt", heading), tag("dd", *map(_block, blocks(words))))) for heading, words in page.sections if words
    ]
    return tag(
        "details",
        tag("summary", page.title),
        # A browser unfolds what holds the place that a link leads to, so the place is inside.
        tag("dl", *told, class_="facts", id=f"page-{code}", tabindex="-1"),
        class_="page",
    )


def _block(block: Block) -> Markup:
    match block.kind:
        case Kind.PROSE:
            return tag("p", block.lines[0])
        case Kind.LIST:
            return tag("ul", *(tag("li", line) for line in block.lines))
        case Kind.ROWS:
            return tag("ul", *(tag("li", tag("code", term), f": {meaning}") for term, meaning in block.rows))
        case Kind.AS_IS:
            return each(tag("pre", tag("code", line), tabindex="0") for line in block.lines)
