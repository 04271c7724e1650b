"""Everything that must not be published, and the message that says so."""

import re

import pytest

SNIPPET, PAGE = "snippets/square.py", "docs/square.md"
DY, DX = "dy = 2 * y  # (1, m)", "dx = dy.expand(n, -1) / n  # (n, m)"
END = "# --8<-- [end:dx]"

# name: (file, old text, new text, what the message must hold)
GRADIENTS = {
    "a flipped sign": (SNIPPET, DY, "dy = -2 * y", r"square\.py:18, section dy: dy: ours and autograd differ by .* at \[0, \d\] \(.* and .*; allowed .*\), shape \(1, 3\)"),
    "a missing sum": (SNIPPET, DY, "dy = 2 * x", r"dy: ours has shape \(4, 3\) where \(1, 3\) is due"),
    "a missing 1/n": (SNIPPET, DX, "dx = dy.expand(n, -1)", r"section dx: dx: ours and autograd differ"),
    "a shape that broadcasts": (SNIPPET, DY, "dy = 2 * y[0]", r"dy: ours has shape \(3,\) where \(1, 3\) is due"),
    "noise in float64": (SNIPPET, DY, "dy = 2 * y + 1e-6 * torch.randn(y.shape, generator=g)", r"dy: ours and autograd differ by .*e-0[67]"),
    "a copied gradient": (SNIPPET, DY, "dy = (y.grad * 2).clone() / 2", r"dy: this gradient was computed from the \.grad it is compared with"),
    "a gradient copied by autograd.grad": (SNIPPET, DY, "dy = torch.zeros(1, 3)\ndy[:] = torch.autograd.grad((x.mean(0, keepdim=True)**2).sum() + (y**2).sum(), y)[0]", r"computed from the \.grad"),
    "a check of a thing with itself": (SNIPPET, END, f'check("dx", dx, dx)\n{END}', r"square\.py:\d+: section dx: check\('dx', \.\.\.\) compares an expression with itself"),
    "a check of one tensor under two names": (SNIPPET, END, f'same = dx\ncheck("dx", dx, same)\n{END}', r"two sides are the same tensor"),
    "a check of one side": (SNIPPET, END, f'check("dx", dx)\n{END}', r"a check needs at least two sides"),
    "a wrong name": (SNIPPET, 'cmp("dx", dx, x)', 'cmp("dy", dx, x)', r"another tensor's gradient, not with y\.grad"),
    "nan": (SNIPPET, DY, "dy = 2 * y / 0 * 0", r"dy: ours holds nan or inf"),
    "a float type by name": (SNIPPET, DY, "dy = 2 * y.to(torch.float32)", r"ours is float32 where float64 is due"),
    "a zero gradient judged by value": (SNIPPET, "loss = (y**2).sum()", "loss = ((y - y) ** 2).sum()", r"dx: this gradient is zero, so its value proves nothing"),
    "a tensor without a gradient": (SNIPPET, "y.retain_grad()\n", "", r"autograd left no gradient here"),
    "a page that compares nothing": (SNIPPET, 'cmp("dy", dy, y)\n', "", r"square\.md: dy: this gradient is compared with nothing"),
    "a chain with a side that is not run": (SNIPPET, "y.grad.repeat(n, 1) / n, ", "", r"square\.md:34: equation dx has 3 sides, and its check 2"),
    "an error in the code": (SNIPPET, DY, "dy = 2 * yy", r"square\.py:17, section dy: NameError: name 'yy' is not defined"),
    "an unknown kind": (SNIPPET, END, f'check("dx", dx, x.grad, kind="guess")\n{END}', r"kind 'guess' is none of gradient, equation"),
    "a gradient check without autograd": (SNIPPET, END, f'check("dx", dx, dx.clone(), kind="gradient")\n{END}', r"exactly one side may come from autograd"),
    "a gradient changed after its cmp": (SNIPPET, END, f"dx = -77 * dx\n{END}", r"dx: this gradient was changed after it was compared"),
    "a page that writes .grad itself": (SNIPPET, DX, f"{DX}\nx.grad = dx.clone()", r"dx: the page wrote this \.grad itself"),
    "a page that writes into .grad": (SNIPPET, DX, "dx = 5 * dy.expand(n, -1)\nx.grad.zero_()\nx.grad += dx", r"dx: the page wrote this \.grad itself"),
    "a cmp of its own": (SNIPPET, DX, f"def cmp(name, ours, t): print(name)\n{DX}", r"square\.py:\d+: section dx: cmp is defined and called in one section"),
    "a return outside a function": (SNIPPET, DX, f"{DX}\nreturn dx", r"square\.py:\d+: section dx is not whole statements: 'return' outside function"),
    "empty sides": (SNIPPET, END, f'check("dx", x[:0], y[:0])\n{END}', r"both sides are empty, which proves nothing"),
    "sides of truth values that differ": (SNIPPET, END, f'check("dx", dx > 0, dx < 0)\n{END}', r"side 1 and side 2 differ by 1\.0e\+00"),
    "endless printing": (SNIPPET, DX, f"while True: print('x' * 10000)\n{DX}", r"this section prints more than 1000000 characters"),
    "sys.exit half-way": (SNIPPET, DX, f"import sys; sys.exit(0)\n{DX}", r"section dx: the program ends itself here"),
    "os._exit half-way": (SNIPPET, DX, f"import os; os._exit(0)\n{DX}", r"the program stopped in section dx before its end \(exit code 0\)"),
}  # fmt: skip

