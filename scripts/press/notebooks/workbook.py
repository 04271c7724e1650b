"""Make the workbook, blank and solved: the lecture's four exercises as a notebook to fill in.

Forward lines, shapes, formulas and answers come from the sections and the records that the
pages are made of; the judge is the one of the pages' exercises. A page of its own shows each.
"""

import ast
import json
from pathlib import Path

from press.exercises.setup import SetUp, told_to_judge
from press.exercises.statements import joined, needed, statements
from press.formulas.tex import unlabelled
from press.notebooks.cells import quiet
from press.notebooks.notebook import Notebook
from press.notebooks.workbook_texts import (
    BLANK,
    FOURTH,
    HOW,
    IN_ONE_STEP,
    INTRO,
    JUDGE,
    LAST,
    NAME,
    RULES,
    SEVEN,
    SOLVED,
    WARM_UP,
)
from press.reading.pages import Page
from press.reading.problems import Problem
from press.records.build import Build

CHAIN = "scoreboard"  # the page whose lines are the whole way back
MADE_BY = Path(__file__).relative_to(Path(__file__).parents[3]).as_posix()
BATCH = {"block_size", "vocab_size", "n", "batch_size", "Xb", "Yb"}  # what the judge is given
SECONDS = 120


class Source:
    """What the workbook is made of: the pages, their records, and the site's address."""

    def __init__(self, build: Build):
        self.root, self.address = build.root, build.address
        self.pages = {page.stem: page for page in build.pages}
        chain = self.pages[CHAIN]
        self.record = build.record(chain)
        self.setup = SetUp(chain, self.record, without=(chain.snippet,))
        own = [section for section in chain.program if section.path == chain.snippet]
        self.chain = statements([s for s in own if s.name != "comparisons"])

    def shape(self, tensor: str) -> str:
        return self.record["values"][f"{tensor}.shape"]

    def users(self, gradient: str) -> list[str]:
        """The steps whose forward lines read the tensor."""
        return [one.target for one in self.setup.uses(gradient[1:])]

    def line(self, tensor: str) -> str:
        """The forward line that makes a tensor, with the comment that tells its shape."""
        return next(s.code.rstrip() for s in self.setup.sections if s.name == tensor)

    def answer(self, gradient: str) -> str:
        """The chain's own lines for a gradient; the gradients that arrive are there already."""
        others = set(RULES) - {gradient}
        given = [one for one in self.chain if not one.sets & others]
        return joined(needed(given, {gradient})).rstrip()

    def formula(self, gradient: str) -> str:
        """The equation of the first page that has one of this name."""
        derived = [e for page in self.pages.values() for e in page.equations if e.name == gradient]
        return unlabelled(derived[0].tex)

    def bundle(self) -> dict:
        """What the judge needs: see docs/live/exercise_run.py."""
        setup, exercises = self.setup, {}
        for name in RULES:
            later = setup.steps[setup.steps.index(self.users(name)[0]) :]
            before = "".join(f"d{step} = {step}.grad\n" for step in later if step != "loss")
            exercises[name] = {"uses": told_to_judge(setup.uses(name[1:])), "before": before}
        return {
            "setup": setup.code, "steps": setup.steps, "values": sorted(setup.given & BATCH),
            "exercises": exercises, "seven": SEVEN,
        }  # fmt: skip


def workbook(source: Source, solved: bool) -> Notebook:
    """The notebook, to fill in or filled in."""
    stem, cells = SOLVED if solved else NAME, []

    def prose(text: str) -> None:
        cells.append({"kind": "prose", "text": text, "line": 1})

    def code(text: str, **metadata) -> None:
        cells.append({"kind": "code", "text": text, "line": 1, "metadata": metadata})

    def answer(blank: str, right: str) -> None:
        # A mistake in such a cell stops no "Run all".
        code(quiet(right) if solved else blank, tags=["raises-exception"])

    title = "The workbook, solved" if solved else "The workbook"
    prose(INTRO.format(title=title, count=len(RULES), how=HOW[stem]))
    prose("## Set-up\n\nNames, network, one batch, the forward pass in small steps, and autograd.")
    code("import torch\nimport torch.nn.functional as F\n\n" + code_of(source.setup.sections))
    code(judge_of(source), jupyter={"source_hidden": True}, cellView="form", tags=["judge"])
    prose(f"## Exercise 1: every gradient, line by line\n\n{letters(source)}")
    for name in RULES:
        prose(task(source, name))
        answer(f"{name} = None  # {source.shape(name[1:])}", source.answer(name))
        code(f'judged("{name}")')
    for number, (name, (stem_of, section, text)) in enumerate(IN_ONE_STEP.items(), 2):
        page = source.pages[stem_of]
        prose(f"## Exercise {number}: {page.title}\n\n{text} {where(source, page)}")
        right = [s for s in page.program if s.name == section]
        own = joined(needed(statements(right), {section})).rstrip().replace(section, name)
        answer(f"{name} = None  # {source.shape(name[1:])}", own)
        code(f'judged("{name}")')
    training = {s.name: s for s in source.pages["train"].program}
    prose(f"{WARM_UP} {where(source, source.pages['train'])}")
    pieces = [training[name].code.strip() for name in ("hidden", "output")]
    code("\n\n\n".join([*pieces, function(training["step"].code, "forward")]))
    prose(FOURTH)
    backs = ["through_output", "through_batch_norm", "through_hidden"]
    right = [training[name].code.strip() for name in backs]
    right.append(function(training["step"].code, "backward").replace(", add):", ", add=add_rows):"))
    answer(BLANK, "\n\n\n".join(right))
    code(LAST)
    prose(f"That is all: no `loss.backward()` is left. {where(source, source.pages[CHAIN])}")
    return Notebook(stem, MADE_BY, cells, SECONDS)


