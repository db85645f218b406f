"use strict";
// Shows and hides, moves and links. Every number, name and sentence was written before the page was made.
(() => {
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const data = JSON.parse($("#data").textContent);
  const steps = data.steps;
  const net = $("#net");
  const items = new Map($$(".step").map((item) => [Number(item.dataset.at), item]));
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let at = 0;

  // --- the drawing ---------------------------------------------------------------------------------

  const upTo = (frames, step) => frames.findLast((frame) => frame[0] <= step);

  function draw(svg, step) {
    const texts = new Map();
    for (const part of $$("[data-t]", svg)) {
      texts.set(part.dataset.t, [...(texts.get(part.dataset.t) ?? []), part]);
    }
    const links = new Map();
    for (const [id, frames] of Object.entries(data.shown ?? {})) {
      const [, name, number, anchor] = upTo(frames, step) ?? [0, "", "", ""];
      for (const span of texts.get(id) ?? []) {
        const isName = span.classList.contains("name");
        const fixed = isName && !name && !span.parentNode.classList.contains("gradient");
        if (!fixed) span.textContent = isName ? name : number;
        const link = span.closest("a");
        if (link && anchor && !(links.has(link) && id.endsWith("g"))) links.set(link, anchor);
      }
    }
    for (const link of $$("a.part", svg)) {
      if (links.has(link)) link.setAttribute("href", `#${links.get(link)}`);
      else link.removeAttribute("href");
    }
    const { made = [], used = [], phase } = steps[step - 1] ?? {};
    mark(svg, made, used, phase);
    const sample = upTo(data.sample ?? [], step);
    if (sample && svg === net) $("#sample").textContent = `sample ${sample[1]} of ${data.samples}`;
  }

  function mark(svg, made, used, phase) {
    for (const part of $$(".part", svg)) {
      const number = Number(part.dataset.part);
      part.classList.toggle("made", made.includes(number));
      part.classList.toggle("used", used.includes(number));
    }
    if (phase) svg.dataset.phase = phase;
    else delete svg.dataset.phase;
  }

  // A large drawing scrolls in its box to what the line makes.
  function showPart() {
    const part = $(".part.made rect", net) ?? $(".part.made", net);
    if (!part) return;
    const canvas = $(".canvas");
    const [box, frame] = [part.getBoundingClientRect(), canvas.getBoundingClientRect()];
    canvas.scrollBy({
      left: box.x + box.width / 2 - frame.x - frame.width / 2,
      top: box.y + box.height / 2 - frame.y - frame.height / 2,
      behavior: calm.matches ? "auto" : "smooth",
    });
  }

  // --- going from step to step ---------------------------------------------------------------------

  function go(step, { scroll = true, say = true, keep = true } = {}) {
    at = Math.max(0, Math.min(steps.length, step));
    for (const [number, item] of items) {
      item.classList.toggle("done", number < at);
      item.classList.toggle("now", number === at);
      if (number === at) item.setAttribute("aria-current", "step");
      else item.removeAttribute("aria-current");
    }
    const now = steps[at - 1];
    for (const section of $$(".phase")) section.classList.toggle("here", $("h2", section).id === now?.section);
    for (const link of $$(".contents a")) {
      if (link.hash === `#${now?.section}`) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    document.body.classList.toggle("begun", at > 0);
    $("#at").textContent = at;
    for (const button of $$("[data-go]")) {
      const back = ["first", "back"].includes(button.dataset.go);
      button.setAttribute("aria-disabled", String(back ? at === 0 : at === steps.length));
    }
    const legend = $(".legend");
    if (legend) {
      if (now) legend.dataset.phase = now.phase;
      else delete legend.dataset.phase;
    }
    if (net) {
      draw(net, at);
      if (net.classList.contains("large")) showPart();
    }
    if (say) $("#now").textContent = now ? now.say : "Start: what is given";
    if (scroll) reveal(at ? items.get(at) : $("#given") ?? document.body);
    if (keep) remember(at ? `#s${at}` : "#given");
    fitBoxes(items.get(at));
  }

  function reveal(item) {
    item?.scrollIntoView({ block: "nearest", behavior: calm.matches ? "auto" : "smooth" });
  }

  function remember(hash) {
    try {
      history.replaceState(null, "", hash);
    } catch {
      // A page without an address of its own remembers nothing.
    }
  }

  const moves = { first: () => 0, back: () => at - 1, forward: () => at + 1, last: () => steps.length };
  const keys = {
    ArrowLeft: "back", ArrowRight: "forward", PageUp: "back", PageDown: "forward", ArrowUp: "back", ArrowDown: "forward",
    Home: "first", End: "last",
  };
  const onlyInSlides = ["ArrowUp", "ArrowDown", "PageUp", "PageDown"];

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
    const target = event.target.closest("a, button, summary, td, input, .line[tabindex='0'], .table, .canvas[tabindex='0']");
    const slides = document.body.classList.contains("slides");
    if (event.key === " ") {
      if (target?.matches("button, summary, td, input")) return;
      event.preventDefault();
      go(event.shiftKey ? at - 1 : at + 1);
    } else if (event.key in keys) {
      if (event.shiftKey || target?.matches("td, input, .line, .table, .canvas")) return;
      if (onlyInSlides.includes(event.key) && !slides) return;
      event.preventDefault();
      go(moves[keys[event.key]]());
    } else if (event.key.toLowerCase() === "s" && !target?.matches("input")) {
      setSlides(!slides);
    } else if (event.key === "Escape" && slides) {
      setSlides(false);
    }
  });

  document.addEventListener("click", (event) => {
    const from = event.target;
    const button = from.closest("[data-go]");
    if (button) return go(moves[button.dataset.go](), {});
    const number = from.closest("[data-to]");
    if (number) {
      location.hash = number.dataset.to;
      return undefined;
    }
    const edge = from.closest(".edge");
    if (edge) {
      const label = $(`a.part[data-part="${edge.dataset.part}"]`, net);
      const href = label?.getAttribute("href");
      if (href) location.hash = href;
      return undefined;
    }
    // A click on a link to where the page is already changes no address.
    const link = from.closest("a[href^='#']");
    if (link && link.getAttribute("href") === location.hash) arrive();
    const item = from.closest(".step");
    if (item && !from.closest("a, summary, details") && getSelection().isCollapsed) {
      go(Number(item.dataset.at), { scroll: false });
    }
    return undefined;
  });

  // --- links ---------------------------------------------------------------------------------------

  function arrive() {
    const id = decodeURIComponent(location.hash.slice(1));
    for (const given of $$(".aim")) given.classList.remove("aim");
    if (/^s\d+$/.test(id)) {
      go(Number(id.slice(1)), { keep: false });
      items.get(at)?.focus({ preventScroll: true });
    } else if (/^g\d+$/.test(id)) {
      const given = document.getElementById(id);
      if (document.body.classList.contains("slides")) go(0, { keep: false });
      given?.closest("details")?.setAttribute("open", "");
      given?.classList.add("aim");
      given?.focus({ preventScroll: true });
      reveal(given);
    } else if (/^p\d+$/.test(id)) {
      const first = steps.findIndex((step) => step.section === id);
      go(first + 1, { keep: false, scroll: false });
      document.getElementById(id)?.scrollIntoView({ block: "start" });
    } else if (id === "steps") {
      $("#steps").focus();
    }
  }
  addEventListener("hashchange", arrive);

  // --- slides and paper ----------------------------------------------------------------------------

  function setSlides(on) {
    document.body.classList.toggle("slides", on);
    document.body.classList.toggle("reading", !on);
    $("#mode").setAttribute("aria-pressed", String(on));
    go(at, { say: false });
  }
  $("#mode").addEventListener("click", () => setSlides(!document.body.classList.contains("slides")));
  $("#print").addEventListener("click", () => print());

  // Letters of a line on paper in pixels, and how wide it may be: A4 across, less margins and the drawing.
  const [LETTERS, PAPER] = [21.3, net ? 500 : 950];

  // On paper every sheet has the drawing as it stands after the sheet's last step, and wide lines are smaller.
  function frame() {
    if (document.body.classList.contains("framed")) return;
    document.body.classList.add("framed");
    for (const line of $$(".step .line")) {
      const wide = ($("math", line).getBoundingClientRect().width / parseFloat(getComputedStyle(line).fontSize)) * LETTERS;
      if (wide > PAPER) line.style.fontSize = `${(LETTERS * PAPER) / wide}px`;
    }
    if (!net) return;
    for (const sheet of $$(".sheet")) {
      const copy = net.cloneNode(true);
      copy.removeAttribute("id");
      const last = Number(sheet.dataset.last);
      const first = Number($(".step", sheet).dataset.at);
      draw(copy, last);
      const shown = steps.slice(first - 1, last);
      const made = shown.flatMap((step) => step.made ?? []);
      const used = shown.flatMap((step) => step.used ?? []).filter((part) => !made.includes(part));
      mark(copy, made, used, steps[last - 1].phase);
      for (const link of $$("a", copy)) link.removeAttribute("href");
      $(".frame", sheet).replaceChildren(copy);
    }
  }
  function unframe() {
    document.body.classList.remove("framed");
    for (const place of $$(".frame")) place.replaceChildren();
    for (const line of $$(".step .line")) line.style.fontSize = "";
  }
  addEventListener("beforeprint", frame);
  addEventListener("afterprint", unframe);
  matchMedia("print").addEventListener("change", (event) => (event.matches ? frame() : unframe()));

  // --- wide boxes can be scrolled by keys --------------------------------------------------------------

  function fitBox(box) {
    if (box.scrollWidth > box.clientWidth + 1) {
      box.tabIndex = 0;
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", "wide formula, scrolls sideways");
    } else {
      for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
    }
  }
  const fitBoxes = (within) => within && $$(".line", within).forEach(fitBox);
  const seen = new IntersectionObserver((entries) => entries.forEach((e) => e.isIntersecting && fitBox(e.target)));
  $$(".line").forEach((box) => seen.observe(box));
  addEventListener("resize", () => fitBoxes(items.get(at)));

  // --- the beginning -------------------------------------------------------------------------------

  openMatrices({ $, $$, data, go });
  $(".bar").hidden = false;
  document.body.classList.remove("unscripted");
  $("#mode").setAttribute("aria-pressed", String(document.body.classList.contains("slides")));
  if (location.hash) {
    go(0, { scroll: false, say: false, keep: false });
    arrive();
  } else {
    go(0, { scroll: false, say: false, keep: false });
  }
})();
