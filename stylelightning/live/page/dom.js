// Elements. Text goes in as text, never as HTML: names may hold anything.

export const byId = (id) => document.getElementById(id);

/** Return a new element; children are nodes or text. */
export function element(tag, attributes = {}, ...children) {
  return furnished(document.createElement(tag), attributes, children);
}

export function svgElement(tag, attributes = {}, ...children) {
  return furnished(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function furnished(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Show a text, or nothing when there is none. */
export function say(id, text) {
  const node = byId(id);
  node.hidden = text === "";
  if (node.textContent !== text) node.textContent = text;
}
