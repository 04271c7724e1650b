"""The verdicts on right and wrong gradients: on torch, on its stand-in, and in MicroPython."""

import json
import math
import random
from types import SimpleNamespace

import network_cases
import pytest
import small_torch
import torch

BUNDLE = network_cases.bundle()
BOTH = {"torch": small_torch.judges(torch), "small": small_torch.judges(small_torch.load())}


@pytest.fixture(params=["float64", "float32", "small"])
def on(request):
    """Each of the torches that a verdict may be asked on."""
    torch.set_default_dtype(torch.float32 if request.param == "float32" else torch.float64)
    found = BOTH["small" if request.param == "small" else "torch"]
    found.check = found.exercise_run.Setup(BUNDLE).check
    yield found
    torch.set_default_dtype(torch.float32)


def test_every_right_line_is_accepted(on):
    """The pages' own lines, and the forms that learners write for them."""
    for name, code in network_cases.right_lines():
        verdict = on.check(name, code)
        assert verdict["kind"] == "right", (code, verdict)
        assert "approximate: True" in verdict["lines"][0] and "in place" not in verdict["text"]


def test_the_pages_own_lines_are_right():
    """The sections of the snippet, one after the other, as the page runs them."""
    for name, code in network_cases.own_lines():
        verdict = BOTH["torch"].exercise_run.Setup(BUNDLE).check(name, code)
        assert verdict["kind"] == "right" and verdict["exact"], (code, verdict)


def test_every_wrong_line_is_told_what_is_wrong(on):
    lines = list(network_cases.wrong_lines())
    assert len(lines) >= 80
    for name, code, kind, said in lines:
        verdict = on.check(name, code)
        assert verdict["kind"] == kind and said in verdict["text"], (code, verdict)
        assert json.loads(json.dumps(verdict)) == verdict


CHECK = """
import json, exercise_run
data = json.loads(open("/app/data.json").read())
asked = {"page": "", "bundle": json.dumps(data["bundle"])}
for asked["name"], asked["code"] in data["lines"]:
    print(exercise_run.answer(json.dumps(asked)))
"""


def test_the_same_verdicts_in_micropython():
    right, wrong = list(network_cases.right_lines())[::2], list(network_cases.wrong_lines())[::2]
    lines = [line[:2] for line in right + wrong]
    printed = small_torch.micropython(CHECK, {"bundle": BUNDLE, "lines": lines}).splitlines()
    verdicts = [json.loads(line) for line in printed]
    assert [v["kind"] for v in verdicts] == ["right"] * len(right) + [line[2] for line in wrong]
    for (_, code, kind, said), verdict in zip(wrong, verdicts[len(right) :], strict=True):
        assert said in verdict["text"] or kind == "broken", (code, verdict)
        assert (
            kind != "broken"
            or "Line " in verdict["text"]
            and (": " in said or said in verdict["text"])
        ), verdict


def test_every_kind_of_verdict_is_met_and_no_other_can_be_given(on):
    """Each with its state and its mark, which is all that an editor or a notebook goes by."""
    lines = [*network_cases.right_lines(), *network_cases.wrong_lines()]
    verdicts = [on.check(*line[:2]) for line in lines]
    met = {verdict["kind"]: (verdict["state"], verdict["mark"]) for verdict in verdicts}
    assert met.keys() == on.diagnosis.KINDS.keys()
    nearly = {kind for kind in met if met[kind] == ("nearly", "≈")}
    assert met.pop("right") == ("right", "✓") and nearly == {"unproved", "almost"}
    assert {met[kind] for kind in met if kind not in nearly} == {("wrong", "✗")}
    with pytest.raises(KeyError):
        on.diagnosis.verdict("nearly right", "No kind of this name is listed.")


# ---- whatever the gradient: on random numbers of random shapes ----


@pytest.fixture(params=range(25))
def seed(request):
    return request.param


