"""``capath doctor``: the clients and their stores, the matrix of clients and hosts, and what fixes a refusal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from typing_extensions import assert_never

from capath.doctor.examine import NOT_RUN, Examination, Remedy, Verdict
from capath.doctor.judge import Row
from capath.doctor.place import Bundled, CompiledIn, FromFile, FromVariable, ProblemKind, Shape, Why
from capath.doctor.program import Accepts, Opinion, Refuses, Unknown
from capath.doctor.read_place import StoreRead, why_text
from capath.report.document import Json, moment
from capath.report.layout import Line, Span, Style, columns, plural, wrapped

_HEAD = ("Reads", "Roots", "Changed", "Why")
SHAPES = {
    Shape.BUNDLE: "",
    Shape.HASHED: " (by hash links)",
    Shape.WHOLE: " (every file)",
    Shape.KEYSTORE: "",
    Shape.BUILT_IN: "built in",
}


def examination_json(found: Examination) -> Json:
    """The object of ``capath doctor --json``."""
    return {
        "clients": [_row_json(row) for row in found.rows],
        "not_understood": [
            {"client": item.client, "executable": item.executable, "reason": item.reason} for item in found.strange
        ],
        "verdicts": [_verdict_json(verdict) for verdict in found.verdicts],
        "unreachable": [
            {"host": item.endpoint.host, "port": item.endpoint.port, "reason": item.reason}
            for item in found.unreachable
        ],
    }


def _row_json(row: Row) -> Json:
    program = row.program
    return {
        "client": program.client.name,
        "title": program.title,
        "executable": program.executable,
        "stores": [
            {
                "path": store.place.path or None,
                "shape": store.place.shape.value,
                "why": _why_json(store.place.why),
                "roots": store.root_count,
                "changed_at": moment(store.changed_at),
            }
            for store in row.stores
        ],
        "problems": [
            {"kind": problem.kind.value, "text": problem.text, "leads_nowhere": problem.leads_nowhere}
            for problem in row.problems
        ],
    }


def _why_json(why: Why) -> Json:
    match why:
        case CompiledIn(asked=asked):
            return {"source": "compiled-in", "asked": asked}
        case Bundled(package=package, version=version):
            return {"source": "bundled", "package": package, "version": version}
        case FromVariable(name=name, value=value):
            return {"source": "variable", "name": name, "value": value}
        case FromFile(setting=setting):
            return {"source": "file", "file": setting.file, "line": setting.line, "name": setting.key}
        case _:
            assert_never(why)


def _verdict_json(verdict: Verdict) -> Json:
    remedy = verdict.remedy
    program = verdict.row.program
    return {
        "client": program.client.name,
        "executable": program.executable,
        "host": verdict.endpoint.host,
        "port": verdict.endpoint.port,
        "accepts": _opinion_json(verdict.opinion)["accepts"],
        "judged": _opinion_json(verdict.judged),
        "proved": _opinion_json(verdict.proved),
        "differs": verdict.differs,
        "remedy": None
        if remedy is None
        else {
            "text": remedy.text,
            "command": remedy.command,
            "fixes": remedy.fixes,
            "said": remedy.said,
            "ran": remedy.ran,
        },
    }


def _opinion_json(opinion: Opinion) -> Json:
    match opinion:
        case Accepts():
            return {"accepts": True, "cause": None, "text": None}
        case Refuses(cause=cause, text=text):
            return {"accepts": False, "cause": cause or None, "text": text}
        case Unknown(reason=reason):
            return {"accepts": None, "cause": None, "text": reason}
        case _:
            assert_never(opinion)


def examination_lines(found: Examination, width: int | None) -> Iterator[Line]:
    """The clients with their stores and problems; then the matrix, and each refusal with its remedy."""
    titles = _titles(found.rows)
    yield from _store_lines(found.rows, titles, width)
    for item in found.strange:
        yield [Span("? ", Style.WARNING), f"{item.client} ({item.executable}): {item.reason}"]
    if found.verdicts:
        yield ""
        yield from _matrix_lines(found.verdicts, titles, width)
        yield from _refusal_lines(found.verdicts, titles, width)
    for unreachable in found.unreachable:
        yield ""
        yield [Span("? ", Style.WARNING), f"{unreachable.endpoint.text}: {unreachable.reason}"]


def _titles(rows: Sequence[Row]) -> dict[tuple[str, str], str]:
    """What each row is called: with its path where two would be called the same."""
    count = Counter(row.program.title for row in rows)
    return {
        row.program.key: row.program.title
        if count[row.program.title] == 1
        else f"{row.program.title} {row.program.executable}"
        for row in rows
    }


def _store_lines(rows: Sequence[Row], titles: dict[tuple[str, str], str], width: int | None) -> Iterator[Line]:
    """A client, its stores in columns (never cut: a path is what is looked for), and what is wrong.

    Variables that clients do not use come last, with all clients that do not use the same ones.
    """
    stores = [store for row in rows for store in row.stores]
    head, *lines = columns([_HEAD, *map(_store_cells, stores)], None, flexible=0)
    yield [Span(f"    {'  '.join(head)}", Style.DIM)]
    rest = iter(lines)
    unused: dict[str, list[str]] = {}
    for row in rows:
        yield [Span(titles[row.program.key], Style.BOLD)]
        for _, line in zip(row.stores, rest, strict=False):
            yield f"    {'  '.join(line)}"
        for problem in row.problems:
            if problem.kind is ProblemKind.NOT_USED:
                unused.setdefault(problem.text, []).append(titles[row.program.key])
                continue
            style = Style.BAD if problem.leads_nowhere else Style.DIM
            mark = "✗" if problem.leads_nowhere else "·"
            for text in wrapped(problem.text, width, "      ", f"    {mark} "):
                yield [Span(text, style)]
    for told, clients in unused.items():
        for text in wrapped(f"{', '.join(clients)}: {told}", width, "  ", "· "):
            yield [Span(text, Style.DIM)]


def _store_cells(store: StoreRead) -> list[str]:
    place = store.place
    roots = "?" if store.root_count is None else str(store.root_count)
    changed = "" if store.changed_at is None else f"{store.changed_at:%Y-%m-%d}"
    return [f"{place.path}{SHAPES[place.shape]}", roots, changed, why_text(place.why)]


def _mark(opinion: Opinion) -> str:
    return "✓" if isinstance(opinion, Accepts) else "✗" if isinstance(opinion, Refuses) else "?"


def _matrix_lines(
    verdicts: Sequence[Verdict], titles: dict[tuple[str, str], str], width: int | None
) -> Iterator[Line]:
    hosts = list(dict.fromkeys(verdict.endpoint for verdict in verdicts))
    cells = {(verdict.row.program.key, verdict.endpoint): _mark(verdict.opinion) for verdict in verdicts}
    keys = dict.fromkeys(verdict.row.program.key for verdict in verdicts)
    table = [["Client", *(host.text for host in hosts)]]
    table += [[titles[key], *(cells[key, host] for host in hosts)] for key in keys]
    head, *lines = (list(line) for line in columns(table, width, flexible=0))
    yield [Span("  ".join(head), Style.BOLD)]
    yield from ("  ".join(line) for line in lines)
    counted = Counter(_mark(verdict.opinion) for verdict in verdicts)
    accepted = plural(counted["✓"], "client accepts", "clients accept")
    yield f"{accepted}, {plural(counted['✗'], 'refuses', 'refuse')}, {counted['?']} not known"
    if all(verdict.proved is NOT_RUN for verdict in verdicts):
        yield "No client was run: this is how capath judges with their stores."


def _refusal_lines(
    verdicts: Sequence[Verdict], titles: dict[tuple[str, str], str], width: int | None
) -> Iterator[Line]:
    """A paragraph for each reason with all clients that have it; none for those that accept, as was expected."""
    paragraphs: list[tuple[Verdict, list[Line], list[str]]] = []
    for verdict in verdicts:
        if isinstance(verdict.opinion, Accepts) and not verdict.differs:
            continue
        title, lines = titles[verdict.row.program.key], list(_reason_lines(verdict, width))
        for first, same, clients in paragraphs:
            if (first.endpoint, _mark(first.opinion), same) == (verdict.endpoint, _mark(verdict.opinion), lines):
                clients.append(title)
                break
        else:
            paragraphs.append((verdict, lines, [title]))
    for first, lines, clients in paragraphs:
        yield ""
        style = Style.BAD if isinstance(first.opinion, Refuses) else Style.WARNING
        head, *others = wrapped(f"{', '.join(clients)} and {first.endpoint.text}", width, "    ", "  ")
        yield [Span(_mark(first.opinion), style), Span(head[1:], Style.BOLD)]
        yield from ([Span(line, Style.BOLD)] for line in others)
        yield from lines


def _reason_lines(verdict: Verdict, width: int | None) -> Iterator[Line]:
    for text in reasons(verdict):
        yield from wrapped(text, width, "      ", "    ")
    if verdict.remedy is not None:
        yield from _remedy_lines(verdict.remedy, width)


def reasons(verdict: Verdict) -> Iterator[str]:
    """Why the client refuses the host, or why that is not known; how it was found out."""
    match verdict.opinion:
        case Refuses(cause=cause, text=text):
            yield f"{cause}: {text}" if cause else text
        case Unknown(reason=reason):
            yield f"capath cannot say: {reason}"
        case Accepts():
            pass
        case _:
            assert_never(verdict.opinion)
    if isinstance(verdict.proved, Unknown) and verdict.proved is not NOT_RUN:
        yield f"Judged by capath, not by running it: {verdict.proved.reason}"
    elif verdict.differs:
        expected = f"refuses it: {verdict.judged.text}" if isinstance(verdict.judged, Refuses) else "accepts it."
        yield f"That is not what capath expected, which is that the client {expected}"


def _remedy_lines(remedy: Remedy, width: int | None) -> Iterator[Line]:
    yield from wrapped(remedy.text, width, "      ", "    → ")
    if remedy.command:
        yield f"      $ {remedy.command}"
    if remedy.fixes is None:
        return
    how = "tried without changing anything" if remedy.ran else "judged by capath, not tried"
    if remedy.fixes:
        yield [Span(f"      {how}: the client accepts the host with this", Style.GOOD)]
    else:
        yield from wrapped(f"{how}: this is not enough: {remedy.said}", width, "      ", "      ")
