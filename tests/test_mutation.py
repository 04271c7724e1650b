"""Change operators and numbers of every section, one at a time: all are refused.

A change that no page's program can notice must be caught by tests/facts.py, which
says a second time what the set-up is. What remains is listed below, each with the
reason why the changed program is the same, or as good.
"""

import ast
import copy
import os
import shutil
import signal
import tempfile

import facts
import pytest
import torch
import training_facts
from conftest import NAMES
from press.records.judging import unchecked
from press.running import program
from press.running.witness import Witness
from test_snippets import PROGRAMS, sections_of, short, told

SWAP = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.Pow: ast.Mult, ast.MatMult: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.GtE, ast.GtE: ast.Lt,
    ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip

CORES = 1 if "PYTEST_XDIST_WORKER" in os.environ else 2  # other tests run on the other cores
SECONDS = 120  # for one changed program
TESTING = os.getpid()  # every other process is a child that runs a changed program
PASSED, REFUSED = 7, 8  # exit codes of a child; any other is an accident
SHIFT = "the loss does not feel what is added to a whole row"
LONGER = "it goes on a little longer"

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
    ("one_step", "return (x.var(0) - 1e-05).sqrt()"): "another epsilon, as small",
    ("one_step", "return (x.var(0) + 2e-05).sqrt()"): "another epsilon, as small",
    ("numbers", "k, size = (vocab_size, 10)"): "another size",
    (
        "numbers",
        "known = {name: torch.rand(shape, generator=g) + 2 for name, shape in shapes.items()}",
    ): "other numbers, positive too",
    ("lost", "z = torch.tensor([[0.0, -2000.0, 1.0]], requires_grad=True)"): "farther below",
    ("lost", "z = torch.tensor([[0.0, -1000.0, 2.0]], requires_grad=True)"): "another logit",
    ("lost", "z = torch.tensor([[1.0, -1000.0, 1.0]], requires_grad=True)"): "another logit",
    ("lost", "c = (z + z.max()).exp()"): SHIFT,
    ("forces", "plt.figure(figsize=(9, 7))"): "a larger drawing",
    ("forces", "plt.figure(figsize=(8, 8))"): "a larger drawing",
    (
        "processor",
        "return subprocess.check_output(command, timeout=61, **told).decode()",
    ): "it waits longer for an answer",
    ("tools", "torch.set_num_threads(2)"): "as fast, or slower",
    (
        "nudged",
        "return torch.vmap(loss_from, chunk_size=65)(x + nudges).view(x.shape)",
    ): "one more copy at a time",
    (
        "transposed",
        "check('one_column', ones * bnbias, copies, kind='forward')",
    ): "a column times a row is broadcast to their matrix product",
    ("edge", "grid = torch.arange(2000) / 101"): "a finer grid",
    ("edge", "grid = torch.arange(2001) / 100"): "a longer grid",
    ("race", "step(own, *batch(), 0.2)"): "a larger step takes as long",
    ("run", "steps, every = (40, 6)"): "it is looked at less often",
    ("learning", "at, dev, told = zip(*(curve[2:] or curve))"): "it is drawn from further on",
    ("learning", "at, dev, told = zip(*(curve[1:] and curve))"): "it is drawn from the start",
    ("fell", "q = (len(curve) + 1) // 4"): "a whole run has quarters either way",
    (
        "fell",
        "verdict = 'has stopped' if last_fall < first_fall / 101 else 'goes on'",
    ): "nobody can say when exactly a curve is level",
    ("twins", "marks = _, few, many = (2, 5, 10)"): "other steps to look at",
    ("twins", "marks = _, few, many = (1, 6, 10)"): "other steps to look at",
    ("twins", "marks = _, few, many = (1, 5, 11)"): LONGER,
    ("timings", "rounds, times = (2, 2)"): LONGER,
    ("timings", "rounds, times = (1, 3)"): LONGER,
    ("tiny", "return draw(Xtr, Ytr, 3, g)"): "another tiny batch",
    (
        "tiny",
        "tiny = race(kinds, draw_parameters(2, g), tiny_batch, rounds, times)",
    ): "another tiny network",
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
            new.value = 2 * node.value or 1.0
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


class Impatient(Witness):
    """Ends a changed program at its first failure: a build refuses it for one as for ten."""

    def fail(self, name, text):
        if os.getpid() != TESTING:
            os._exit(REFUSED)
        super().fail(name, text)