def code_of(sections: list) -> str:
    return "\n\n".join(section.code.strip() for section in sections)


def function(code: str, name: str) -> str:
    """One function of a section."""
    nodes = [node for node in ast.parse(code).body if getattr(node, "name", "") == name]
    return ast.get_source_segment(code, nodes[0])


def where(source: Source, page: Page) -> str:
    """A sentence that leads to a page, where the site's address is known."""
    title = (
        f"[{page.title}]({source.address}{page.folder}/)" if source.address else f"“{page.title}”"
    )
    return f"The page {title} derives it."


def letters(source: Source) -> str:
    page = source.pages["symbols"]
    title = f"[{page.title}]({source.address}symbols/)" if source.address else f"“{page.title}”"
    return f"What the letters in the formulas stand for: {title}."


def task(source: Source, name: str) -> str:
    """What is to be written, with its forward lines, its shape and two hints."""
    x, users = name[1:], source.users(name)
    lines = "\n".join(source.line(user) for user in users)
    count = "lines that use" if len(users) > 1 else "line that uses"
    arriving = (
        " and ".join(f"`d{user}`" for user in users if user != "loss") or "nothing: it is the first"
    )
    rules = ", ".join(RULES[name])
    card = f"[the card]({source.address}card/)" if source.address else "the rule card"
    return (
        f"### {name}\n\nThe forward {count} `{x}`:\n\n```python\n{lines}\n```\n\n"
        f"`{x}` has shape `{source.shape(x)}`, and so has `{name}`. What arrives is {arriving}.\n\n"
        f"<details><summary>Hint: the rule</summary>\n\nOn {card}: {rules}.\n\n</details>\n\n"
        f"<details><summary>Hint: the formula</summary>\n\n$$\n{source.formula(name)}\n$$\n\n</details>"
    )


def judge_of(source: Source) -> str:
    """The cell with the judge: the two modules of the pages' exercises, as they are."""
    home = source.root / "docs" / "live"
    files = {
        name: (home / f"{name}.py").read_text("utf-8") for name in ("diagnosis", "exercise_run")
    }
    modules = "\n\n".join(f"{name.upper()} = r'''{text}'''" for name, text in files.items())
    return JUDGE.format(modules=modules, bundle=json.dumps(source.bundle()))


def sources_of(pages: list[Page]) -> list[Page]:
    """The pages that the workbook is made of: while one of them is wrong there is none."""
    named = {CHAIN, "train", "symbols", *(stem for stem, *_ in IN_ONE_STEP.values())}
    derived = {name: page for page in reversed(pages) for name in (e.name for e in page.equations)}
    return [p for p in pages if p.stem in named or p in [derived.get(name) for name in RULES]]


def workbooks(build: Build) -> list[Notebook]:
    """Both notebooks."""
    source = Source(build)
    return [workbook(source, solved) for solved in (False, True)]


def unsolved(notebook: Notebook, outputs: list[list]) -> list[Problem]:
    """The solved workbook's gradients that its own judge refuses."""
    said = [
        (code, "".join(map(text_of, printed)))
        for code, printed in zip(notebook.code(), outputs, strict=True)
        if code.startswith("judged(")
    ]
    return [
        Problem(MADE_BY, 0, f"{code} in the solved workbook says: {text.strip()}")
        for code, text in said
        if not text.startswith("✓")
    ]


def text_of(output: dict) -> str:
    text = output.get("text", "")
    return text if isinstance(text, str) else "".join(text)
