"""The page in a real browser: keys, clicks, links, screen reader, themes, phone, paper, and no request."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chainrule import Dense, Network
from chainrule.working.document import Working
from chainrule.working.rendering.html import render_html
from chainrule.working.works import work

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed: make check installs it"
)

AXE = Path(__file__).parents[3] / ".cache" / "axe" / "axe-core-4.14.1.js"
HOST = "http://page.test"
AT = "Number(document.querySelector('.step.now')?.dataset.at ?? 0)"
WHITE, DARK = "rgb(255, 255, 255)", "rgb(21, 24, 28)"


def missing(what: str) -> None:
    """A test that cannot be made here; where all must be made, a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}: sh tools/environment.sh test gets it")
    pytest.skip(f"{what}: sh tools/environment.sh test gets it where it can")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        missing("no Chromium is installed")
    # A sandbox needs rights that root has not got in a container.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_api.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=program, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def small() -> Working:
    weights: list[Any] = [[[0.7, 0.3], [0.4, 0.6]], [[0.55], [0.45]]]
    layers = [Dense(len(w[0]), "sigmoid", bias=[0.1] * len(w[0]), weights=w) for w in weights]
    return work(
        Network(2, layers),
        [[0.5, 0.3]],
        [[1.0]],
        loss="mse",
        rate=0.1,
        rounding="round:3",
        title="Two, two, one",
    )


@pytest.fixture(scope="session")
def large() -> Working:
    """The digits' shapes: 64-64-10, 32 samples."""
    network = Network(64, [Dense(64, "relu"), Dense(10, "softmax")])
    rows = [[(row * 7 + column * 3) % 17 / 16 for column in range(64)] for row in range(32)]
    targets = [[float(row % 10 == column) for column in range(10)] for row in range(32)]
    return work(network, rows, targets, loss="crossentropy", fused=True, rate=0.1, seed=1)


class Opened:
    """A page that is open, with what went wrong on it."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.wrong: list[str] = []
        page.on("console", lambda message: self.wrong.append(message.text))
        page.on("pageerror", lambda error: self.wrong.append(str(error)))

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def ask(self, script: str) -> Any:
        return self.page.evaluate(script)

    @property
    def at(self) -> int:
        """The step that is shown as the current one; 0 at the start."""
        return int(self.ask(AT))

    def comes_to(self, step: int) -> bool:
        """Whether a step becomes the current one: a link's new address is followed after its click is over."""
        with contextlib.suppress(sync_api.TimeoutError):
            self.page.wait_for_function(f"step => {AT} === step", arg=step, timeout=5_000)
        return self.at == step

    def violations(self, *rules: str) -> list[str]:
        """What axe-core finds, by all its rules or by some, a line each."""
        if not AXE.is_file():
            missing(f"{AXE.stem} is not there")
        self.ask(AXE.read_text(encoding="utf-8"))
        options = f"{{runOnly: {list(rules)}}}" if rules else ""
        found = self.ask(f"axe.run({options}).then(result => result.violations)")
        return [f"{v['id']}: {node['html'][:120]}" for v in found for node in v["nodes"]]


Opening = Callable[..., Opened]


@pytest.fixture
def opened(browser: Any) -> Iterator[Opening]:
    """Opens a working as a page at an address where nothing else can be had."""
    contexts, pages = [], []

    def open_page(
        working: Working, *, size: tuple[int, int] = (1280, 800), where: str = "", **how: Any
    ) -> Opened:
        slides = how.pop("slides", False)
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce", **how
        )
        contexts.append(context)
        made = Opened(context.new_page())
        pages.append(made)

        def answer(route: Any) -> None:
            if route.request.url == f"{HOST}/":
                route.fulfill(
                    body=render_html(working, slides=slides), content_type="text/html; charset=utf-8"
                )
            else:
                made.wrong.append(f"asked for {route.request.url}")
                route.abort()

        context.route("**/*", answer)
        made.page.goto(f"{HOST}/{where}")
        return made

    yield open_page
    wrong = [message for page in pages for message in page.wrong]
    for context in contexts:
        context.close()
    assert wrong == []


def test_keys_go_forward_and_back(opened: Opening, small: Working) -> None:
    page = opened(small)
    assert page.at == 0
    page.press("ArrowRight", "ArrowRight", " ")
    assert page.at == 3
    page.press("ArrowLeft")
    assert page.at == 2
    page.press("End")
    assert page.at == len(small.steps)
    page.press("ArrowRight")
    assert page.at == len(small.steps)
    page.press("Home", "ArrowLeft")
    assert page.at == 0