READING = {
    "an equation without a label": (PAGE, "\\label{dy}\n", "", r"square\.md:19: this equation has no \\label"),
    "a label without a section": (PAGE, "\\label{dy}", "\\label{dz}", r"square\.md:19: equation dz has no section dz that this page runs"),
    "the same label twice": (PAGE, "\\label{dx}", "\\label{dy}", r"square\.md:34: the label dy stands twice"),
    "a section that no page shows": (SNIPPET, "# --8<-- [start:dx]", "# --8<-- [start:spare]\nz = 1\n# --8<-- [end:spare]\n\n# --8<-- [start:dx]", r"square\.py:22: no page shows and runs section spare"),
    "a renamed section": (PAGE, 'square.py:dx"', 'square.py:ddx"', r"square\.md:\d+: snippets/square\.py has no section ddx: is dx meant\?"),
    "a file that is not there": (PAGE, 'square.py:dx"', 'squares.py:dx"', r"snippets/squares\.py does not exist: is snippets/square\.py meant\?"),
    "a section that runs twice": (PAGE, "```{ .python .shown }", "```python", r"section dy runs twice"),
    "an unknown number": (PAGE, "square.loss:.3f", "square.lost:.3f", r"square\.md:6: .*no run left a number called square\.lost"),
    "an unknown number of the float64 run": (PAGE, "square.loss:.3f", "float64.square.lost", r"square\.md:6: .*no run left a number called float64\.square\.lost"),
    "a number of a page that is not there": (PAGE, "square.loss:.3f", "float64.cube.loss", r"square\.md:6: .*no run left a number called float64\.cube\.loss"),
    "a number of no form": (PAGE, "square.loss:.3f", "square.loss:.3q", r"square\.md:6: .*format"),
    "braces that name nothing": (PAGE, "{{ square.loss:.3f }}", "{{ square loss }}", r"square\.md:6: '\{\{ square loss \}\}.*' names no number"),
    "a typed decimal": (PAGE, "As before,", "As before, 3.14 and", r"square\.md:\d+: the number '3\.14' is typed"),
    "a typed power of ten": (PAGE, "As before,", "As before, 3e-7 and", r"the number '3e-7' is typed"),
    "a typed decimal in code": (PAGE, "As before,", "As before, `0.25` and", r"the number '0\.25' is typed"),
    "a typed per cent": (PAGE, "As before,", "As before, 29 % and", r"the number '29 %' is typed"),
    "a typed per cent in words": (PAGE, "As before,", "As before, 29 percent and", r"the number '29 percent' is typed"),
    "a typed time": (PAGE, "As before,", "As before, in 12 ms and", r"the number '12 ms' is typed"),
    "a typed time in words": (PAGE, "As before,", "As before, in 12 seconds and", r"the number '12 seconds' is typed"),
    "a typed size": (PAGE, "As before,", "As before, 12 MB and", r"the number '12 MB' is typed"),
    "code typed into the page": (PAGE, '--8<-- "snippets/square.py:dy"', "dy = 2 * y", r"square\.md:25: code typed into the page"),
    "output typed into the page": (PAGE, '--8<-- "build/square.txt:dy"', "exact: True", r"square\.md:29: text typed into the page"),
    "code typed by indentation": (PAGE, "As before,", "A line.\n\n    dy = 2 * y\n\nAs before,", r"square\.md: code typed into the page by indentation"),
    "output of a section that printed nothing": (PAGE, "square.txt:dy", "square.txt:forward", r"forward printed nothing"),
    "output of no section": (PAGE, "square.txt:dy", "square.txt:dz", r"dz is no section that ran"),
    "an unbalanced brace": (PAGE, "= 2 y_j", "= 2 {y_j", r"square\.md:19: the brackets of this display do not pair"),
    "an unbalanced brace in a sentence": (PAGE, "$L$", "$L_{1$", r"square\.md:\d+: equation 'L_\{1' is not TeX: .*brace"),
    "an equation whose section checks something else": (SNIPPET, 'check("dx", x.grad', 'check("dxx", x.grad', r"square\.md:34: equation dx has 3 sides, and its check 2"),
    "an unknown macro": (PAGE, "= 2 y_j", r"= 2 \wye_j", r"square\.md:19: equation 'dy' is not TeX: Undefined control sequence \\wye"),
    "an unknown macro in a sentence": (PAGE, "$L$", r"$\ell\foo$", r"square\.md:\d+: equation '\\\\ell\\\\foo' is not TeX"),
    "a blank line inside $$": (PAGE, "= 2 y_j\n", "= 2 y_j\n\n", r"square\.md:19: there is a blank line inside \$\$"),
    "no blank line before $$": (PAGE, "## dy { #dy }\n\n", "## dy { #dy }\n", r"square\.md:18: .*put a blank line before \$\$"),
    "an equation never closed": (PAGE, "\\label{dx}\n$$\n", "\\label{dx}\n", r"square\.md:\d+: this \$\$ is never closed"),
    "an equation in brackets": (PAGE, "As before,", r"As before, \[ a = b \] and", r"\\\[ outside a formula"),
    "an exercise of no section": (PAGE, "$$\n\\frac{\\partial L}{\\partial y_j}", '!!! exercise "dyy"\n\n$$\n\\frac{\\partial L}{\\partial y_j}', r"square\.md:19: exercise dyy: this page runs no section dyy below it: is dy meant\?"),
    "an exercise below its answer": (PAGE, "## dx {", '!!! exercise "dy"\n\n## dx {', r"square\.md:\d+: exercise dy: this page runs no section dy below it"),
    "an exercise before a heading": (PAGE, "## dy {", '!!! exercise "dy"\n\n## dy {', r"square\.md:\d+: exercise dy: a heading stands between it and section dy"),
    "an exercise without its equation": (PAGE, "```python\n--8<-- \"snippets/square.py:dy\"", '!!! exercise "dy"\n\n```python\n--8<-- "snippets/square.py:dy"', r"square\.md:\d+: exercise dy: no equation labelled dy stands between"),
    "an exercise twice": (PAGE, "$$\n\\frac{\\partial L}{\\partial y_j}", '!!! exercise "dy"\n\n!!! exercise "dy"\n\n$$\n\\frac{\\partial L}{\\partial y_j}', r"square\.md:21: exercise dy: it stands inside the answer of another"),
    "an exercise badly written": (PAGE, "$$\n\\frac{\\partial L}{\\partial y_j}", '!!! exercise dy\n\n$$\n\\frac{\\partial L}{\\partial y_j}', r'square\.md:19: write !!! exercise "dx"'),
    "an exercise with a rule of no card": (PAGE, "$$\n\\frac{\\partial L}{\\partial y_j}", '!!! exercise "dy": magic\n\n$$\n\\frac{\\partial L}{\\partial y_j}', r"square\.md:19: exercise dy: no rule of the card is called 'magic'"),
    "two equalities in a display": (PAGE, "= 2 y_j", r"= 2 y_j, \quad a = b", r"a second equality starts in this display"),
    "an inequality": (PAGE, "= 2 y_j", r"\approx 2 y_j", r"\\approx is no equality"),
    "a block never closed": (PAGE, '--8<-- "build/square.txt:dy"\n```', '--8<-- "build/square.txt:dy"', r"square\.md:28: "),
    "equations hidden between two lone backticks": (PAGE, "As before,", "A lone ` here.\n\nAnd 12 ms.\n\nAnother ` there.\n\nAs before,", r"the number '12 ms' is typed"),
    "a lone backtick": (PAGE, "As before,", "A lone ` here.\n\nAs before,", r"markup is left as text in the built page: `"),
    "spaces inside the dollars": (PAGE, "$L$", "$ L_1 $", r"markup is left as text in the built page: \$ L_1 \$"),
    "code included outside a block": (PAGE, "As before,", '--8<-- "snippets/square.py:dy"\n\nAs before,', r"square\.md:43: an include in no block is of build/"),
    "a reference to an equation": (PAGE, "= 2 y_j", r"= 2 y_j \eqref{dx}", r"square\.md:19: an equation neither refers nor is numbered"),
    "an equality with a word on it": (PAGE, "= 2 y_j", r"\overset{(1)}{=} 2 y_j \overset{(2)}{=} 0", r"equation dy has 3 sides, and its check 2"),
    "brackets that do not pair": (PAGE, "= 2 y_j", "= 2 (y_j = 3", r"square\.md:19: the brackets of this display do not pair"),
    "a macro of its own": (PAGE, "$L$", r"$\newcommand{\pd}{\partial} L$", r"square\.md:\d+: \\newcommand: a formula is written out"),
    "a block inside a comment": (PAGE, "```python\n--8<-- \"snippets/square.py:dx\"\n```", "<!--\n```python\n--8<-- \"snippets/square.py:dx\"\n```\n-->", r"MkDocs shows 4 of the 5 blocks of this page"),
    "a fence that closes further in": (PAGE, '--8<-- "snippets/square.py:dx"\n```', '--8<-- "snippets/square.py:dx"\n  ```', r"square\.md:39: this block is never closed"),
    "an output in a block that runs": (PAGE, '--8<-- "snippets/square.py:dx"', '--8<-- "snippets/square.py:dx"\n--8<-- "build/square.txt:dy"', r"square\.md:41: a ```python block is of snippets/"),
    "a block of an unknown kind": (PAGE, "```text", "```py", r"square\.md:28: ```py is no kind of block: there are ```python, "),
    "an output of no page": (PAGE, "build/square.txt:dy", "build/sqaure.txt", r"square\.md:29: build/sqaure\.txt: build/sqaure\.txt is no page's output"),
    "front matter that is no list of options": (PAGE, "description: A site in small, for the tests to break.", "hello", r"square\.md:1: the front matter is not a list of options: hello"),
    "a title that is a number": (PAGE, "description:", "title: 3\ndescription:", r"option title is 3, not of type str"),
    "a typed number in the description": (PAGE, "A site in small", "A site in 12 ms", r"the number '12 ms' is typed"),
    "a section of no name": (SNIPPET, "[start:dx]", "[start:d-x]", r"square\.py:\d+: 'd-x' is no name for a section"),
    "a page twice in nav": ("mkdocs.yml", "  - Squares: square.md\n", "  - Squares: square.md\n  - Again: square.md\n", r"mkdocs\.yml: the nav names square\.md twice"),
    "an unknown option": (PAGE, "description:", "descripton:", r"square\.md:1: unknown option descripton"),
    "an option of the wrong type": (PAGE, "description:", "seconds: soon\ndescription:", r"option seconds is 'soon', not of type int"),
    "a section inside a section": (SNIPPET, DX, f"# --8<-- [start:inner]\n{DX}", r"section inner starts inside section dx"),
    "a section without an end": (SNIPPET, END, "", r"square\.py:\d+: section dx has no end"),
    "a section that is half a statement": (SNIPPET, DX, f"{DX}\nif n:", r"section dx is not whole statements"),
    "a page not in nav": ("mkdocs.yml", "  - Squares: square.md\n", "", r"docs/square\.md:1: this page is not in the nav"),
    "a nav entry without a page": ("mkdocs.yml", "square.md", "squares.md", r"the nav names squares\.md, and there is no docs/squares\.md"),
    "a dead link": ("docs/index.md", "square.md#dx", "cube.md", r"docs/index\.md:3: the link cube\.md leads nowhere"),
    "a dead anchor": ("docs/index.md", "square.md#dx", "square.md#dz", r"docs/index\.md:3: the link square\.md#dz leads nowhere"),
}  # fmt: skip


