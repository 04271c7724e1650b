"""Sections of the pages, run on inputs that no page would choose.

Hypothesis makes them: odd shapes, ties, huge numbers, constant columns. What a page
derives has to agree with autograd there too, in float64, by the page's own `cmp`.
"""

import functools

import pytest
import torch
import torch.nn.functional as F
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from press.reading.sections import read_sections
from setup.compare import check, cmp
from torch.autograd.functional import jacobian

SOFTMAX = "logit_maxes norm_logits counts counts_sum counts_sum_inv probs logprobs loss"
EIGHT = "dlogprobs dprobs dcounts_sum_inv dcounts_sum dcounts_first dcounts dnorm_logits"
NINE = "dhpreact dbngain dbnbias dbnraw dbnvar_inv dbnvar dbndiff2 "
NINE += "dbndiff_first dbndiff dbnmeani dhprebn_first dhprebn"
NORMALISE = "bnmeani bndiff bndiff2 bnvar bnvar_inv bnraw hpreact"
FIVE = "dC dC_index_add dC_index_put dC_scatter_add dC_one_hot"

many = settings(max_examples=200, derandomize=True, deadline=None, database=None)


@pytest.fixture(scope="module", autouse=True)
def as_in_a_build():
    """float64, and one thread: with two, those that wait for each other on tiny tensors take longer."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)
    torch.set_num_threads(threads)


@functools.cache
def code(path, name):
    return compile(read_sections(ROOT, path, [])[name].code, f"{path}:{name}", "exec")


def run(stem, names, inputs):
    """Run sections of snippets/stem.py on these inputs; add what they leave to them."""
    inputs |= {"torch": torch, "F": F, "cmp": cmp, "check": check}
    for name in names.split():
        exec(code(f"snippets/{stem}.py", name), inputs)
    return inputs


def forward(names, inputs):
    """Run lines of the network, and let autograd go back from the last one, with a random u."""
    inputs["g"] = g = torch.Generator().manual_seed(0)
    run("setup/network", names, inputs)
    for name in names.split():
        inputs[name].retain_grad()
    last = inputs[names.split()[-1]]
    last.backward(torch.randn(last.shape, generator=g) if last.dim() else None)
    return inputs


# What hypothesis makes


def between(size):
    """Numbers up to a size, some of them likely to be equal."""
    return st.floats(-size, size) | st.sampled_from([-size, -1.0, 0.0, 1.0, size])


def tensors(shape, numbers):
    """Tensors of a shape, number by number."""
    size = torch.Size(shape).numel()
    flat = st.lists(numbers, min_size=size, max_size=size)
    return flat.map(lambda told: torch.tensor(told, dtype=torch.float64).view(shape))


def whole_numbers(shape, below):
    size = torch.Size(shape).numel()
    flat = st.lists(st.integers(0, below - 1), min_size=size, max_size=size)
    return flat.map(lambda told: torch.tensor(told, dtype=torch.int64).view(shape))


@st.composite
def scores(draw, size):
    """Logits of a batch, and its targets."""
    n, vocab_size = draw(st.integers(1, 5)), draw(st.integers(1, 8))
    logits = draw(tensors((n, vocab_size), between(size))).requires_grad_()
    Yb = draw(whole_numbers((n,), vocab_size))
    return {"logits": logits, "Yb": Yb, "n": n, "vocab_size": vocab_size}


@st.composite
def shapes_that_fit(draw):
    """Two shapes that broadcast: any size may become 1, and any leading ones be left out."""
    full, pair = draw(st.lists(st.integers(0, 4), max_size=4)), []
    for _ in "ab":
        kept = full[draw(st.integers(0, len(full))) :]
        pair.append(tuple(draw(st.sampled_from([1, size])) for size in kept))
    return pair


@st.composite
def columns(draw):
    """What goes into batch norm: columns that lie off zero, are tiny, huge, or constant."""
    n, n_hidden = draw(st.integers(2, 6)), draw(st.integers(1, 3))
    scale = draw(tensors((n_hidden,), st.sampled_from([0.0, 1e-3, 1.0, 1e3])))
    offset = draw(tensors((n_hidden,), st.sampled_from([0.0, 1.0, -30.0])))
    hprebn = draw(tensors((n, n_hidden), between(1.0))) * scale + offset
    gain, bias = (draw(tensors((1, n_hidden), between(2.0))) for _ in "ab")
    inputs = {"hprebn": hprebn, "bngain": gain, "bnbias": bias}
    return {name: t.requires_grad_() for name, t in inputs.items()} | {"n": n}


@st.composite
def contexts(draw):
    """An embedding, and contexts of few characters, so that many of them are repeated."""
    n, block_size, n_embd = (draw(st.integers(1, 4)) for _ in "abc")
    vocab_size = draw(st.integers(1, 5))
    C = draw(tensors((vocab_size, n_embd), between(1.0))).requires_grad_()
    Xb = draw(whole_numbers((n, block_size), vocab_size))
    sizes = {"n": n, "block_size": block_size, "n_embd": n_embd, "vocab_size": vocab_size}
    return {"C": C, "Xb": Xb} | sizes


# What has to hold


@many
@given(shapes_that_fit())
def test_unbroadcast_gives_autograds_gradient_for_every_pair_of_shapes(pair):
    unbroadcast = run("shapes", "stretched unbroadcast", {})["unbroadcast"]
    g = torch.Generator().manual_seed(0)
    x, y = (torch.randn(shape, generator=g).requires_grad_() for shape in pair)
    u = torch.randn((x * y).shape, generator=g)
    (x * y).backward(u)
    torch.testing.assert_close(unbroadcast(u * y, x.shape), x.grad)
    torch.testing.assert_close(unbroadcast(u * x, y.shape), y.grad)


@many
@given(scores(size=1e4))
def test_cross_entropy_in_one_step_holds_for_all_logits(inputs):
    F.cross_entropy(inputs["logits"], inputs["Yb"]).backward()
    run("fused_cross_entropy", "dlogits rows_zero", inputs)


@many
@given(scores(size=300.0))
def test_cross_entropy_line_by_line_holds_while_no_probability_is_zero(inputs):
    forward(SOFTMAX, inputs)
    run("cross_entropy", f"loss_mean {EIGHT} dlogit_maxes zero_sum dlogits", inputs)
    run("cross_entropy", "random_incoming dcounts_sum_short dlogits_matrix", inputs)


@many
@given(columns())
def test_batch_norm_holds_line_by_line_and_in_one_step_for_all_columns(inputs):
    forward(NORMALISE, inputs)
    run("batchnorm", NINE, inputs)
    run("fused_batchnorm", "dhprebn_fused torch_itself da", inputs)


@many
@given(columns())
def test_the_jacobian_of_batch_norm_holds_for_all_columns(inputs):
    forward(NORMALISE, inputs)
    run("geometry", "unit normalised jacobian", inputs | {"jacobian": jacobian})


@many
@given(contexts())
def test_the_embeddings_gradient_sums_over_repeated_characters(inputs):
    forward("emb", inputs)
    inputs["demb"] = inputs["emb"].grad
    run("embedding", f"emb_brackets {FIVE} agree", inputs)
