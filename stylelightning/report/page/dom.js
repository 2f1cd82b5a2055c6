// Elements. Text goes in as text, never as HTML: labels and errors may hold anything.

const byId = (id) => document.getElementById(id);

/** Return a new element; attributes named on... are listeners, children are nodes or text. */
function element(tag, attributes = {}, ...children) {
  return furnished(document.createElement(tag), attributes, children);
}

function svgElement(tag, attributes = {}, ...children) {
  return furnished(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function furnished(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** Return a text that may be broken after its dots, slashes and underscores. */
function breakable(text) {
  const parts = text.split(/(?<=[./_])/);
  return element("span", {}, ...parts.flatMap((part, place) => (place > 0 ? [element("wbr"), part] : [part])));
}

/** Give a select its options, pairs of value and text. */
function fillSelect(select, options, chosen) {
  select.replaceChildren(...options.map(([value, text]) => element("option", { value }, text)));
  if (chosen !== undefined && chosen !== null) select.value = String(chosen);
}

/** Return a select with a label around it. */
function labelledSelect(id, label, options, chosen, onchange) {
  const select = element("select", { id, onchange: () => onchange(select.value) });
  fillSelect(select, options, chosen);
  return element("label", { class: "control" }, element("span", {}, label), select);
}

/** Call a function once a frame at most, however often it is asked for. */
function oncePerFrame(draw) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  };
}