@pytest.fixture
def drawn(on, seed):
    """A random gradient and the judge of it."""
    rng = random.Random(seed)
    rows, columns = rng.choice([2, 3, 5, 8]), rng.choice([3, 4, 6, 7])
    scale = 10.0 ** rng.choice([0, -1, 1])

    def tensor(*shape):
        values = [rng.choice([-1, 1]) * rng.uniform(0.2, 2.0) for _ in range(math.prod(shape))]
        return on.torch.tensor(values).view(shape)

    def judge(ours, due, **more):
        before = due.clone()
        mine = ours.clone() if hasattr(ours, "clone") else None
        verdict = on.diagnosis.judge("dx", ours, due, **more)
        assert on.torch.equal(due, before)
        if mine is not None and not on.torch.isnan(mine).any():
            assert on.torch.equal(ours, mine)
        assert verdict["kind"] in on.diagnosis.KINDS and verdict["text"] and json.dumps(verdict)
        return verdict

    due = tensor(rows, columns) * scale
    return SimpleNamespace(
        rng=rng, torch=on.torch, rows=rows, columns=columns, due=due, tensor=tensor, judge=judge
    )


def test_equal_is_right_and_rounding_is_too(drawn):
    due = drawn.due
    exact = drawn.judge(due.clone(), due)
    assert exact["kind"] == "right" and exact["exact"]
    near = due * (1 + (1e-11 if due.element_size() == 8 else 3e-7))
    verdict = drawn.judge(near, due)
    assert verdict["kind"] == "right" and not verdict["exact"]
    size = due.abs().max().item()
    share, floor = (1e-9, 1e-12) if due.element_size() == 8 else (1e-6, 1e-7)
    for times, kind in ((0.8, "right"), (1.3, "some entries")):
        other = due.clone()
        other[0, 0] += times * (share * size + floor)
        assert drawn.judge(other, due)["kind"] == kind


def test_a_leading_one_may_be_missing(drawn):
    due = drawn.tensor(1, drawn.columns)
    verdict = drawn.judge(due[0].clone(), due)
    assert verdict["kind"] == "right" and "keepdim" in verdict["text"]
    assert drawn.judge(-due[0], due)["kind"] == "sign"
    assert drawn.judge(due.clone(), due[0])["kind"] == "shape"


def test_sign_and_factor(drawn):
    due = drawn.due
    assert drawn.judge(-due, due)["kind"] == "sign"
    assert drawn.judge(due * 1.00002, due)["kind"] == "almost"
    named = {"n": 32, "width": 57}
    for factor, said in (
        (32, "n times too large"), (1 / 32, "n times too small"), (31, "(n - 1) times too large"), (57, "width times"),
        (32 / 31, "n/(n - 1) times too large"), (2, "2 times too large"), (0.5, "2 times too small"),
        (-1 / 57, "And the sign is flipped"), (64, "2 * n times too large"), (32 * 57, "n * width times"), (0.77, "0.77"),
    ):  # fmt: skip
        verdict = drawn.judge(due * factor, due, named=named)
        assert verdict["kind"] == "factor" and said in verdict["text"], (factor, verdict)


def test_transposed(drawn):
    assert drawn.judge(drawn.due.T.clone(), drawn.due)["kind"] == "transposed"
    square = drawn.tensor(drawn.rows, drawn.rows)
    assert drawn.judge(square.T.clone(), square)["kind"] == "transposed"
    assert drawn.judge(-drawn.due.T, drawn.due)["kind"] == "transposed"


