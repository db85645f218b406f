"use strict";
// Whole matrices: their numbers are put on the page when they are opened, and so is each entry's own sum.
// go: shows a step as the current one
function openMatrices({ $, $$, data, go }) {
  const PAGE = 64;
  const matrices = data.matrices ?? {};
  const numbersOf = (matrix) => (matrix.numbers ??= matrix.rows.map((row) => row.split(" ")));

  // The matrix that a symbol stands for in a step: the last one made before it.
  function standing(symbol, before) {
    let found = null;
    for (const [id, matrix] of Object.entries(matrices)) {
      if (matrix.symbol === symbol && (matrix.at < before || matrix.at === 0) && matrix.at >= (found?.matrix.at ?? 0)) {
        found = { id, matrix };
      }
    }
    return found;
  }

  function open(id, row = 0, column = 0) {
    const details = $(`details[data-matrix="${id}"]`);
    if (!details) return;
    const top = Math.floor(row / PAGE) * PAGE;
    const left = Math.floor(column / PAGE) * PAGE;
    if (details.dataset.corner !== `${top},${left}`) fill(details, id, top, left);
  }

  function fill(details, id, top, left) {
    const numbers = numbersOf(matrices[id]);
    const rows = numbers.slice(top, top + PAGE);
    const width = numbers[0].length;
    const columns = numbers[0].slice(left, left + PAGE).map((_, place) => left + place + 1);
    const table = document.createElement("table");
    const heads = columns.map((column) => `<th scope="col">${column}</th>`).join("");
    // Only digits, signs and points are put in as markup; names go in as text.
    const cell = (text, place) => `<td tabindex="-1" data-column="${left + place}">${text.replace(/[<>&]/g, "")}</td>`;
    const body = rows.map(
      (row, place) =>
        `<tr data-row="${top + place}"><th scope="row">${top + place + 1}</th>` +
        `${row.slice(left, left + PAGE).map(cell).join("")}</tr>`,
    );
    table.innerHTML = `<thead><tr><th scope="col">row</th>${heads}</tr></thead><tbody>${body.join("")}</tbody>`;
    table.setAttribute("aria-label", `Numbers of ${matrices[id].name}: arrow keys move, Enter opens an entry`);
    $("td", table).tabIndex = 0;
    details.dataset.corner = `${top},${left}`;
    const box = $(".table", details);
    box.replaceChildren(table);
    $(".pages", details)?.remove();
    if (numbers.length > PAGE || width > PAGE) details.append(pager(details, id, top, left, numbers.length, width));
  }

  function pager(details, id, top, left, height, width) {
    const bar = document.createElement("p");
    bar.className = "pages";
    const add = (label, row, column) => {
      if (row < 0 || column < 0 || row >= height || column >= width) return;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.addEventListener("click", () => fill(details, id, row, column));
      bar.append(button, " ");
    };
    add("rows before", top - PAGE, left);
    add("rows after", top + PAGE, left);
    add("columns before", top, left - PAGE);
    add("columns after", top, left + PAGE);
    return bar;
  }

  function cellAt(id, row, column) {
    return $(`details[data-matrix="${id}"] tr[data-row="${row}"] td[data-column="${column}"]`);
  }

  function choose(cell, focus = true) {
    const details = cell.closest("details");
    for (const other of $$("td[tabindex='0']", details)) other.tabIndex = -1;
    cell.tabIndex = 0;
    if (focus) cell.focus();
  }

  function showEntry(cell) {
    const details = cell.closest("details");
    const id = details.dataset.matrix;
    for (const other of $$("td.chosen", details)) other.classList.remove("chosen");
    cell.classList.add("chosen");
    choose(cell);
    let panel = $(".entry", details);
    if (!panel) {
      panel = document.createElement("div");
      panel.className = "entry";
      panel.setAttribute("aria-live", "polite");
      details.append(panel);
    }
    panel.replaceChildren(...written(matrices[id], Number(cell.parentNode.dataset.row), Number(cell.dataset.column)));
  }

  const placed = (name, places) => (places.length ? `${name}[${places.join(",")}]` : name);
  const bracketed = (number) => (number.startsWith("-") ? `(${number})` : number);

  // An entry by name, with the numbers put in, and its number: pieces of text put in their places.
  function written(matrix, row, column) {
    const own = { i: row + 1, j: column + 1 };
    const places = matrix.axes === 2 ? [own.i, own.j] : matrix.axes === 1 ? [own.j] : [];
    const result = numbersOf(matrix)[row][column];
    const name = placed(matrix.name, matrix.axes === undefined ? [own.i, own.j] : places);
    if (!matrix.terms) return [paragraph(`${name} = ${result}`)];
    const pieces = matrix.terms.flatMap((term) => spread(term, own, matrix.sums));
    const names = document.createElement("p");
    const numbers = document.createElement("p");
    names.append(`${name} = `);
    numbers.append("= ");
    let complete = true;
    pieces.forEach(([term, indices], place) => {
      if (place) [names, numbers].forEach((line) => line.append(" + "));
      for (const piece of term.split(/(\{[^}]*\})/)) {
        const found = /^\{([^[}]+)(?:\[([^\]]*)\])?\}$/.exec(piece);
        if (!found) {
          [names, numbers].forEach((line) => line.append(piece));
          continue;
        }
        const at = (found[2] ?? "").split(",").filter(Boolean).map((letter) => indices[letter] ?? Number(letter));
        const source = standing(found[1], matrix.at);
        names.append(placed(source?.matrix.name ?? found[1], at));
        const [r, c] = at.length === 2 ? [at[0] - 1, at[1] - 1] : [0, (at[0] ?? 1) - 1];
        const number = source && numbersOf(source.matrix)[r]?.[c];
        if (number === undefined) complete = false;
        else numbers.append(jump(bracketed(number), source.id, r, c));
      }
    });
    const end = paragraph(`= ${result}`);
    end.classList.add("result");
    return complete ? [names, numbers, end] : [names, end];
  }

  // A piece once, or once for every value of the letters that it sums over.
  function spread(term, own, sums) {
    const inside = [...term.matchAll(/\[([^\]]*)\]/g)].flatMap((found) => found[1].split(","));
    let all = [own];
    for (const [letter, count] of Object.entries(sums ?? {})) {
      if (inside.includes(letter)) {
        all = all.flatMap((set) => Array.from({ length: count }, (_, n) => ({ ...set, [letter]: n + 1 })));
      }
    }
    return all.map((set) => [term, set]);
  }

  function jump(text, id, row, column) {
    const target = $(`details[data-matrix="${id}"]`);
    if (!target) return text;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.addEventListener("click", () => {
      target.open = true;
      open(id, row, column);
      if (/^s\d+$/.test(id)) go(Number(id.slice(1)), { scroll: false });
      const cell = cellAt(id, row, column);
      if (cell) showEntry(cell);
      cell?.scrollIntoView({ block: "center", inline: "center" });
    });
    return button;
  }

  function paragraph(text) {
    const made = document.createElement("p");
    made.textContent = text;
    return made;
  }

  for (const details of $$("details.entries")) {
    details.addEventListener("toggle", () => details.open && !details.dataset.corner && open(details.dataset.matrix));
    details.addEventListener("click", (event) => {
      const cell = event.target.closest("td");
      if (cell) showEntry(cell);
    });
    details.addEventListener("keydown", (event) => {
      const cell = event.target.closest("td");
      const way = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
      if (cell && way) {
        event.preventDefault();
        const next = cellAt(details.dataset.matrix, Number(cell.parentNode.dataset.row) + way[0], Number(cell.dataset.column) + way[1]);
        if (next) choose(next);
      } else if (cell && (event.key === "Enter" || event.key === " ")) {
        event.preventDefault();
        showEntry(cell);
      }
    });
  }
}
