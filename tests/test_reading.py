"""How sides are counted, and what counts as a typed number."""

import pytest
from press.formulas.tex import count_sides
from press.reading.prose import typed_numbers

SIDES = [
    (r"a = b", 2),
    (r"a = b = c,", 3),
    (r"\sum_{j=1}^n [k=y_i] x = \frac{a}{b=c} = 0.", 3),
    (r"\begin{aligned} a &= b \\[4pt] &= c \end{aligned}", 3),
    (r"a = \begin{cases} 1 & k = y \\ 0 & k \neq y \end{cases}", 2),
    (r"a = b % not = c", 2),
    (r"a \overset{(1)}{=} b \stackrel{!}{=} c", 3),
    (r"a = \left\{ x \right. = b", 3),
    (r"\left. a \right|_{x=0} = [0, 1)", 2),
    (r"a = \Bigl[k = \operatorname*{arg\,max}_{j} z_{ij}\Bigr] b", 2),
    (r"\|x\| = \sqrt{y}", 2),
]
NO_CHAIN = [
    (r"a", "holds no equality"),
    (r"a =", "a side of this equality is empty"),
    (r"a = b, \qquad c = d", "a second equality starts"),
    (r"\begin{aligned} a &= b \\ c &= d \end{aligned}", "a second equality starts"),
    (r"a \approx b", r"\approx is no equality"),
    (r"a = b \Leftrightarrow c", r"\Leftrightarrow is no equality"),
    (r"a \mapsto b = c", r"\mapsto is no equality"),
    (r"a < b", "< is no equality"),
    (r"a = (b = c", "the brackets of this display do not pair"),
]
TYPED = [
    "3.14", ".5", "1e9", "3e-7", "1E-5", "3,456", "29 %", "29 percent", "29 per cent", "12 ms",
    "12 milliseconds", "30 microseconds", "3 s", "2 hours", "7 TB", "12&nbsp;ms", "**12** ms",
    "a 12-second run", "12 MB", "$0.25$", "`0.25`", "If p < 0.05 and q > 3", "[^a]: It took 12 ms",
]  # fmt: skip
SAID = [
    "in 2 steps", "26 gradients", "0s and 1s", "the 1980s", "2 min and 3 max", "page 2 has",
    "float32 and x86_64", "16 digits", "CC BY 4.0", "https://a.org/abs/1502.03167", "$x = 2.5$",
    "`counts_sum**-1`", "[a link](https://a.org/1.5)", "{{ x.loss:.3f }}", '<a name="1.5">',
]  # fmt: skip


@pytest.mark.parametrize(("tex", "sides"), SIDES)
def test_the_sides_of_a_chain_are_counted(tex, sides):
    assert count_sides(tex) == (sides, None)


@pytest.mark.parametrize(("tex", "why"), NO_CHAIN)
def test_what_is_no_chain_of_equalities_is_refused(tex, why):
    sides, told = count_sides(tex)
    assert sides == 0 and why in told


@pytest.mark.parametrize("text", TYPED)
def test_a_typed_number_is_noticed(text):
    assert typed_numbers("docs/x.md", text)


@pytest.mark.parametrize("text", SAID)
def test_what_is_no_typed_number_is_left_alone(text):
    assert typed_numbers("docs/x.md", text) == []