class Forking(list):
    """A program that runs once, and from each place on in every version of the section there.

    versions: {place: changed codes}. Each runs in a process of its own, with what
    stands before it as it is.
    """

    def __init__(self, sections, versions):
        super().__init__(sections)
        self.versions, self.children = versions, {}
        self.read = False

    def __iter__(self):
        if not self.read:  # the lines are told to linecache before anything runs
            self.read = True
            return super().__iter__()
        return self.versions_of_it()

    def versions_of_it(self):
        sections = list(super().__iter__())
        for place, section in enumerate(sections):
            *where, _ = section
            running = []
            for code in self.versions.get(place, ()):
                if len(running) == CORES:
                    self.wait(running.pop(0))
                process = os.fork()
                if not process:
                    signal.alarm(SECONDS)  # a change may make a loop endless: a build would stop it
                    self.children = None  # this is a child, and it writes into a folder of its own
                    names, mine = os.path.abspath("names.txt"), tempfile.mkdtemp(dir=".")
                    os.chdir(mine)
                    shutil.copy(names, "names.txt")
                    yield [*where, code]
                    yield from sections[place + 1 :]
                    return
                running.append((place, code, process))
            for each in running:
                self.wait(each)
            yield section

    def wait(self, child):
        place, code, process = child
        self.children[place, code] = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])

    def passed(self):
        """{place: the codes of it that nothing refused}"""
        return {
            place: [code for code in codes if self.children[place, code] == PASSED]
            for place, codes in self.versions.items()
        }


def passed(page, sections, versions, monkeypatch):
    """Which versions neither the build refuses nor what the tests know of the set-up."""
    monkeypatch.setattr(program, "Witness", Impatient)
    torch.set_num_threads(1)  # threads do not survive a fork
    for dtype in ("float64", "float32"):
        forking = Forking(sections, versions)
        witness = outputs = None
        try:
            witness, outputs = program.execute(forking, dtype)
        finally:
            if forking.children is None:  # a child: it says what it found, and ends
                os._exit(judged(page, witness, outputs, dtype))
        assert judged(page, witness, outputs, dtype) == PASSED, "the program itself"
        versions = forking.passed()
    return versions


def judged(page, witness, outputs, dtype):
    """What a child's exit code says of its program."""
    if witness is None or witness.failures:
        return REFUSED
    if dtype == "float64" and unchecked(page, {"checks": witness.checks}):
        return REFUSED
    try:
        facts.all_that_apply(witness.namespace | witness.wrapped, NAMES[::40], dtype)
        training_facts.all_that_apply(witness.namespace, outputs, dtype)
    except Exception:
        return REFUSED  # the facts do not hold, or the program's functions break in their hands
    return PASSED


def changed_line(before, after):
    """The line of the mutant that is not in the original."""
    old = ast.unparse(ast.parse(before)).splitlines()
    return next((line.strip() for line in after.splitlines() if line not in old), "")


def owned(page):
    """The sections a page answers for: its own, and shared ones that no page with more of them runs."""
    fullest = sorted(PROGRAMS.values(), key=lambda other: -len(shared(other)))
    earlier = {section for other in fullest[: fullest.index(page)] for section in shared(other)}
    own = [section for section in page.program if section.path == page.snippet]
    return [told(section) for section in own + shared(page) if section not in earlier]


def shared(page):
    return [section for section in page.program if section.path.startswith("snippets/setup/")]


# This page is such a test itself: its lines are texts, each compared with autograd there.
CHANGED = [stem for stem in PROGRAMS if stem != "mistakes"]


@pytest.mark.slow
@pytest.mark.parametrize("stem", CHANGED)
def test_every_changed_operator_and_number_is_refused(folder, stem, monkeypatch):
    sections, mine = sections_of(PROGRAMS[stem]), owned(PROGRAMS[stem])
    versions = {
        place: [mutant for _, mutant in mutants(section[3])]
        for place, section in enumerate(sections)
        if section in mine
    }
    first = next(place for place, codes in versions.items() if codes)
    versions[first].append(sections[first][3])
    found = passed(PROGRAMS[stem], sections, versions, monkeypatch)
    assert sections[first][3] in found[first], "the program itself"
    found[first].remove(sections[first][3])
    missed = [
        (sections[place][1], changed_line(sections[place][3], code))
        for place, codes in found.items()
        for code in codes
    ]
    left = [case for case in missed if case not in THE_SAME]
    assert not left, "\n".join(f"{name}: {text}" for name, text in left)
    print(f"{sum(map(len, versions.values()))} changed programs, {len(missed)} of them the same")


def test_every_program_listed_as_the_same_is_one():
    """No entry of THE_SAME that no longer stands for a line."""
    named = {name for name, _ in THE_SAME}
    sections = {s for p in PROGRAMS.values() for s in p.program if s.name in named}
    lines = {(s.name, c) for s in sections for c in mutated_lines(short(s.code))}
    assert set(THE_SAME) <= lines


def mutated_lines(code):
    return [changed_line(code, mutant) for _, mutant in mutants(code)]
