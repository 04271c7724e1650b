"""What runs and sections put into a page: the text of an include line, and numbers in sentences."""

import html
from pathlib import Path

from press.reading.blocks import Block, Include
from press.reading.pages import Page
from press.reading.prose import Number
from press.records.build import Build

GRAPH = "build/graph.svg"  # no output of a page: drawn from the forward pass


def with_numbers(build: Build, page: Page) -> list[str]:
    """The page's lines, with the numbers of the runs in their places."""
    lines = page.text.splitlines()
    for number in reversed(page.numbers):  # the last of a line first: columns stay true
        line, end = lines[number.line - 1], number.column + len(number.text)
        lines[number.line - 1] = line[: number.column] + value(build, page, number) + line[end:]
    return lines


def value(build: Build, page: Page, number: Number) -> str:
    """The value that a sentence takes from a run or from the build."""
    source, name, run = number.page, number.name, "values"
    if source == "float64":  # {{ float64.page.name }}: the same variable in the run that decides
        source, _, name = name.partition(".")
        run = "float64"
    values = build.facts if source == "build" else build.records.get(source, {}).get(run, {})
    try:
        return html.escape(format(values[name], number.format))
    except KeyError:
        wrong = f"no run left a number called {number.page}.{number.name}"
    except (TypeError, ValueError) as error:
        wrong = str(error)
    build.fail(page.path, f"{number.text}: {wrong}", number.line)
    return ""


def lines_of(build: Build, page: Page, block: Block, include: Include) -> list[str]:
    """What an include line of a block shows: code, or what a run printed."""
    text = output(build, page, include) if block.prints else page.code(include.line)
    return text.rstrip("\n").split("\n")


def output(build: Build, page: Page, include: Include) -> str:
    """What a section printed, from `build/<stem>.txt:<section>`; without a section, what all did."""
    path, name = include.path, include.section
    outputs = build.records.get(Path(path).stem, {}).get("outputs", {})
    text = "".join(outputs.values()) if name is None else outputs.get(name, "")
    what = None
    if not path.endswith(".txt") or Path(path).stem not in build.records:
        what = "is no page's output"
    elif name is not None and name not in outputs:
        what = "is no section that ran"
    elif not text.strip():
        what = "printed nothing"
    elif "```" in text or "~~~" in text:
        what = "prints the marks of a block, which would end the one that shows it"
    if what:
        build.fail(page.path, f"{path}: {name or path} {what}", include.line)
    return text