def test_an_exercise_may_be_the_last_thing_on_a_page(project):
    text, last, _ = (
        project.path(PAGE).read_text().partition('--8<-- "snippets/square.py:dx"\n```\n')
    )
    heading = "## dx { #dx }\n\n"
    project.path(PAGE).write_text(text.replace(heading, f'{heading}!!! exercise "dx"\n\n') + last)
    code, said = project.build("square")
    assert code == 0, said


def refuses(project, path, old, new, message):
    before = project.site()
    project.edit(path, old, new)
    code, said = project.build()
    assert code == 1, said
    assert re.search(message, said), said
    assert "Traceback" not in said
    assert project.site() == before, "the old site has changed"


@pytest.mark.parametrize("name", GRADIENTS)
def test_a_wrong_program_publishes_nothing_and_is_named(project, name):
    refuses(project, *GRADIENTS[name])


@pytest.mark.parametrize("name", READING)
def test_a_wrong_page_publishes_nothing_and_is_named(project, name):
    refuses(project, *READING[name])


def test_tex_left_as_text_in_the_built_page_is_refused(project):
    """Inside a raw HTML element Markdown does nothing, so the equation stays as it was typed."""
    project.edit(PAGE, "\\label{dy}\n$$\n", "\\label{dy}\n$$\n\n</div>\n")
    refuses(
        project,
        PAGE,
        "## dy { #dy }\n",
        "## dy { #dy }\n\n<div>\n",
        r"square\.md: markup is left as text in the built page: \$\$|MkDocs shows the equations",
    )