def test_buttons_go_forward_and_back(opened: Opening, small: Working) -> None:
    page = opened(small)
    for label, at in [("Forward", 1), ("To the end", len(small.steps)), ("Back", len(small.steps) - 1)]:
        page.page.get_by_role("button", name=label, exact=True).click()
        assert page.at == at
    page.page.get_by_role("button", name="To the start").press(" ")
    assert page.at == 0


def test_the_current_step_is_in_sight_and_said(opened: Opening, small: Working) -> None:
    page = opened(small)
    page.press("End")
    box = page.page.locator(".step.now").bounding_box()
    assert 0 <= box["y"] <= 800 - box["height"]
    said = page.page.locator("[aria-live=polite]#now").text_content()
    assert said.startswith(f"Step {len(small.steps)} of {len(small.steps)}, Update. ")


def test_values_come_into_the_drawing_as_the_steps_reach_them(opened: Opening, small: Working) -> None:
    page = opened(small)
    unit = page.page.get_by_role("group", name="The network").locator("a", has_text="z1[1]").first
    assert "0.480" not in unit.text_content()
    page.press("ArrowRight")
    assert small.steps[0].name.text == "z1[1]"
    assert small[small.steps[0].name.text].result in unit.text_content()
    assert "made" in unit.get_attribute("class")
    used = page.ask("[...document.querySelectorAll('#net a.used')].map(part => part.textContent)")
    assert len(used) == 5
    page.press("Home")
    assert "0.480" not in unit.text_content()


def test_a_number_leads_to_the_line_that_made_it_and_back(opened: Opening, small: Working) -> None:
    page = opened(small)
    places = {step.key: at for at, step in enumerate(small.steps, start=1)}
    aim = places["z1[1,1]@1"]
    page.ask(f"location.hash = 's{places['a1[1,1]@1']}'")
    assert page.comes_to(places["a1[1,1]@1"])
    page.page.locator(f".step.now [data-to=s{aim}] mn").last.click()
    assert page.comes_to(aim)
    assert page.ask("document.activeElement.id") == f"s{aim}"
    page.page.go_back()
    assert page.comes_to(places["a1[1,1]@1"])


def test_links_and_parts_of_the_drawing_lead_there_too_by_keys(opened: Opening, small: Working) -> None:
    page = opened(small)
    places = {step.key: at for at, step in enumerate(small.steps, start=1)}
    page.press("End")
    page.page.locator("#net a[aria-description='output 1']").press("Enter")
    assert page.comes_to(places["a2[1,1]@1"])
    page.page.locator(".step.now .uses a").first.press("Enter")
    assert page.comes_to(places["z2[1,1]@1"])


def test_an_edge_leads_to_its_weight(opened: Opening, small: Working) -> None:
    page = opened(small)
    page.ask("document.querySelector('.edge .hit').dispatchEvent(new MouseEvent('click', {bubbles: true}))")
    page.page.wait_for_selector(".aim:focus")
    assert page.ask("document.activeElement.textContent").replace(" ", "").endswith("0.7")
    page.press("End")
    page.ask("document.querySelector('.edge .hit').dispatchEvent(new MouseEvent('click', {bubbles: true}))")
    assert page.comes_to(1 + [step.key for step in small.steps].index("W1[1,1]@2"))


def test_an_address_with_a_step_opens_there(opened: Opening, small: Working) -> None:
    assert opened(small, where="#s4").comes_to(4)


def test_slides_show_one_step(opened: Opening, small: Working) -> None:
    page = opened(small, slides=True)
    shown = "[...document.querySelectorAll('.step')].filter(step => step.checkVisibility()).length"
    assert page.ask(shown) == 0
    page.press("ArrowDown")
    assert page.ask(shown) == 1
    page.press("s")
    assert page.ask(shown) == len(small.steps)


@pytest.mark.parametrize(("theme", "ground"), [("light", WHITE), ("dark", DARK)])
def test_the_page_follows_the_readers_theme(opened: Opening, small: Working, theme: str, ground: str) -> None:
    page = opened(small, color_scheme=theme)
    assert page.ask("getComputedStyle(document.body).backgroundColor") == ground


