"""The small torch that exercises run in a browser: held against the real one."""

import gzip
import json
import random
import re
import subprocess
import sys
from collections import Counter

import evaluate
import expressions
import pytest
import small_torch
import torch
from conftest import PLAIN, ROOT

small = small_torch.load()
EACH = 20  # expressions for each name that the small torch documents
CASES = list(expressions.cases(sorted(small.everywhere), EACH))
MISTAKES = list(expressions.mistakes(2))


@pytest.fixture(autouse=True)
def float64():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def alike(ours, theirs):
    """Equal; numbers to 1e-12; of an error's text, the beginning will do."""
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(alike, ours, theirs))
    if isinstance(ours, dict) and "error" in ours and "error" in theirs:
        (kind, text), (due, words) = ours["error"], theirs["error"]
        return kind == due and (text == words or (len(text) > 35 and words.startswith(text)))
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(alike(ours[k], theirs[k]) for k in ours)
    if isinstance(ours, float) and isinstance(theirs, float):
        return abs(ours - theirs) <= 1e-12 * max(1, abs(theirs))
    return type(ours) is type(theirs) and ours == theirs


def plain(answer):
    return json.loads(json.dumps(answer))


def compare(cases, answers):
    differences = []
    for case, ours in zip(cases, answers, strict=True):
        theirs = plain(evaluate.evaluate(torch, case))
        assert theirs.get("error", [""])[0] not in ("SyntaxError", "NameError"), case
        if not alike(ours, theirs):
            differences.append(f"{case['code']}\n{case['leaves']}\nours   {ours}\ntheirs {theirs}")
    report = "\n\n".join(differences[:5])
    assert not differences, f"{len(differences)} of {len(answers)} differ\n\n{report}"


def test_random_expressions_give_torchs_values_and_gradients():
    answers = [plain(evaluate.evaluate(small, case)) for case in CASES]
    compare(CASES, answers)
    assert sum("error" in answer for answer in answers) < len(CASES) / 20


def test_every_documented_name_is_in_at_least_twenty_expressions():
    written = Counter(name for case in CASES for name in set(re.findall(r"\w+", case["code"])))
    names = {name for _, names in small.LISTS for name in names}
    names |= {f"{name}_" for name in small.everywhere}
    drawn = {"Generator", "manual_seed", "rand", "randint", "randn"}  # have tests of their own
    aliases = {"Tensor", "bool", "double", "float32", "inf", "long", "nan", "nn"}
    few = {name: written[name] for name in names if written[name] < EACH}
    assert set(few) <= drawn | aliases, few


def test_mistakes_are_refused_in_torchs_words():
    answers = [plain(evaluate.evaluate(small, case)) for case in MISTAKES]
    compare(MISTAKES, answers)
    assert all("error" in answer for answer in answers)


EVALUATE = """
import json, torch
from evaluate import evaluate
for case in json.loads(open("/app/data.json").read()):
    print(json.dumps(evaluate(torch, case)))
"""


# What MicroPython does in its own way or says in its own words: see torch.__doc__.
MICROPYTHONS_OWN = re.compile(
    r"[-+*] ('a'|None|\[1, 2\])$|= \d+(\.\d)? [<>]=? |keepdin|^\w+ [*/|&]+= ", re.M
)


def test_the_same_expressions_in_micropython_with_ulab():
    cases = CASES[::3] + MISTAKES[::2]
    cases = [case for case in cases if not MICROPYTHONS_OWN.search(case["code"])]
    printed = small_torch.micropython(EVALUATE, cases, [ROOT / "tests/evaluate.py"])
    compare(cases, [json.loads(line) for line in printed.splitlines()])


DRAWS = [
    "torch.randn(2, generator=g)", "torch.randn((), generator=g)", "torch.randn(15, generator=g)",
    "torch.randn((27, 10), generator=g)", "torch.randn(17, generator=g)", "torch.randn(16, generator=g)",
    "torch.rand(5, generator=g)", "torch.rand((3, 40), generator=g)", "torch.randn(1, generator=g)",
    "torch.randint(0, 182625, (32,), generator=g)", "torch.randint(10, (3, 4), generator=g)",
    "torch.randint(-5, 5, (7,), generator=g)", "torch.randn(3, 1, generator=g)",
]  # fmt: skip
SEEDS = [0, 1, 7, 42, 1337, 2147483647, 2147483657, 2**40 + 5]


def draw(lib, seed):
    """All kinds of draws from one generator, in an order of the seed's."""
    g, order = lib.Generator().manual_seed(seed), random.Random(seed).choices(DRAWS, k=25)
    return [eval(call, {"torch": lib, "g": g}) for call in order]


def drawn_alike(ours, seed):
    """To the last digit of a float32: torch's vector code sometimes rounds the other way."""
    torch.set_default_dtype(torch.float32)
    same = total = 0
    for got, due in zip(ours, draw(torch, seed), strict=True):
        got = torch.tensor(got, dtype=torch.float64).view(due.shape)
        apart = (got - due).abs()
        assert (apart <= (2.5e-7 * due.abs().clamp(min=1) if due.is_floating_point() else 0)).all()
        same, total = same + (apart == 0).sum().item(), total + due.numel()
    assert same > 0.7 * total


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_draws_torchs_numbers(seed):
    drawn_alike([t.tolist() for t in draw(small, seed)], seed)