def test_a_missing_sum_or_a_sum_over_the_wrong_dimension(drawn):
    wide, keep = drawn.tensor(drawn.rows, drawn.columns, 3), drawn.rng.random() < 0.5
    named = {"dy": wide}
    for dims in ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2)):
        due = wide.sum(dims, keepdim=True)
        over = dims[0] if len(dims) == 1 else dims
        verdict = drawn.judge(wide, due, named=named)
        assert verdict["kind"] == "missing sum" and f".sum({over}, keepdim=True)" in verdict["text"]
        mean = drawn.judge(wide.mean(dims, keepdim=True), due, named=named)
        assert mean["kind"] == "mean for sum", mean
    flat = wide.view(drawn.rows, -1)
    other = drawn.judge(flat.sum(1, keepdim=keep), flat.sum(0, keepdim=keep), named={"dy": flat})
    if drawn.rows != flat.shape[1]:
        assert (
            other["kind"] == "wrong dimension" and "over dimension 1; dimension 0" in other["text"]
        )


def test_parts(drawn):
    parts = {
        name: drawn.tensor(drawn.rows, drawn.columns)
        for name in ("p", "q", "r")[: drawn.rng.choice([2, 3])]
    }
    due = sum(parts.values())
    for name, part in parts.items():
        for times, said in (
            (0, "is missing"),
            (-1, "has the wrong sign"),
            (2, "is there 2 times"),
            (0.5, "is there 0.5 times"),
        ):
            verdict = drawn.judge(due + (times - 1) * part, due, parts=parts)
            assert verdict["kind"] == "missing branch" and f"`{name}` {said}" in verdict["text"], (
                verdict
            )


def test_a_factor_that_is_a_tensor(drawn):
    named = {
        "m": drawn.tensor(drawn.rows, drawn.columns),
        "row": drawn.tensor(drawn.columns),
        "column": drawn.tensor(drawn.rows, 1),
    }
    for name, t in named.items():
        for ours, said in (
            (drawn.due / t, f"Multiplied by `{name}`"), (drawn.due * t, f"Divided by `{name}`"),
            (drawn.due / t**2, f"Multiplied by `{name}**2`"), (drawn.due * -(t**3), f"Divided by `-{name}**3`"),
        ):  # fmt: skip
            verdict = drawn.judge(ours, drawn.due, named=named)
            assert verdict["kind"] == "missing factor" and said in verdict["text"], verdict


def test_some_entries_and_the_first_of_them(drawn):
    due, ours = drawn.due, drawn.due.clone()
    spots = sorted(
        drawn.rng.sample([(i, j) for i in range(drawn.rows) for j in range(drawn.columns)], 2)
    )
    for i, j in spots:
        ours[i, j] = -due[i, j]
    verdict = drawn.judge(ours, due)
    mine, true = f"{ours[spots[0]].item():.3g}", f"{due[spots[0]].item():.3g}"
    said = f"At {list(spots[0])} yours is {mine}, the true one {true}."
    assert verdict["kind"] == "some entries" and said in verdict["text"], verdict
    assert f"2 of {due.numel()} entries" in verdict["text"]


def test_almost(drawn):
    due = drawn.due
    noise = due.abs().max().item() * 3e-5 * drawn.tensor(drawn.rows, drawn.columns)
    verdict = drawn.judge(due + noise, due)
    assert verdict["kind"] == "almost" and "epsilon" in verdict["text"]
    assert "n - 1" in drawn.judge(due + 100 * noise, due)["text"]


def test_a_zero_gradient_is_judged_by_its_rule(drawn):
    zero, u = drawn.due * 0, drawn.tensor(drawn.rows, drawn.columns)
    for ours, kind in (
        (u, "right"),
        (-u, "unproved"),
        (u * 0, "unproved"),
        (u * 3, "unproved"),
        (u + 1, "unproved"),
    ):
        verdict = drawn.judge(zero + 1e-17, zero, again=lambda ours=ours: (ours, u, {}))
        assert verdict["kind"] == kind
    for nothing in (None, NameError("x"), u[0], 3.0):
        assert (
            drawn.judge(zero, zero, again=lambda ours=nothing: (ours, u, {}))["kind"] == "unproved"
        )
    parts = {"p": drawn.due, "q": zero}
    whole = {"p": u, "q": drawn.tensor(drawn.rows, drawn.columns)}
    for ours, kind in (
        (whole["p"], "unproved"),
        (whole["p"] + whole["q"], "right"),
        (drawn.due, "right"),
    ):
        again = (ours, whole["p"] + whole["q"], whole)
        assert (
            drawn.judge(drawn.due.clone(), drawn.due, parts=parts, again=lambda again=again: again)[
                "kind"
            ]
            == kind
        )