def test_a_gradient_that_nobody_compares_is_refused(project):
    text = project.path(PAGE).read_text()
    project.path(PAGE).write_text(
        text.replace(
            text[
                text.index("$$\n\\frac{\\partial L}{\\partial x") : text.index(
                    '```python\n--8<-- "snippets/square.py:dx'
                )
            ],
            "",
        )
    )
    project.edit(
        SNIPPET, 'check("dx", x.grad, y.grad.repeat(n, 1) / n, 2 / n * y.repeat(n, 1))\n', ""
    )
    refuses(
        project, SNIPPET, 'cmp("dx", dx, x)\n', "", r"dx: this gradient is compared with nothing"
    )


@pytest.mark.parametrize("path", [PAGE, SNIPPET])
def test_a_file_that_is_not_utf8_is_named_with_its_line(project, path):
    raw = project.path(path).read_bytes()
    project.path(path).write_bytes(raw.replace(b"\n", b"\n# \xff\n", 1))
    code, said = project.build()
    assert code == 1 and "Traceback" not in said
    assert f"{path}:2: this is not UTF-8 (byte 0xff)" in said


def test_windows_line_ends_and_a_byte_order_mark_change_nothing(project):
    before = project.site()
    for path in (PAGE, SNIPPET):
        raw = project.path(path).read_bytes().replace(b"\n", b"\r\n")
        project.path(path).write_bytes(b"\xef\xbb\xbf" + raw)
    code, said = project.build()
    assert code == 0, said
    assert {k: v for k, v in project.site().items() if not k.startswith("sitemap")} == {
        k: v for k, v in before.items() if not k.startswith("sitemap")
    }


