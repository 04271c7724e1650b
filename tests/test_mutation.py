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

# (section, the changed line, as Python writes it): why nothing can refuse it
THE_SAME = {
    (
        "fetch",
        "names = urllib.request.urlopen(HOME, timeout=31).read()",
    ): "it waits a second longer for an answer",
    ("nudge", "step = 0.2"): "another small step, with the same prediction for it",
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


def refused(page, sections, setup):
    """Whether the build, or what the tests know of the set-up, refuses this program."""
    for dtype in ("float64", "float32"):
        witness, outputs = program.execute(sections, dtype)
        record = {"checks": witness.checks}
        if witness.failures or dtype == "float64" and records.unchecked(page, record):
            return True
        if setup and dtype == "float64":
            try:
                facts.the_examples_are_right(witness.namespace, NAMES[::40])
                facts.the_parameters_are_right(witness.namespace)
                facts.the_forward_pass_is_right(witness.namespace)
                facts.the_comparison_is_right(witness.wrapped)
                facts.the_fetch_is_right(witness.namespace)
            except AssertionError:
                return True
    return False


def changed_line(before, after):
    """The line of the mutant that is not in the original."""
    old = ast.unparse(ast.parse(before)).splitlines()
    return next((line.strip() for line in after.splitlines() if line not in old), "")


@pytest.mark.parametrize("stem", PROGRAMS)
def test_every_changed_operator_and_number_is_refused(folder, stem):  # noqa: F811
    page, seen, missed, count = PROGRAMS[stem], set(), [], 0
    sections = sections_of(page)
    assert not refused(page, sections, True), "the program itself"
    for position, (path, name, line, code) in enumerate(sections):
        setup = path.startswith("snippets/setup/")
        for _, mutant in mutants(code):
            count += 1
            changed = sections[:position] + [[path, name, line, mutant]] + sections[position + 1 :]
            if not refused(page, changed, setup):
                missed.append((name, changed_line(code, mutant)))
            seen.add(name)
    assert count > 100
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
