"""Turn a page as read, and the record of its run, into the Markdown that MkDocs gets."""

import html
import posixpath
import re
from pathlib import Path

from figures import INK, size
from graph import draw
from reading.exercises import Exercise
from reading.pages import Page
from reading.problem import Problem
from records import checks_of, gradients, in_float64

NAMES = "names.txt"  # published at the top of the site
GRAPH = "build/graph.svg"  # no output of a page: drawn from the forward pass
FIGURE = re.compile(r"!\[(?P<alt>[^\]]+)\]\(build/(?P<file>[\w-]+\.svg)\)")


def digits(difference: float) -> str:
    """A difference as it is shown: to one digit."""
    return f"{difference:.0e}" if difference else "0"


def render(
    page: Page, pages: list[Page], records: dict, facts: dict, colab: str
) -> tuple[str, list[Problem]]:
    """The page's Markdown with code, outputs and numbers in their places, and its foot.

    `colab` is the address under which Colab finds the notebooks, or "".
    """
    problems = []
    lines = page.text.splitlines()
    for block in page.blocks:
        if page.run_by(block):
            name = page.anchor(page.run_by(block)[0].name)
            lines[block.line - 1] = f"{block.indent}{block.marks} {{ .python #{name} }}"
        for line, path, name in block.includes:
            if path == GRAPH:
                told = draw(page, pages, records[page.stem]["values"])
            elif block.prints:
                told = output(page, line, path, name, records, problems)
            else:
                told = page.code(line)
            inside = told.rstrip("\n").split("\n")
            lines[line - 1] = "\n".join(block.indent + each if each else "" for each in inside)
    for number in reversed(page.numbers):  # the last of a line first: columns stay true
        value = quoted(page, number, records, facts, problems)
        line = lines[number.line - 1]
        end = number.column + len(number.text)
        lines[number.line - 1] = line[: number.column] + value + line[end:]
    for number, line in enumerate(page.text.splitlines(), 1):
        if found := FIGURE.search(line):
            lines[number - 1] = figure(page, found, number, records, problems)
    for exercise in page.exercises:
        lines[exercise.line - 1] = opened(exercise)
        lines[exercise.end - 1] += "\n\n</details>"
    told = "\n".join(lines[page.body - 1 :])
    return f"{told}\n\n{foot(page, pages, records, facts, colab)}", problems


def opened(exercise: Exercise) -> str:
    """An exercise, which a script fills, and the fold around the page's own lines.

    Whoever has no script sees those lines, and nothing of an exercise.
    """
    return (
        f'<div class="exercise" data-name="{exercise.name}" data-search-exclude></div>\n\n'
        f'<details class="answer" markdown>\n'
        f"<summary data-search-exclude>Show the page's line for <code>{exercise.name}</code></summary>\n"
    )


def figure(page, found, line, records, problems) -> str:
    """Both variants of a figure that this page's program saved, sized so that nothing shifts."""
    svg = records[page.stem]["figures"].get(found["file"])
    if svg is None:
        text = f"{found['file']}: the program of this page saves no such figure"
        problems.append(Problem(page.path, line, text))
        return ""
    width, height = size(svg)
    sized = f"{{ width={width} height={height} loading=lazy }}"
    return "\n".join(
        f"![{found['alt']}]({relative(page, path)}#only-{scheme}){sized}"
        for scheme, path in figure_paths(page, found["file"]).items()
    )


def figure_paths(page: Page, file: str) -> dict[str, str]:
    """Where in the site the variants of a figure are published."""
    return {scheme: f"figures/{page.stem}-{file[:-4]}-{scheme}.svg" for scheme in INK}


def relative(page: Page, path: str) -> str:
    """A path of the site as a page's Markdown links to it."""
    return posixpath.relpath(path, posixpath.dirname(page.path.removeprefix("docs/")) or ".")


def output(page, line, path, name, records, problems) -> str:
    """What a section printed, from `build/<stem>.txt:<section>`; without a section, what all did."""
    outputs = records.get(Path(path).stem, {}).get("outputs", {})
    text = "".join(outputs.values()) if name is None else outputs.get(name, "")
    what = None
    if not path.endswith(".txt") or Path(path).stem not in records:
        what = "is no page's output"
    elif name is not None and name not in outputs:
        what = "is no section that ran"
    elif not text.strip():
        what = "printed nothing"
    elif "```" in text or "~~~" in text:
        what = "prints the marks of a block, which would end the one that shows it"
    if what:
        problems.append(Problem(page.path, line, f"{path}: {name or path} {what}"))
    return text


