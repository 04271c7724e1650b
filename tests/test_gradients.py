"""The lines that pages show hold for other seeds, batch sizes and layer sizes too."""

import pytest
from press.reading.pages import SECONDS
from press.running import program
from test_snippets import PROGRAMS, sections_of

SEED, BATCH = "seed, n_embd, n_hidden = {}, {}, {}\n", "batch_size = {}\n"
SHOWN = (SEED.format(2147483647, 10, 64), BATCH.format(32))
# A page that asks for more time trains many networks; these two are about the digits of
# this one. The lines of all three are those of other pages.
OF_THIS_NETWORK = ("exactness", "gradcheck")
DRAWN = [
    stem
    for stem, page in PROGRAMS.items()
    if all(line in page.source() for line in SHOWN)
    and page.seconds == SECONDS
    and stem not in OF_THIS_NETWORK
]


@pytest.mark.parametrize("stem", DRAWN)
@pytest.mark.parametrize("seed, n, n_embd, n_hidden", [(1, 2, 4, 7), (2, 3, 2, 1), (3, 32, 5, 40)])
def test_a_page_holds_for_other_seeds_and_sizes(folder, stem, seed, n, n_embd, n_hidden):
    sections = sections_of(PROGRAMS[stem])
    others = (SEED.format(seed, n_embd, n_hidden), BATCH.format(n))
    for line, other in zip(SHOWN, others, strict=True):
        sections = [[*place, code.replace(line, other)] for *place, code in sections]
    witness, _ = program.execute(sections, "float64")
    assert witness.failures == []
    assert witness.namespace["hprebn"].shape == (n, n_hidden)


def test_there_are_pages_to_try_with_other_sizes():
    assert {"batchnorm", "fused_batchnorm"} <= set(DRAWN)
