"""The HTML page: one file, everything linked, nothing of what a person wrote taken for markup."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from chainrule import Dense, Network
from chainrule.working.document import Name, Step, Working, Written
from chainrule.working.rendering.html import render_html
from chainrule.working.rendering.html_mathml import clean, linked
from chainrule.working.works import work

SMALL = Network(
    2,
    [
        Dense(2, "sigmoid", bias=False, weights=[[0.7, 0.3], [0.4, 0.6]]),
        Dense(1, "sigmoid", bias=False, weights=[[0.55], [0.45]]),
    ],
)


def two_passes(**options: Any) -> Working:
    return work(SMALL, [[0.5, 0.3]], [[1.0]], loss="mse", rate=0.1, rounding="round:3", passes=2, **options)


@pytest.fixture(scope="module")
def working() -> Working:
    return two_passes()


@pytest.fixture(scope="module")
def page(working: Working) -> str:
    return render_html(working)


@pytest.fixture(scope="module")
def matrices() -> Working:
    network = Network(20, [Dense(16, "relu"), Dense(3, "softmax")])
    rows = [[(row * 7 + column * 3) % 11 / 11 for column in range(20)] for row in range(8)]
    targets = [[float(row % 3 == column) for column in range(3)] for row in range(8)]
    return work(network, rows, targets, loss="crossentropy", fused=True, rate=0.1, seed=1)


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    made: dict[str, Any] = json.loads(found.group(1))
    return made


def words(markup: str) -> str:
    """What is read of a piece of a page, as plain text."""
    return unescape(re.sub(r"<[^>]+>", "", markup)).replace("−", "-").replace("\N{INVISIBLE TIMES}", "")


def markup_of(page: str, at: int) -> str:
    found = re.search(rf'<li class="step[^"]*" id="s{at}".*?</li>', page, re.DOTALL)
    assert found
    return found.group()


def test_the_page_asks_for_nothing_from_anywhere(page: str) -> None:
    fetching = re.findall(
        r'(?:src|action|data)="[^"]*"|url\([^)]*\)|@import|<link[^>]*>|href="[^#"][^"]*"', page
    )
    assert fetching == ['<link rel="icon" href="data:,">']


def test_every_step_is_on_the_page_with_its_result(working: Working, page: str) -> None:
    for at, step in enumerate(working.steps, start=1):
        assert isinstance(step, Step)
        assert f"{step.relation}{step.result}" in words(markup_of(page, at))


def test_every_link_leads_to_something_on_the_page(page: str) -> None:
    ids = set(re.findall(r' id="([^"]+)"', page))
    aims = set(re.findall(r'data-to="([^"]+)"', page)) | set(re.findall(r'href="#([^"]+)"', page))
    assert len(aims) > 30
    assert aims <= ids


def test_no_id_is_given_twice(page: str) -> None:
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_a_number_leads_to_the_line_that_made_it(working: Working, page: str) -> None:
    keys = [step.key for step in working.steps]
    activation = markup_of(page, keys.index("a1[1,1]@1") + 1)
    assert f'data-to="s{keys.index("z1[1,1]@1") + 1}"' in activation


def test_a_given_number_leads_to_what_is_given_in_later_passes_too(working: Working, page: str) -> None:
    place = next(n for n, given in enumerate(working.given, start=1) if given.key == "x[1,1]@1")
    keys = [step.key for step in working.steps]
    assert f'data-to="g{place}"' in markup_of(page, keys.index("z1[1,1]@2") + 1)


def test_a_weight_in_the_second_pass_leads_to_its_update(working: Working, page: str) -> None:
    keys = [step.key for step in working.steps]
    assert f'data-to="s{keys.index("W1[1,1]@2") + 1}"' in markup_of(page, keys.index("z1[1,1]@2") + 1)


def test_the_drawing_shows_a_weight_change_at_its_update(working: Working, page: str) -> None:
    keys = [step.key for step in working.steps]
    changes = [[(at, number) for at, _, number, _ in frames] for frames in data_of(page)["shown"].values()]
    assert [(0, "0.7"), (keys.index("W1[1,1]@2") + 1, "0.701")] in [change[:2] for change in changes]


def test_a_value_is_gone_from_the_drawing_when_the_next_pass_begins(working: Working, page: str) -> None:
    second = next(n for n, step in enumerate(working.steps, start=1) if step.key == "z1[1,1]@2")
    frames = next(f for f in data_of(page)["shown"].values() if [f[0][2], f[0][0]] == ["0.470", 1])
    assert [frame[2] for frame in frames if frame[0] == second] == ["0.471"]
    output = next(f for f in data_of(page)["shown"].values() if f[0][2] == "0.646")
    assert [frame[2] for frame in output if frame[0] == second] == [""]


def test_each_step_marks_what_it_makes_and_what_it_uses(working: Working, page: str) -> None:
    steps = data_of(page)["steps"]
    assert len(steps) == len(working.steps)
    assert all(step["made"] for step in steps)
    # A weighted sum uses two inputs and two weights; an activation's sum is in the unit it makes.
    assert [len(step["used"]) for step in steps[:3]] == [4, 4, 0]


def test_each_step_is_said_in_a_sentence(page: str) -> None:
    assert data_of(page)["steps"][0]["say"].startswith("Step 1 of 46, Pass 1 · Feedforward. ")


def test_only_the_pages_own_script_and_style_may_run(page: str) -> None:
    script = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(script) == 1
    digest = base64.b64encode(hashlib.sha256(script[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page
    assert "default-src 'none'" in page


def test_what_people_wrote_is_no_markup(working: Working) -> None:
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    name = Name(evil, evil, f"<mi>{evil}</mi>")
    phase = replace(working.phases[0], title=evil)
    step = replace(phase.steps[0], name=name, reason=evil, call=Written(lambda form: evil))
    hostile = replace(
        working,
        title=evil,
        heading=(evil,),
        given=(replace(working.given[0], name=name, written=evil),),
        phases=(replace(phase, steps=(step,)),),
        policy=evil,
        by=evil,
        notation=evil,
        explanation=evil,
        source=evil,
    )
    page = render_html(hostile)
    assert "<img" not in page
    assert page.count("<script") == 2
    assert page.count("</script>") == 2


def test_mathml_keeps_its_elements_and_loses_every_other() -> None:
    good = '<mrow><mi>w</mi><mo stretchy="false">(</mo><mn>1</mn><mo>&#x2212;</mo></mrow>'
    assert clean(good) == good
    assert clean('<mi onclick="x">a</mi>') == "&lt;mi onclick=&quot;x&quot;&gt;a</mi>"
    assert clean("a & b < c") == "a &amp; b &lt; c"


def test_linking_keeps_the_brackets_of_a_negative_number(working: Working) -> None:
    update = next(step for step in working.steps if step.key == "W1[1,1]@2")
    assert isinstance(update, Step)
    assert update.numbers
    plain = words(update.numbers.mathml)
    assert "(-0.0" in plain
    assert words(linked(update.numbers, lambda key: "s1")) == plain


def test_slides_open_as_slides(working: Working, page: str) -> None:
    assert '<body class="unscripted slides"' in render_html(working, slides=True)
    assert '<body class="unscripted reading"' in page


def test_a_working_without_a_drawing_is_a_page_too(working: Working) -> None:
    page = render_html(replace(working, drawing=None))
    assert "<svg" not in page
    assert 'class="unscripted reading undrawn"' in page


def test_a_working_without_steps_is_a_page_too(working: Working) -> None:
    assert "<h1>x</h1>" in render_html(replace(working, title="x", phases=(), given=()))


def test_a_line_in_letters_has_no_numbers(working: Working) -> None:
    step = replace(working.phases[0].steps[0], numbers=None, result="")
    page = render_html(replace(working, phases=(replace(working.phases[0], steps=(step,)),)))
    assert 'class="result"' not in page


def test_the_samples_of_a_batch_are_told_apart() -> None:
    batch = work(SMALL, [[0, 1], [1, 0]], [[1], [1]], loss="mse", rate=0.1, rounding="round:3")
    data = data_of(render_html(batch))
    assert data["samples"] == 2
    assert [sample for _, sample in data["sample"]][:2] == [1, 2]


def test_a_matrix_is_in_the_page_once_as_numbers_that_open_on_demand(matrices: Working) -> None:
    page = render_html(matrices)
    data = data_of(page)["matrices"]
    first = data["s1"]
    assert (first["symbol"], first["size"], len(first["rows"])) == ("z1", [8, 16], 8)
    assert first["terms"] == ["{x[i,k]} · {W1[k,j]}", "{b1[j]}"]
    assert page.count(first["rows"][0]) == 1
    assert '<details class="entries" data-matrix="s1"><summary>8 × 16 numbers of z1</summary>' in page


def test_an_updated_matrix_leads_to_what_it_was_before(matrices: Working) -> None:
    place = next(n for n, given in enumerate(matrices.given, start=1) if given.key == "W1")
    update = next(n for n, step in enumerate(matrices.steps, start=1) if step.key == "W1'")
    assert f'data-to="g{place}"' in markup_of(render_html(matrices), update)


def test_a_given_matrix_has_its_numbers_too(matrices: Working) -> None:
    symbols = {
        m["symbol"] for name, m in data_of(render_html(matrices))["matrices"].items() if name[0] == "g"
    }
    assert {"x", "y", "W1", "b1", "eta"} <= symbols


def test_a_small_network_with_a_large_batch_shows_its_first_sample() -> None:
    rows = [[place / 100, 1 - place / 50] for place in range(100)]
    page = render_html(work(SMALL, rows, [[1.0]] * 100, loss="mse", rate=0.1))
    data = data_of(page)
    assert data["matrices"]["s1"]["size"] == [100, 2]
    assert data["sample"] == [[0, 1]]
    shown = [[number for _, _, number, _ in frames] for frames in data["shown"].values()]
    assert ["0.7"] in [numbers[:1] for numbers in shown]
    # The first weighted sum of the first sample.
    assert data["matrices"]["s1"]["rows"][0].split()[0] == "0.4"
    assert [1, "", "0.4"] in [frames[-1][:3] for frames in data["shown"].values()]


@pytest.mark.parametrize(
    ("written", "markup"), [("1e-05", "<mn>10</mn>"), ("-2", "<mn>2</mn>"), ("inf", "<mtext>inf</mtext>")]
)
def test_every_kind_of_given_number_is_written(working: Working, written: str, markup: str) -> None:
    given = replace(working.given[0], written=written)
    assert markup in render_html(replace(working, given=(given,)))


def test_many_given_numbers_are_folded_up(working: Working) -> None:
    page = render_html(replace(working, given=working.given * 8))
    assert f"<details><summary>{len(working.given) * 8} numbers</summary>" in page