def test_a_seed_draws_torchs_numbers_in_micropython():
    calls = [random.Random(seed).choices(DRAWS, k=25) for seed in SEEDS]
    printed = small_torch.micropython(
        "import json, torch\n"
        "for seed, calls in json.loads(open('/app/data.json').read()):\n"
        "    g = torch.Generator().manual_seed(seed)\n"
        "    print(json.dumps([eval(call).tolist() for call in calls]))\n",
        list(zip(SEEDS, calls, strict=True)),
    )
    for seed, line in zip(SEEDS, printed.splitlines(), strict=True):
        drawn_alike(json.loads(line), seed)


def test_without_a_generator_the_seed_of_manual_seed_counts():
    torch.set_default_dtype(torch.float32)
    torch.manual_seed(3), small.manual_seed(3)
    assert torch.randn(3).tolist() == small.randn(3).tolist()
    assert torch.randint(9, (20,)).tolist() == small.randint(9, (20,)).tolist()


NETWORK = (ROOT / "snippets/setup/network.py").read_text()
NETWORK = NETWORK[NETWORK.index("# from letters to the hidden layer") :]
SHAPES = {
    "C": (27, 4),
    "W1": (12, 12),
    "b1": (12,),
    "W2": (12, 27),
    "b2": (27,),
    "bngain": (1, 12),
    "bnbias": (1, 12),
}
STEPS = """emb embcat hprebn bnmeani bndiff bndiff2 bnvar bnvar_inv bnraw hpreact h logits
    logit_maxes norm_logits counts counts_sum counts_sum_inv probs logprobs"""


def network(lib):
    """The gradients of the site's network, on numbers that Python draws."""
    rng, ns = random.Random(1), {"n": 8, "torch": lib}
    for name, shape in SHAPES.items():
        values = lib.tensor(
            [rng.gauss(0, 0.5) for _ in range(shape[0] * shape[-1] ** (len(shape) - 1))]
        )
        ns[name] = values.view(shape).detach().requires_grad_()
    ns["Xb"] = lib.tensor([[rng.randrange(27) for _ in range(3)] for _ in range(8)])
    ns["Yb"] = lib.tensor([rng.randrange(27) for _ in range(8)])
    exec(NETWORK, ns)
    return {name: ns[name].grad.tolist() for name in [*SHAPES, *STEPS.split()]}


def test_the_sites_network_has_torchs_gradients():
    assert alike(network(small), network(torch))


@pytest.mark.parametrize("stem", ["index", "cross_entropy"])
def test_a_pages_own_program_runs_on_it(stem, folder):
    from test_snippets import PROGRAMS

    (folder / "page.py").write_text(PROGRAMS[stem].source())
    done = subprocess.run(
        [sys.executable, "-B", "page.py"],
        cwd=folder, env=PLAIN | {"PYTHONPATH": str(small_torch.HOME.parent)}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "exact: " in done.stdout


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        ("torch.tensor([[1, -20], [300, 4]])", "tensor([[  1, -20],\n        [300,   4]])"),
        ("torch.tensor([0.1, -1/3])", "tensor([    0.1, -0.3333])"),
        ("torch.tensor(2.5, requires_grad=True)", "tensor(2.5, requires_grad=True)"),
        ("torch.ones(2, requires_grad=True).exp()", "tensor([2.718, 2.718], grad_fn=<ExpBackward0>)"),
        ("torch.arange(2000)[-1500:]", "tensor([ 500,  501,  502, ..., 1997, 1998, 1999])"),
        ("torch.zeros(1, 1, 2) > 0", "tensor([[[False, False]]])"),
    ],
)  # fmt: skip
def test_a_tensor_prints_so_that_it_can_be_read(code, printed):
    assert str(eval(code, {"torch": small})) == printed


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("torch.histc", "this small torch has no torch.histc; print(torch.__doc__) lists what it has"),
        ("torch.cumprod", "this small torch has no torch.cumprod; it has cumsum"),
        ("torch.logaddexp", "this small torch has no torch.logaddexp; it has log, log_softmax, logsumexp"),
        ("torch.zeros(2).masked_select", "this small torch has no Tensor.masked_select; it has masked_fill"),
        ("F.gelu", "'gelu'"),
        ("torch.zeros(10_000_000)", "at most 4000000 numbers; this one would have 10000000"),
        ("torch.ones(4000, 1) * torch.ones(4000)", "this one would have 16000000"),
        ("torch.ones(4000, 1) @ torch.ones(1, 4000)", "this one would have 16000000"),
        ("torch.arange(5_000_000)", "this one would have 5000000"),
        ("torch.ones(1).expand(9_000_000) + 1", "this one would have 9000000"),
        ("torch.ones(2, 2, 2) @ torch.ones(2, 2, 2)", "no stacks of matrices"),
    ],
)  # fmt: skip
def test_what_it_lacks_it_says(code, said):
    with pytest.raises((AttributeError, RuntimeError, NotImplementedError), match=re.escape(said)):
        eval(code, {"torch": small, "F": small.nn.functional})


def test_its_files_are_small():
    texts = small_torch.files()
    together = "".join(f"# {path}\n{text}" for path, text in sorted(texts.items())).encode()
    print(len(texts), "files,", len(together), "bytes,", len(gzip.compress(together)), "gzipped")
    assert len(gzip.compress(together)) <= 28_000
    assert all(len(text.splitlines()) <= 250 for path, text in texts.items() if "/torch/" in path)
