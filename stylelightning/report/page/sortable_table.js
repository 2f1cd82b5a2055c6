// A table whose columns' titles sort it.

/**
 * Fill a table. A column has a title; a value(run) to sort by, or null if it can't be sorted by it;
 * a cell(run) that returns a node or text; and perhaps a text below its title, a class, and head: true for a row's title.
 */
function fillTable(table, rows, columns) {
  const body = element("tbody");
  const heads = columns.map((column) => columnHead(column, (direction, head) => {
    for (const other of heads) if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", direction);
    fillBody(body, sorted(rows, column.value, direction === "ascending" ? 1 : -1), columns);
  }));
  fillBody(body, rows, columns);
  table.replaceChildren(element("thead", {}, element("tr", {}, ...heads)), body);
}

function columnHead(column, sortBy) {
  if (!column.value) return element("th", { scope: "col", class: column.class }, column.title);
  const head = element("th", { scope: "col", class: column.class, "aria-sort": "none" });
  const turn = () => sortBy(head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending", head);
  head.append(element("button", { type: "button", onclick: turn }, column.title));
  if (column.below) head.append(element("span", { class: "direction" }, column.below));
  return head;
}

/** Return a text for a cell that is wrapped only when it is long. */
const textCell = (text) => element("div", { class: "text" }, text);

function fillBody(body, rows, columns) {
  body.replaceChildren(...rows.map((row) => {
    const line = element("tr", { "data-run-of": row.index });
    for (const column of columns) {
      const tag = column.head ? "th" : "td";
      line.append(element(tag, { class: column.class, scope: column.head ? "row" : null }, column.cell(row)));
    }
    return line;
  }));
  markChoice();
}

/** Return the rows in order of a value; those that have none are last in either direction. */
function sorted(rows, value, sign) {
  const keyed = rows.map((row) => ({ row, key: value(row) }));
  const missing = ({ key }) => key === null || key === undefined || key === "";
  const compared = (one, other) => (isNumber(one) && isNumber(other)
    ? one - other
    : String(one).localeCompare(String(other), "en", { numeric: true }));
  const known = keyed.filter((each) => !missing(each)).sort((one, other) => sign * compared(one.key, other.key));
  return [...known, ...keyed.filter(missing)].map(({ row }) => row);
}
