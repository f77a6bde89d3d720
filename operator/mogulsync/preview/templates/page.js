"use strict";
(() => {
  const PAGE = 100;
  const OUTCOME = 0, UUID = 1, EMAIL = 2, EXTERNAL = 3, CONTACT = 4, NOW = 5, THEN = 6;
  const data = JSON.parse(document.getElementById("data").textContent);
  const find = (id) => document.getElementById(id);
  const search = find("search"), outcome = find("outcome"), field = find("field");
  const head = document.querySelector("#rows thead"), body = document.querySelector("#rows tbody");
  const table = find("rows"), scroll = document.querySelector(".scroll");
  const number = new Intl.NumberFormat("en");

  const isChanged = (row, place) => row[NOW][place] !== row[THEN][place];
  const changes = data.rows.map((row) => data.attributes.map((_, place) => isChanged(row, place)));
  const anyChange = changes.map((each) => each.includes(true));
  const texts = data.rows.map((row) =>
    [row[UUID], row[EMAIL], row[EXTERNAL], row[CONTACT], ...row[NOW], ...row[THEN]]
      .filter((value) => value !== null).join("\n").toLowerCase());

  const attributes = data.attributes.map((name, place) => ({
    title: name, read: (row) => row[THEN][place], cell: (row, at) => cellOfValue(row, place, changes[at][place]),
  }));
  const plain = (title, read, kind) => ({ title, read, cell: (row) => element("td", read(row), kind) });
  const columns = [
    plain("Outcome", (row) => data.outcomes[row[OUTCOME]]), plain("Customer", (row) => row[EMAIL], "email"), ...attributes,
    plain("External ids", (row) => row[EXTERNAL], "id"), plain("UUID", (row) => row[UUID], "id"),
    plain("Contact", (row) => row[CONTACT], "id"),
  ];
  const state = { column: -1, direction: 1, page: 0, shown: [] };

  function compare(one, other) {
    const empty = (value) => value === null || value === "";
    if (empty(one) || empty(other)) return empty(one) - empty(other);
    if (typeof one === "number" && typeof other === "number") return state.direction * (one - other);
    const a = String(one), b = String(other);
    return state.direction * (a < b ? -1 : a > b ? 1 : 0);
  }

  function select() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = outcome.value, place = field.value === "" ? -1 : Number(field.value);
    const shown = [];
    for (let at = 0; at < data.rows.length; at += 1) {
      const kind = data.outcomes[data.rows[at][OUTCOME]];
      if (wanted === "changed" ? !(kind === "matched" && anyChange[at])
        : wanted === "unchanged" ? !(kind === "matched" && !anyChange[at])
        : wanted !== "" && kind !== wanted) continue;
      if (place >= 0 && !changes[at][place]) continue;
      if (words.every((word) => texts[at].includes(word))) shown.push(at);
    }
    if (state.column >= 0) {
      const value = columns[state.column].read;
      shown.sort((one, other) => compare(value(data.rows[one]), value(data.rows[other])) || one - other);
    }
    state.shown = shown;
    state.page = 0;
    show();
  }

  function element(name, text, kind) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  }

  function value(tag, content) {
    const empty = content === null || content === "";
    return element(tag, empty ? "empty" : String(content), empty ? "empty" : "");
  }

  function cellOfValue(row, place, changed) {
    const cell = element("td");
    if (row[CONTACT] === "") return cell;
    if (!changed) {
      if (row[NOW][place] !== null) cell.textContent = String(row[NOW][place]);
      return cell;
    }
    cell.className = "changed";
    cell.append(value("del", row[NOW][place]), " \u2192 ", value("ins", row[THEN][place]));
    return cell;
  }

  function show() {
    const first = state.page * PAGE, some = state.shown.slice(first, first + PAGE);
    const lines = document.createDocumentFragment();
    some.forEach((at, place) => {
      const row = data.rows[at], line = element("tr");
      line.setAttribute("aria-rowindex", String(first + place + 2));
      for (const column of columns) line.append(column.cell(row, at));
      lines.append(line);
    });
    body.replaceChildren(lines);
    scroll.scrollTop = 0;
    table.setAttribute("aria-rowcount", String(state.shown.length + 1));
    const pages = Math.max(1, Math.ceil(state.shown.length / PAGE));
    find("count").textContent = `${number.format(state.shown.length)} of ${number.format(data.rows.length)}`;
    find("page").textContent = `Page ${number.format(state.page + 1)} of ${number.format(pages)}`;
    for (const button of document.querySelectorAll("#pages button")) {
      const back = button.dataset.step === "first" || button.dataset.step === "back";
      button.disabled = back ? state.page === 0 : state.page >= pages - 1;
    }
  }

  function step(to) {
    const last = Math.max(0, Math.ceil(state.shown.length / PAGE) - 1);
    state.page = { first: 0, back: Math.max(0, state.page - 1), on: Math.min(last, state.page + 1), last }[to];
    show();
  }

  function sortBy(column, cell) {
    state.direction = state.column === column ? -state.direction : 1;
    state.column = column;
    for (const each of head.querySelectorAll("th")) each.removeAttribute("aria-sort");
    cell.setAttribute("aria-sort", state.direction > 0 ? "ascending" : "descending");
    select();
  }

  function filterBy(kind, place) {
    outcome.value = kind;
    field.value = place;
    select();
    find("list").scrollIntoView();
    find("search").focus({ preventScroll: true });
  }

  const line = element("tr");
  columns.forEach(({ title }, column) => {
    const cell = element("th"), button = element("button", title);
    cell.scope = "col";
    button.type = "button";
    button.addEventListener("click", () => sortBy(column, cell));
    cell.append(button);
    line.append(cell);
  });
  head.append(line);
  const kinds = [["changed", "matched, would change"], ["unchanged", "matched, stays"], ...data.outcomes.map((name) => [name, name])];
  for (const [name, title] of kinds) outcome.append(new Option(title, name));
  data.attributes.forEach((name, place) => field.append(new Option(name, String(place))));

  let waiting = 0;
  search.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(select, 60); });
  outcome.addEventListener("change", select);
  field.addEventListener("change", select);
  find("filters").addEventListener("submit", (event) => { event.preventDefault(); select(); });
  find("filters").addEventListener("reset", () => setTimeout(select, 0));
  find("pages").addEventListener("click", (event) => { if (event.target.dataset.step) step(event.target.dataset.step); });
  for (const button of document.querySelectorAll("[data-outcome]:enabled")) {
    button.addEventListener("click", () => filterBy(button.dataset.outcome, ""));
  }
  for (const button of document.querySelectorAll("[data-field]")) {
    button.addEventListener("click", () => filterBy("", button.dataset.field));
  }
  for (const part of [find("filters"), scroll, find("pages")]) part.hidden = false;
  select();
})();
