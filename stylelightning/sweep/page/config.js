// The keys of the configs of A and B whose values differ.

function differingKeys(one, other) {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].filter((key) => one[key] !== other[key]).sort();
}

function showConfigs(a, b) {
  byId("config").replaceChildren(configView(a, b));
}

function configView(a, b) {
  const missing = [["A", a], ["B", b]].filter(([, run]) => !run?.config).map(([side]) => side);
  if (missing.length > 0) return element("p", { class: "notice" }, `No config of ${missing.join(" and ")}.`);
  const keys = differingKeys(a.config, b.config);
  if (keys.length === 0) return element("p", { class: "notice" }, "The configs are the same.");
  const head = element(
    "tr",
    {},
    element("th", { scope: "col" }, "key"),
    ...[["a", a], ["b", b]].map(([side, run]) =>
      element("th", { scope: "col" }, element("b", { class: `mark ${side}` }, side.toUpperCase()), ` ${nameOf(run)}`),
    ),
  );
  const lines = keys.map((key) => element(
    "tr",
    {},
    element("th", { scope: "row", class: "key" }, key),
    configCell("a", a.config[key]),
    configCell("b", b.config[key]),
  ));
  return element("table", { class: "data differing" }, element("thead", {}, head), element("tbody", {}, ...lines));
}

function configCell(side, value) {
  const text = value === undefined
    ? element("span", { class: "missing" }, "not set")
    : element("code", {}, value === "" ? "(empty)" : value);
  return element("td", { class: side, "data-side": side.toUpperCase() }, text);
}
