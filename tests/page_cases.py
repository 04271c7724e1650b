"""What readers may write for each exercise, with the kind of verdict that it deserves.

(page, gradient, kind, code). tests/test_exercises.py runs them with real torch, in
MicroPython, and a few of them in a browser.
"""

ZEROS = "dlogprobs = torch.zeros_like(logprobs)\n"
WINNERS = "F.one_hot(logits.argmax(1), vocab_size)"
TARGETS = "F.one_hot(Yb, vocab_size)"
CE, FUSED = "cross_entropy", "fused_cross_entropy"

RIGHT = [
    ("index", "dw", "dw = 2 * x * (w * x - y)"),
    ("index", "dw", "e = w * x - y\ndw = 2 * e * x"),
    ("index", "dw", "def slope(w):\n    return 2 * (w * x - y) * x\n\ndw = slope(w)"),
    (CE, "dlogprobs", f"{ZEROS}dlogprobs[range(n), Yb] = -1 / n"),
    (CE, "dlogprobs", f"{ZEROS}dlogprobs[torch.arange(n), Yb] -= 1 / n"),
    (CE, "dlogprobs", f"dlogprobs = -{TARGETS} / n"),
    (CE, "dprobs", "dprobs = dlogprobs / probs"),
    (CE, "dprobs", "dprobs = probs**-1 * dlogprobs"),
    (CE, "dcounts_sum_inv", "dcounts_sum_inv = (dprobs * counts).sum(dim=1, keepdim=True)"),
    (CE, "dcounts_sum_inv", "dcounts_sum_inv = (dprobs * counts).sum(1).unsqueeze(1)"),
    (CE, "dcounts_sum_inv", 'dcounts_sum_inv = torch.einsum("ik,ik->i", dprobs, counts)[:, None]'),
    (CE, "dcounts_sum", "dcounts_sum = -dcounts_sum_inv / counts_sum**2"),
    (CE, "dcounts_sum", "dcounts_sum = -(counts_sum_inv**2) * dcounts_sum_inv"),
    (CE, "dcounts", "dcounts = counts_sum_inv * dprobs + dcounts_sum"),
    (CE, "dcounts", "dcounts = dcounts_sum.expand(n, vocab_size) + dprobs * counts_sum_inv"),
    (CE, "dnorm_logits", "dnorm_logits = norm_logits.exp() * dcounts"),
    (CE, "dlogit_maxes", "dlogit_maxes = -dnorm_logits.sum(1, keepdim=True)"),
    (CE, "dlogit_maxes", "dlogit_maxes = (-dnorm_logits).sum(1).view(n, 1)"),
    (CE, "dlogit_maxes", "dlogit_maxes = -(counts * dcounts).sum(1, keepdim=True)"),
    (CE, "dnorm_logits", f"dnorm_logits = (probs - {TARGETS}) / n"),
    (CE, "dlogits", f"dlogits = dnorm_logits + {WINNERS} * dlogit_maxes"),
    (CE, "dlogits", "dlogits = dnorm_logits.clone()\ndlogits[range(n), logits.argmax(1)] += dlogit_maxes.view(-1)"),
    (CE, "dlogits", f"dlogits = (probs - {TARGETS}) / n"),
    (FUSED, "dlogits", f"dlogits = (probs - {TARGETS}) / n"),
    (FUSED, "dlogits", "dlogits = F.softmax(logits, 1)\ndlogits[range(n), Yb] -= 1\ndlogits /= n"),
]  # fmt: skip