def test_what_an_editor_hides_beside_a_page_is_no_page(project):
    project.path("docs/.#square.md").symlink_to("nobody@nowhere")
    project.path("snippets/.#square.py").symlink_to("nobody@nowhere")
    code, said = project.build()
    assert code == 0, said


def test_spoilt_records_are_made_again(project):
    for path in ("build/pages/square.json", "build/typeset.json"):
        project.path(path).write_text('{"half')
    code, said = project.build()
    assert code == 0, said


def test_a_number_of_any_size_may_stand_in_a_program(project):
    project.edit(SNIPPET, DY, f"big = 10**5000\n{DY}")
    code, said = project.build()
    assert code == 0, said


def test_a_training_step_may_use_autograds_gradients(project):
    """A parameter that its gradient moves is not a gradient that was copied."""
    step = "w = torch.randn(3, generator=g, requires_grad=True)\nfor _ in range(2):\n    w.grad = None\n    (w**3).sum().backward()\n    torch.optim.SGD([w], lr=0.1).step()\n"
    step += "w.grad = None\n(w**3).sum().backward()\ndw = 3 * w.detach() ** 2\ncmp('dw', dw, w)"
    project.edit(SNIPPET, DY, f"{step}\n{DY}")
    code, said = project.build()
    assert code == 0, said


