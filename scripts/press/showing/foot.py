"""The foot of a page: what was executed on it, and its program and notebook to take away."""

import html
import posixpath

from press.reading.pages import Page
from press.records.build import Build
from press.records.judging import gradients, in_float64
from press.running.kinds import KINDS
from press.showing.marks import digits

NAMES = "names.txt"  # published at the top of the site


def totals(page: Page, record: dict) -> tuple[int, int, float]:
    """Gradients and equations executed on a page, and the largest difference as a share.

    A finite difference is right to fewer digits, and would hide how far the others are apart.
    """
    exact = [check for check in in_float64(record) if KINDS[check["kind"]].exact]
    worst = max((check["max_rel"] or 0.0 for check in exact), default=0.0)
    return len(gradients(record)), len(page.equations), worst


def foot(build: Build, page: Page) -> str:
    """The verdict at the end of a page, and its program to copy or download."""
    own = [page] if page.program else build.pages
    where = "on this page" if page.program else "on this site"
    sums = [totals(each, build.record(each)) for each in own]
    derived, equations = (sum(each[k] for each in sums) for k in (0, 1))
    worst = max(each[2] for each in sums)
    verdict = (
        f"Executed {where}, before it was published: {counted(derived, 'gradient')} and "
        f"{counted(equations, 'equation')}. Largest float64 difference: {digits(worst)} of the "
        f"largest entry. torch {html.escape(build.facts['torch'])}, {html.escape(build.facts['processor'])}."
    )
    take = program_links(build, page) if page.program else ""
    return f'<div class="verdict" data-search-exclude markdown="0">{take}<p>{verdict}</p></div>\n'


def program_links(build: Build, page: Page) -> str:
    """The page's program and notebook to take away, and the names that give the page's numbers."""
    href, names = (posixpath.relpath(path, page.folder) for path in (program_path(page), NAMES))
    colab = build.colab
    there = f', or <a href="{colab}{notebook_path(page)}">open it in Colab</a>' if colab else ""
    links = (
        f'<p>To take away: <a href="{href}" download>{page.stem}.py</a>, '
        f'<a href="{page.stem}.ipynb" download>{page.stem}.ipynb</a>{there} '
        f'<button type="button" class="copy-program" data-program="{href}" hidden>'
        "Copy the program</button></p>"
    )
    if NAMES in page.source():
        links += (
            f"<p>The numbers come from {html.escape(build.facts['names_list'])}: save "
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
