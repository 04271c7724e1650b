"""The scoreboard: its lines are those of the pages, and they hold for other networks too."""

import ast
import copy
import json
import re

import pytest
import torch
import torch.nn.functional as F
from conftest import ROOT
from press.running import program
from test_site import Reader, file_of
from test_snippets import PAGES, PROGRAMS, sections_of

GRADIENTS = [
    "logprobs", "probs", "counts_sum_inv", "counts_sum", "counts", "norm_logits", "logit_maxes", "logits",
    "h", "W2", "b2", "hpreact", "bngain", "bnbias", "bnraw", "bnvar_inv",
    "bnvar", "bndiff2", "bndiff", "bnmeani", "hprebn",
    "embcat", "W1", "b1", "emb", "C",
]  # fmt: skip
ZERO = ("logit_maxes", "b1")

# gradient: why the scoreboard has another form than the page that derives it
ANOTHER_FORM = {}


def own_sections(page):
    return [section for section in page.program if section.path == page.snippet]


class Put(ast.NodeTransformer):
    """Writes what a function was called with in the place of its parameters."""

    def __init__(self, given):
        self.given = given

    def visit_Name(self, node):
        return copy.deepcopy(self.given.get(node.id, node))


class Snippet:
    """The top level of a page's own sections: its functions, and its lines in order."""

    def __init__(self, page):
        body = [line for section in own_sections(page) for line in ast.parse(section.code).body]
        self.functions = {f.name: f for f in body if isinstance(f, ast.FunctionDef)}
        self.body = [line for line in body if not isinstance(line, ast.FunctionDef)]
        self.made = {}  # the line that makes a name which is no gradient
        for line in self.body:
            if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name):
                self.made.setdefault(line.targets[0].id, line)

    def forms(self, gradient):
        """Every way in which a gradient is derived here: each the list of its lines."""
        found = []
        for line in self.body:
            starts = isinstance(line, ast.Assign) and is_name(line.targets[0], gradient)
            if starts:
                found.append([])
            if starts or (found and changes(line, gradient)):
                found[-1] += [text for each in self.inlined(line) for text in self.told(each)]
        return found

    def inlined(self, line):
        """The line, or the lines of the snippet's own function that it calls."""
        value = getattr(line, "value", None)
        own = isinstance(value, ast.Call) and self.functions.get(getattr(value.func, "id", ""))
        if not (own and isinstance(line, ast.Assign)):
            return [line]
        parameters = [parameter.arg for parameter in own.args.args]
        put, target = Put(dict(zip(parameters, value.args, strict=True))), line.targets[0]
        lines = [put.visit(copy.deepcopy(each)) for each in own.body]
        assert isinstance(lines[-1], ast.Return), own.name
        returned = lines.pop().value
        if changes(last := ast.Expr(returned), target.id):
            return [*lines, last]  # x = x.f_() is x.f_()
        if is_name(returned, target.id):
            return lines
        return [*lines, ast.Assign([target], returned, lineno=0)]

    def told(self, line):
        """The line as text, after those that make what it reads, if no gradient does."""
        read = [node.id for node in ast.walk(line) if isinstance(node, ast.Name)]
        made = [self.made[name] for name in dict.fromkeys(read) if name in self.made]
        lines = [each for each in made if each.targets[0].id[1:] not in GRADIENTS]
        return [ast.unparse(ast.fix_missing_locations(each)) for each in [*lines, line]]


def is_name(node, name):
    return isinstance(node, ast.Name) and node.id == name


def changes(line, name):
    """Whether a line changes a tensor in place: x += ..., x[...] = ..., x.f_(...)."""
    if isinstance(line, ast.AugAssign):
        return is_name(line.target, name)
    if isinstance(line, ast.Assign):
        target = line.targets[0]
        return isinstance(target, ast.Subscript) and is_name(target.value, name)
    call = line.value if isinstance(line, ast.Expr) else None
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
        return is_name(call.func.value, name) and call.func.attr.endswith("_")
    return False


def owner_of(gradient):
    """The first page of the path that derives it: the one with a section of this name."""
    for page in PAGES:
        if page.stem != "scoreboard" and gradient in {s.name for s in own_sections(page)}:
            return page
    return None


@pytest.mark.parametrize("name", GRADIENTS)
def test_a_line_of_the_scoreboard_is_the_line_that_its_page_derives(name):
    gradient = f"d{name}"
    [ours] = Snippet(PROGRAMS["scoreboard"]).forms(gradient)
    owner = owner_of(gradient)
    assert owner, f"no page has a section {gradient}"
    theirs = Snippet(owner).forms(gradient)
    assert (ours not in theirs) == (gradient in ANOTHER_FORM), f"{owner.snippet}: {theirs}"


@pytest.mark.parametrize(
    "old, new",
    [
        ("-(counts_sum**-2)", "-(counts_sum**-3)"),
        ("dcounts += torch.ones_like(counts) * dcounts_sum\n", ""),
        ("return -dnorm_logits.sum", "return dnorm_logits.sum"),
        ("logits.argmax(1)", "logits.argmin(1)"),
        ("dlogprobs[rows, Yb] = -1.0", "dlogprobs[rows, Yb] = 1.0"),
        ("rows = range(n)", "rows = range(1, n)"),
    ],
)
def test_a_line_that_differs_is_noticed(old, new):
    page = copy.copy(PROGRAMS["scoreboard"])
    texts = [section.code.replace(old, new) for section in page.program]
    assert texts != [section.code for section in page.program]
    page.program = [
        section.__class__(section.path, section.name, section.line, text, section.gap)
        for section, text in zip(page.program, texts, strict=True)
    ]
    theirs = Snippet(PROGRAMS["cross_entropy"])
    names = [f"d{name}" for name in GRADIENTS[:8]]
    assert all(
        Snippet(PROGRAMS["scoreboard"]).forms(name)[0] in theirs.forms(name) for name in names
    )
    assert any(Snippet(page).forms(name)[0] not in theirs.forms(name) for name in names)