def test_a_weakened_cmp_on_the_page_lets_nothing_pass(project):
    project.edit("snippets/setup/compare.py", "    assert approximate,", "    assert True,")
    refuses(project, SNIPPET, DY, "dy = -2 * y", r"dy: ours and autograd differ")


def test_a_cmp_that_refuses_more_than_the_runner_is_heard(project):
    stricter = "    assert False,"
    refuses(
        project,
        "snippets/setup/compare.py",
        "    assert approximate,",
        stricter,
        r"dy: cmp on the page refused",
    )


def test_a_page_that_compares_nothing_is_refused(project):
    project.edit("mkdocs.yml", "nav:\n", "nav:\n  - Bare: bare.md\n")
    project.path("snippets/bare.py").write_text("# --8<-- [start:a]\na = 1\n# --8<-- [end:a]\n")
    project.path("docs/bare.md").write_text(
        '# Bare\n\n```python\n--8<-- "snippets/bare.py:a"\n```\n'
    )
    code, said = project.build()
    assert code == 1
    assert "docs/bare.md" in said and "this page's program compares nothing" in said


def test_all_failures_are_listed_not_only_the_first(project):
    project.edit(SNIPPET, DY, "dy = 3 * y")
    project.edit(SNIPPET, DX, "dx = dy.expand(n, -1)")
    project.edit("docs/index.md", "Read", "Read in 5 minutes")
    code, said = project.build()
    assert code == 1
    assert "section dy: dy:" in said and "section dx: dx:" in said and "5 minutes" in said


def test_what_is_wrong_on_purpose_must_be_refused(project):
    """`refused()` passes when its content is refused, and fails when it is not."""
    project.edit(SNIPPET, END, f'with refused():\n    cmp("dx", -dx, x)\n{END}')
    code, said = project.build()
    assert code == 0, said
    refuses(
        project,
        SNIPPET,
        '    cmp("dx", -dx, x)',
        '    cmp("dx", dx, x)',
        r"dx: this stands inside refused\(\), but passes cmp",
    )