def test_whatever_comes_it_answers(drawn):
    """Other shapes, other types, holes: a verdict each time, and none of them right."""
    pick, t = drawn.rng.choice, drawn.torch
    for _ in range(12):
        shape = [pick([1, 2, 3, drawn.rows, drawn.columns]) for _ in range(pick([0, 1, 2, 3]))]
        ours = pick(
            [
                drawn.tensor(*shape),
                t.ones(shape) > 0,
                t.zeros(shape).long(),
                t.log(t.zeros(shape) - 1),
                t.zeros(shape),
            ]
        )
        named = {
            "a": drawn.tensor(*shape),
            "b": drawn.due,
            "n": 3,
            "f": len,
            "i": t.zeros(shape).long(),
        }
        assert drawn.judge(ours, drawn.due, named=named)["kind"] != "right"
    for ours in (None, 1, 2.5, True, "text", [1.0], (), {}, len, KeyError("k")):
        assert drawn.judge(ours, drawn.due)["kind"] in ("not a tensor", "broken")


# ---- what a reader's code may do ----


def verdict_of(on, name, code):
    return on.check(name, code)


def test_the_true_gradient_is_out_of_reach(on):
    for code in ("dprobs = probs.grad", "loss.backward(); dprobs = probs.grad", "dprobs = dprobs"):
        assert verdict_of(on, "dprobs", code)["kind"] in ("not a tensor", "broken"), code
    for t in ("probs", "dlogprobs", "logprobs"):
        code = f"with torch.no_grad():\n    {t}.zero_()\ndprobs = torch.zeros_like(probs)"
        assert verdict_of(on, "dprobs", code)["kind"] == "zeros"
    assert verdict_of(on, "dprobs", "dprobs = dlogprobs / probs")["kind"] == "right"


def test_a_change_of_what_was_given_is_told(on):
    code = "dlogits = dnorm_logits\ndlogits += F.one_hot(logits.argmax(1), 27) * dlogit_maxes"
    verdict = verdict_of(on, "dlogits", code)
    assert verdict["kind"] == "right" and "changes `dnorm_logits` in place" in verdict["text"]


def test_the_first_exercise_of_all(on):
    """One number: the landing page's."""
    forward = "loss = (w * x - y) ** 2"
    setup = "g = torch.Generator().manual_seed(7)\nx, y = torch.randn(2, generator=g)\n"
    setup += f"w = torch.randn((), generator=g).requires_grad_()\n{forward}\n"
    told = {"setup": setup, "steps": ["loss"], "values": {}}
    told["exercises"] = {"dw": {"uses": [["loss", forward]], "before": ""}}
    check = on.exercise_run.Setup(told).check
    for code, kind, said in (
        ("dw = 2 * (w * x - y) * x", "right", ""), ("dw = 2 * (w * x - y)", "missing factor", "Multiplied by `x`"), ("dw = (w * x - y) * x", "factor", "2 times"),
        ("dw = 2 * (w * x + y) * x", "wrong", "The number is wrong: yours is"), ("dw = w", "wrong", "the true one"),
        ("dw = 2 * (y - w * x) * x", "sign", ""), ("dw = 2 * (w.item() * x.item() - y.item()) * x.item()", "not a tensor", "is right"),
        ("dw = 2 * (w * x - y) * X", "broken", "Did you mean"), ("dw = torch.tensor(0.0)", "zeros", ""),
    ):  # fmt: skip
        verdict = check("dw", code)
        assert verdict["kind"] == kind and said in verdict["text"], (code, verdict)