def test_no_gradient_of_autograds_enters_the_chain():
    sections = {section.name: section.code for section in own_sections(PROGRAMS["scoreboard"])}
    names = list(sections)
    chain = "".join(sections[name] for name in names[: names.index("comparisons")])
    assert "dC" in chain and "grad" not in chain and "backward" not in chain


# seed, letters of context, n_embd, n_hidden, examples
NETWORKS = [
    (1, 3, 10, 64, 32), (2, 3, 10, 64, 2), (3, 1, 4, 5, 2), (4, 5, 2, 7, 3), (5, 2, 3, 200, 17),
    (6, 3, 1, 1, 64), (7, 4, 27, 27, 27),
]  # fmt: skip


def execute(stem, seed, block_size, n_embd, n_hidden, batch_size, without=()):
    """A page's program in float64, for another network; the witness of its run."""
    texts = {
        "block_size = 3 ": f"block_size = {block_size} ",
        "n_hidden = 2147483647, 10, 64\n": f"n_hidden = {seed}, {n_embd}, {n_hidden}\n",
        "batch_size = 32\n": f"batch_size = {batch_size}\n",
    }
    sections = [section for section in sections_of(PROGRAMS[stem]) if section[1] not in without]
    for old, new in texts.items():
        assert sum(old in section[3] for section in sections) == 1
        sections = [[*where, code.replace(old, new)] for *where, code in sections]
    witness, _ = program.execute(sections, "float64")
    return witness


@pytest.mark.parametrize("network", NETWORKS)
def test_the_chain_holds_for_other_seeds_batches_and_layers(folder, network):
    witness = execute("scoreboard", *network)
    assert witness.failures == []
    gradients = [check for check in witness.checks if check["kind"] == "gradient"]
    assert {check["name"] for check in gradients} == {f"d{name}" for name in GRADIENTS}


# What the page shows of its own batch, and its clock: a batch of two need not show it too.
SHOWN = ("merge", "num_classes", "clock", "lost", "zero_columns")


@pytest.mark.parametrize("network", NETWORKS)
def test_the_embedding_holds_for_other_seeds_batches_and_layers(folder, network):
    witness = execute("embedding", *network, without=SHOWN)
    assert witness.failures == []
    assert [check["section"] for check in witness.checks if check["name"] == "dC"] == [
        "dC", "dC", "dC_index_add", "dC_index_put", "dC_scatter_add", "dC_one_hot",
    ]  # fmt: skip


@torch.no_grad()
def loss_of(X, Y, C, W1, b1, W2, b2, bngain, bnbias):
    """The network once more, in torch's own operations."""
    hprebn = F.linear(F.embedding(X, C).flatten(1), W1.T, b1)
    spread = (hprebn.var(0, correction=1) + 1e-5).sqrt()
    h = torch.tanh(bngain * (hprebn - hprebn.mean(0)) / spread + bnbias)
    return F.cross_entropy(F.linear(h, W2.T, b2), Y)


def test_the_parameters_gradients_are_the_slopes_of_the_loss(folder):
    """Centred differences know nothing of derivatives, nor of autograd."""
    ns = execute("scoreboard", 8, 3, 2, 3, 6).namespace
    parameters = [p.detach().clone() for p in ns["parameters"]]
    names, nudge = ["C", "W1", "b1", "W2", "b2", "bngain", "bnbias"], 1e-5
    for name, p in zip(names, parameters, strict=True):
        ours, entries = ns[f"d{name}"].flatten(), p.view(-1)
        for k, value in enumerate(entries.tolist()):
            entries[k] = value + nudge
            up = loss_of(ns["Xb"], ns["Yb"], *parameters)
            entries[k] = value - nudge
            down = loss_of(ns["Xb"], ns["Yb"], *parameters)
            entries[k] = value
            slope = (up - down) / (2 * nudge)
            torch.testing.assert_close(ours[k], slope, rtol=1e-6, atol=1e-9)


def test_the_verdict_in_float64_is_that_of_the_report(site):
    report = json.loads((ROOT / "build/report.json").read_text())
    decided = [
        check
        for check in report["checks"]
        if (check["page"], check["section"], check["dtype"])
        == ("docs/scoreboard.md", "comparisons", "float64")
    ]
    assert [check["name"][1:] for check in decided] == GRADIENTS
    worst = max(check["max_rel"] for check in decided if check["name"][1:] not in ZERO)
    agreed = sum(check["passed"] for check in decided)
    words = " ".join(" ".join(Reader(file_of(site, "scoreboard").read_text()).words).split())
    said = re.search(r"ran in float64: (\d+) of (\d+) agree.* and (\S+) in float64", words)
    assert (int(said[1]), int(said[2])) == (agreed, len(GRADIENTS))
    assert float(said[3]) == pytest.approx(worst, rel=0.51)