WRONG = [
    ("index", "dw", "factor", "dw = (w * x - y) * x"),
    ("index", "dw", "missing factor", "dw = 2 * (w * x - y)"),
    ("index", "dw", "wrong", "dw = 2 * (w - y) * x"),
    ("index", "dw", "sign", "dw = -2 * (w * x - y) * x"),
    ("index", "dw", "unnamed", "dx = 2 * (w * x - y) * x"),
    ("index", "dw", "broken", "dw = 2 * (w * x - y) * z"),
    ("index", "dw", "broken", "dw = 2 * (w * x - y * x"),
    ("index", "dw", "not a tensor", "dw = (2 * (w * x - y) * x).item()"),
    (CE, "dlogprobs", "sign", f"{ZEROS}dlogprobs[range(n), Yb] = 1 / n"),
    (CE, "dlogprobs", "factor", f"{ZEROS}dlogprobs[range(n), Yb] = -1.0"),
    (CE, "dlogprobs", "wrong", "dlogprobs = torch.full_like(logprobs, -1 / n)"),
    (CE, "dlogprobs", "zeros", ZEROS),
    (CE, "dlogprobs", "some entries", f"{ZEROS}dlogprobs[range(n), Yb[0]] = -1 / n"),
    (CE, "dlogprobs", "broken", "dlogprobs = torch.zeros(n, vocab_siz)"),
    (CE, "dprobs", "missing factor", "dprobs = probs * dlogprobs"),
    (CE, "dprobs", "missing factor", "dprobs = dlogprobs"),
    (CE, "dprobs", "sign", "dprobs = -dlogprobs / probs"),
    (CE, "dprobs", "some entries", "dprobs = dlogprobs / (probs + 1e-4)"),
    (CE, "dprobs", "transposed", "dprobs = (dlogprobs / probs).T"),
    (CE, "dprobs", "nan", "dprobs = dlogprobs / (probs - probs)"),
    (CE, "dprobs", "unnamed", "dprob = dlogprobs / probs"),
    (CE, "dprobs", "not a tensor", "dprobs = probs.grad"),
    (CE, "dcounts_sum_inv", "missing sum", "dcounts_sum_inv = counts * dprobs"),
    (CE, "dcounts_sum_inv", "wrong dimension", "dcounts_sum_inv = (counts * dprobs).sum(0, keepdim=True)"),
    (CE, "dcounts_sum_inv", "mean for sum", "dcounts_sum_inv = (counts * dprobs).mean(1, keepdim=True)"),
    (CE, "dcounts_sum_inv", "shape", "dcounts_sum_inv = (counts * dprobs).sum(1)"),
    (CE, "dcounts_sum_inv", "broken", "dcounts_sum_inv = counts @ dprobs"),
    (CE, "dcounts_sum", "sign", "dcounts_sum = counts_sum**-2 * dcounts_sum_inv"),
    (CE, "dcounts_sum", "missing factor", "dcounts_sum = -(counts_sum**-1) * dcounts_sum_inv"),
    (CE, "dcounts_sum", "missing factor", "dcounts_sum = -1 / counts_sum**2"),
    (CE, "dcounts", "missing branch", "dcounts = counts_sum_inv * dprobs"),
    (CE, "dcounts", "missing branch", "dcounts = torch.ones_like(counts) * dcounts_sum"),
    (CE, "dcounts", "missing branch", "dcounts = counts_sum_inv * dprobs - dcounts_sum"),
    (CE, "dcounts", "broken", "dcounts += dcounts_sum"),
    (CE, "dnorm_logits", "missing factor", "dnorm_logits = dcounts"),
    (CE, "dnorm_logits", "wrong", "dnorm_logits = counts + dcounts"),
    (CE, "dlogit_maxes", "unproved", "dlogit_maxes = dnorm_logits.sum(1, keepdim=True)"),
    (CE, "dlogit_maxes", "unproved", "dlogit_maxes = torch.zeros_like(logit_maxes)"),
    (CE, "dlogit_maxes", "missing sum", "dlogit_maxes = -dnorm_logits"),
    (CE, "dlogits", "unproved", "dlogits = dnorm_logits"),
    (CE, "dlogits", "unproved", f"dlogits = dnorm_logits - {WINNERS} * dlogit_maxes"),
    (CE, "dlogits", "factor", "dlogits = dnorm_logits / n"),
    (FUSED, "dlogits", "factor", f"dlogits = probs - {TARGETS}"),
    (FUSED, "dlogits", "sign", f"dlogits = ({TARGETS} - probs) / n"),
    (FUSED, "dlogits", "some entries", "dlogits = probs / n"),
    (FUSED, "dlogits", "factor", f"dlogits = (probs - {TARGETS}) / (n - 1)"),
    (FUSED, "dlogits", "wrong", f"dlogits = (F.softmax(logits, 0) - {TARGETS}) / n"),
    (FUSED, "dlogits", "broken", "dlogits = torch.zeros(10_000_000) * torch.zeros(32, 27)"),
]  # fmt: skip

CASES = [(page, name, "right", code) for page, name, code in RIGHT] + WRONG
