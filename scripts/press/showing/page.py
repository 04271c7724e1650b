"""Turn a page as read, and the record of its run, into the Markdown that MkDocs gets."""

import html

from press.reading.exercises import Exercise
from press.reading.pages import Page
from press.reading.problems import Problem
from press.records.build import Build
from press.showing.blocks import GRAPH, lines_of, with_numbers
from press.showing.figures import FIGURE, figure
from press.showing.foot import foot
from press.showing.forward_graph import draw


def render(build: Build, page: Page) -> str:
    """The page's Markdown with code, outputs and numbers in their places, and its foot."""
    lines = with_numbers(build, page)
    for block in page.blocks:
        if page.run_by(block):
            name = page.anchor(page.run_by(block)[0].name)
            lines[block.line - 1] = f"{block.indent}{block.marks} {{ .python #{name} }}"
        for include in block.includes:
            if include.path == GRAPH:
                inside = [draw(page, build.pages, build.record(page)["values"])]
            else:
                inside = lines_of(build, page, block, include)
            lines[include.line - 1] = "\n".join(block.indent + one if one else "" for one in inside)
    for number, line in enumerate(page.text.splitlines(), 1):
        if asked := FIGURE.search(line):
            lines[number - 1] = figure(build, page, number, asked)
    for exercise in page.exercises:
        lines[exercise.line - 1] = opened(exercise)
        lines[exercise.end - 1] += "\n\n</details>"
    text = "\n".join(lines[page.body - 1 :])
    return f"{text}\n\n{foot(build, page)}"


def opened(exercise: Exercise) -> str:
    """An exercise, which a script fills, and the fold around the page's own lines.

    Whoever has no script sees those lines, and nothing of an exercise.
    """
    return (
        f'<div class="exercise" data-name="{exercise.name}" data-search-exclude></div>\n\n'
        f'<details class="answer" markdown>\n'
        f"<summary data-search-exclude>Show the page's line for <code>{exercise.name}</code></summary>\n"
    )


def failed(title: str, problems: list[Problem]) -> str:
    """What a page shows in the place of its content while it is wrong."""
    items = "".join(f"<li><code>{html.escape(str(problem))}</code></li>" for problem in problems)
    text = (
        "This page is not shown, because something in it is wrong. "
        "Save the repaired file, and it comes back."
    )
    heading = f"<h1>{html.escape(title)}</h1>"
    return f'{heading}<div class="failure"><p>{text}</p><ul>{items}</ul></div>'
