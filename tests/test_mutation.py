"""Change every operator and every number of every section, one at a time: all are refused.

A change that no page's program can notice must be caught by tests/facts.py, which
says a second time what the set-up is. What remains is listed below, each with the
reason why the changed program is the same, or as good.
"""

import ast
import copy

import facts
import pytest
import records
from running import program
from test_snippets import NAMES, PROGRAMS, folder, sections_of  # noqa: F401

SWAP = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.Pow: ast.Mult, ast.MatMult: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.GtE, ast.GtE: ast.Lt,
    ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip

SHIFT = "the loss does not feel what is added to a whole row"

# (section, the changed line, as Python writes it): why nothing can refuse it
THE_SAME = {
    (
        "fetch",
        "names = urllib.request.urlopen(HOME, timeout=31).read()",
    ): "it waits longer for an answer",
    ("neuron", "g = torch.Generator().manual_seed(8)"): "other random numbers, as good",
    ("nudge", "step = 0.2"): "another small step, with the same prediction for it",
    ("contexts", "for row in range(7):"): "it shows one more example",
    ("cube", "x, delta = (torch.rand(5, generator=g), 0.2)"): "the equation holds for every step",
    ("cube", "x, delta = (torch.rand(6, generator=g), 0.1)"): "it holds for one more number",
    ("rest", "return from_norm_logits(logits.double() + logit_maxes)"): SHIFT,
    ("rest", "return from_norm_logits(logits + logits.max(1, keepdim=True).values)"): SHIFT,
    ("slopes", "def slopes(loss_from, x, delta=2e-05):"): "another small step",
    ("logsumexp", "z, y = (logits[0].detach(), Yb[1])"): "the equation holds for every y",
    ("far", "far = hprebn.detach() - 10000.0"): "as far from zero, on the other side",
    ("far", "far = hprebn.detach() + 20000.0"): "farther from zero",
    ("overflow", "huge = torch.full((4,), 1000.0)"): "one more huge logit",
    ("overflow", "huge = torch.full((3,), 2000.0)"): "huger logits",
    (
        "transposed",
        "check('one_column', ones * bnbias, copies, kind='forward')",
    ): "a column times a row is broadcast to their matrix product",
    ("edge", "grid = torch.arange(2000) / 101"): "a finer grid",
    ("edge", "grid = torch.arange(2001) / 100"): "a longer grid",
}


def mutants(code):
    """Every program that differs from `code` in one operator or one number."""
    size = len(list(ast.walk(ast.parse(code))))
    for position in range(size):
        for variant in ("swap", "drop", "number"):
            tree = ast.parse(code)
            node = list(ast.walk(tree))[position]
            changed = change(node, variant)
            if changed is None:
                continue
            tree = Replace(node, changed).visit(tree)
            yield node, ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def change(node, variant):
    """The node with its operator or its number changed, or None."""
    new = copy.deepcopy(node)
    if variant == "swap" and isinstance(node, (ast.BinOp, ast.AugAssign, ast.BoolOp)):
        new.op = SWAP[type(node.op)]()
    elif variant == "swap" and isinstance(node, ast.Compare):
        new.ops = [SWAP[type(op)]() for op in node.ops]
    elif variant == "drop" and isinstance(node, ast.UnaryOp):
        return node.operand
    elif variant == "number" and isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            new.value = not node.value
        elif isinstance(node.value, int):
            new.value += 1
        elif isinstance(node.value, float):
            new.value *= 2
        else:
            return None
    else:
        return None
    return new


class Replace(ast.NodeTransformer):
    def __init__(self, old, new):
        self.old, self.new = old, new

    def visit(self, node):
        return self.new if node is self.old else super().visit(node)


def refused(page, sections):
    """Whether the build, or what the tests know of the set-up, refuses this program."""
    for dtype in ("float64", "float32"):
        witness, _ = program.execute(sections, dtype)
        record = {"checks": witness.checks}
        if witness.failures or (dtype == "float64" and records.unchecked(page, record)):
            return True
        try:
            facts.all_that_apply(witness.namespace | witness.wrapped, NAMES[::40], dtype)
        except AssertionError:
            return True
    return False


def changed_line(before, after):
    """The line of the mutant that is not in the original."""
    old = ast.unparse(ast.parse(before)).splitlines()
    return next((line.strip() for line in after.splitlines() if line not in old), "")


def owned(page):
    """The sections a page answers for: its own, and shared ones that no page with more of them runs."""
    fullest = sorted(PROGRAMS.values(), key=lambda other: -len(shared(other)))
    earlier = {section for other in fullest[: fullest.index(page)] for section in shared(other)}
    own = [section for section in page.program if section.path == page.snippet]
    return [section.told() for section in own + shared(page) if section not in earlier]


def shared(page):
    return [section for section in page.program if section.path.startswith("snippets/setup/")]


@pytest.mark.slow
@pytest.mark.parametrize("stem", PROGRAMS)
def test_every_changed_operator_and_number_is_refused(folder, stem):  # noqa: F811
    page, missed, count = PROGRAMS[stem], [], 0
    sections, mine = sections_of(page), owned(PROGRAMS[stem])
    assert not refused(page, sections), "the program itself"
    for position, (path, name, line, code) in enumerate(sections):
        if [path, name, line, code] not in mine:
            continue
        for _, mutant in mutants(code):
            count += 1
            changed = sections[:position] + [[path, name, line, mutant]] + sections[position + 1 :]
            if not refused(page, changed):
                missed.append((name, changed_line(code, mutant)))
    assert count > 3
    left = [case for case in missed if case not in THE_SAME]
    assert not left, "\n".join(f"{name}: {text}" for name, text in left)
    print(f"{count} changed programs, {len(missed)} of them the same")


def test_every_program_listed_as_the_same_is_one():
    """No entry of THE_SAME that no longer stands for a line."""
    lines = {
        (s.name, c) for p in PROGRAMS.values() for s in p.program for c in mutated_lines(s.code)
    }
    assert set(THE_SAME) <= lines


def mutated_lines(code):
    return [changed_line(code, mutant) for _, mutant in mutants(code)]