@pytest.mark.parametrize("which", ["small", "large"])
def test_on_a_phone_nothing_but_wide_formulas_scrolls_sideways(
    opened: Opening, which: str, request: pytest.FixtureRequest
) -> None:
    page = opened(request.getfixturevalue(which), size=(360, 740))
    page.press("End")
    assert page.ask("document.documentElement.scrollWidth") == 360
    wide = page.ask(
        """[...document.querySelectorAll('main *')].filter(part => part.getBoundingClientRect().right > 361
             && !part.closest('.line, .table, .canvas')).map(part => part.outerHTML.slice(0, 80))"""
    )
    assert wide == []
    boxes = page.ask(
        """[...document.querySelectorAll('.step.now .line, #s5 .line')].filter(box => box.scrollWidth > box.clientWidth)
             .map(box => getComputedStyle(box).overflowX)"""
    )
    assert set(boxes) == {"auto"}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("which", ["small", "large"])
def test_axe_finds_nothing(opened: Opening, which: str, theme: str, request: pytest.FixtureRequest) -> None:
    page = opened(request.getfixturevalue(which), color_scheme=theme)
    page.press("ArrowRight", "ArrowRight")
    if which == "large":
        page.page.locator("#s1 summary").click()
        page.page.locator("#s1 td").first.click()
    assert page.violations() == []


def test_axe_finds_a_fault(opened: Opening, small: Working) -> None:
    page = opened(small)
    page.ask("document.documentElement.removeAttribute('lang')")
    assert [found[:13] for found in page.violations("html-has-lang")] == ["html-has-lang"]


def test_on_paper_every_sheet_has_its_steps_and_the_drawing(opened: Opening, small: Working) -> None:
    page = opened(small)
    page.page.emulate_media(media="print")
    page.page.wait_for_selector(".framed")
    sheets = page.ask(
        """[...document.querySelectorAll('.sheet')].map(sheet => [
             sheet.querySelectorAll('.step').length, sheet.querySelectorAll('.frame svg').length,
             getComputedStyle(sheet).breakAfter, sheet.querySelector('.frame').checkVisibility()])"""
    )
    assert sum(sheet[0] for sheet in sheets) == len(small.steps)
    assert all(sheet[0] <= 5 and sheet[1] == 1 and sheet[3] for sheet in sheets)
    assert "page" in {sheet[2] for sheet in sheets}
    assert not page.page.locator(".bar").is_visible()
    page.page.emulate_media(media="screen")
    page.page.wait_for_selector(".frame svg", state="detached")


def test_without_scripts_the_whole_working_is_there(opened: Opening, small: Working) -> None:
    page = opened(small, java_script_enabled=False)
    assert page.page.locator(".step").count() == len(small.steps)
    assert page.page.locator(".step").last.is_visible()
    assert not page.page.locator(".bar").is_visible()
    assert page.page.locator("#net a").first.get_attribute("href")


def test_a_large_page_is_small_and_its_entries_open(opened: Opening, large: Working) -> None:
    assert len(render_html(large).encode()) < 3_000_000
    page = opened(large)
    paint = page.ask(
        """new Promise(done => new PerformanceObserver(list => done(list.getEntries()[0].startTime))
             .observe({type: 'paint', buffered: true}))"""
    )
    print(f"first paint after {paint:.0f} ms")
    assert page.page.locator("td").count() == 0
    page.page.locator("#s1 summary").click()
    page.page.locator("#s1 tr[data-row='2'] td[data-column='4']").click()
    names, numbers, result = page.page.locator("#s1 .entry p").all_text_contents()
    assert names.startswith("z1[3,5] = x[3,1] · W1[1,5] + x[3,2] · W1[2,5] + ")
    assert names.endswith(" + x[3,64] · W1[64,5] + b1[5]")
    assert numbers.count("·") == 64
    step: Any = large.steps[0]
    assert result == f"= {step.values[2][4]}"


def test_an_entrys_number_leads_to_its_own_entry(opened: Opening, large: Working) -> None:
    page = opened(large)
    page.page.locator("#s2 summary").click()
    page.page.locator("#s2 tr[data-row='0'] td[data-column='0']").press("Enter")
    page.page.locator("#s2 .entry button").first.click()
    assert page.comes_to(1)
    assert page.page.locator("#s1 .entry p").first.text_content().startswith("z1[1,1] = ")


def test_arrow_keys_move_among_the_entries(opened: Opening, large: Working) -> None:
    page = opened(large)
    page.page.locator("#s1 summary").click()
    page.page.locator("#s1 td").first.focus()
    page.press("ArrowRight", "ArrowDown")
    where = "JSON.stringify([document.activeElement.parentNode.dataset.row, document.activeElement.dataset.column])"
    assert json.loads(page.ask(where)) == ["1", "1"]
    assert page.at == 0