def quoted(page, number, records, facts, problems) -> str:
    """The value that a sentence takes from a run or from the build."""
    source, name, run = number.page, number.name, "values"
    if source == "float64":  # {{ float64.page.name }}: the same variable in the run that decides
        source, _, name = name.partition(".")
        run = "float64"
    values = facts if source == "build" else records.get(source, {}).get(run, {})
    try:
        return html.escape(format(values[name], number.format))
    except KeyError:
        wrong = f"no run left a number called {number.page}.{number.name}"
    except (TypeError, ValueError) as error:
        wrong = str(error)
    problems.append(Problem(page.path, number.line, f"{number.text}: {wrong}"))
    return ""


def totals(page: Page, record: dict) -> tuple[int, int, float]:
    """Gradients and equations executed on a page, and the largest difference as a share.

    A finite difference is right to fewer digits, and would hide how far the others are apart.
    """
    exact = [check for check in in_float64(record) if check["kind"] != "finite_difference"]
    worst = max((check["max_rel"] or 0.0 for check in exact), default=0.0)
    return len(gradients(record)), len(page.equations), worst


def foot(page: Page, pages: list[Page], records: dict, facts: dict, colab: str) -> str:
    """The verdict at the end of a page, and its program to copy or download."""
    own = [page] if page.program else pages
    where = "on this page" if page.program else "on this site"
    sums = [totals(each, records[each.stem]) for each in own]
    derived, equations = (sum(each[k] for each in sums) for k in (0, 1))
    worst = max(each[2] for each in sums)
    verdict = (
        f"Executed {where}, before it was published: {counted(derived, 'gradient')} and "
        f"{counted(equations, 'equation')}. Largest float64 difference: {digits(worst)} of the "
        f"largest entry. torch {html.escape(facts['torch'])}, {html.escape(facts['processor'])}."
    )
    take = program_links(page, facts, colab) if page.program else ""
    return f'<div class="verdict" data-search-exclude markdown="0">{take}<p>{verdict}</p></div>\n'


def program_links(page: Page, facts: dict, colab: str) -> str:
    """The page's program and notebook to take away, and the names that give the page's numbers."""
    href, names = (posixpath.relpath(path, page.folder) for path in (program_path(page), NAMES))
    there = f', or <a href="{colab}{notebook_path(page)}">open it in Colab</a>' if colab else ""
    links = (
        f'<p>To take away: <a href="{href}" download>{page.stem}.py</a>, '
        f'<a href="{page.stem}.ipynb" download>{page.stem}.ipynb</a>{there} '
        f'<button type="button" class="copy-program" data-program="{href}" hidden>'
        "Copy the program</button></p>"
    )
    if NAMES in page.source():
        links += (
            f"<p>The numbers come from {html.escape(facts['names_list'])}: save "
            f'<a href="{names}" download>{NAMES}</a> beside the program to get them too. '
            "Without it, the lecture's list is fetched.</p>"
        )
    return links


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def program_path(page: Page) -> str:
    """Where in the site a page's program is published: beside the page."""
    return posixpath.join(page.folder, f"{page.stem}.py")


def notebook_path(page: Page) -> str:
    """Where in the site a page's notebook is published: beside the page."""
    return posixpath.join(page.folder, f"{page.stem}.ipynb")


def mark(page: Page, name: str, record: dict) -> str:
    """The sign beside an equation: how far its sides are apart; it leads to the lines."""
    largest = max((check["max_abs"] for check in checks_of(record, name)), default=None)
    if largest is None:
        return ""
    apart = digits(largest)
    said = f"equation {name}: executed, sides agree to {apart}; to the lines"
    return f'<a class="mark" href="#{page.anchor(name)}" aria-label="{said}">{apart}</a>'


def failed(title: str, problems: list[Problem]) -> str:
    """What a page shows in the place of its content while it is wrong."""
    items = "".join(f"<li><code>{html.escape(str(problem))}</code></li>" for problem in problems)
    told = (
        "This page is not shown, because something in it is wrong. "
        "Save the repaired file, and it comes back."
    )
    heading = f"<h1>{html.escape(title)}</h1>"
    return f'{heading}<div class="failure"><p>{told}</p><ul>{items}</ul></div>'
