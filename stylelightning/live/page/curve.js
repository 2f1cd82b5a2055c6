// The terms over the steps, on a logarithmic scale.

import { byId, element, svgElement } from "./dom.js";
import { isNumber, shown } from "./numbers.js";

const SERIES = 7; // colours
const LEFT = 52;
const RIGHT = 6;
const TOP = 8;
const BOTTOM = 22;

const positive = (value) => isNumber(value) && value > 0;

/** Draw the columns of a curve; the total is first. */
export function drawCurve(columns, ends) {
  const steps = columns.step ?? [];
  byId("losses").hidden = steps.length === 0;
  if (steps.length === 0) return;
  const names = ["total", ...Object.keys(columns).filter((name) => name !== "step" && name !== "total")];
  byId("legend").replaceChildren(...names.map((name, place) => legendLine(name, place, columns[name].at(-1))));
  const svg = byId("curve");
  const { width, height } = svg.getBoundingClientRect();
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const values = names.flatMap((name) => columns[name].filter(positive));
  if (values.length === 0 || width === 0) {
    svg.replaceChildren();
    return;
  }
  const place = placed(steps, values, width, height);
  const inside = ends.filter((end) => end > steps[0] && end < steps.at(-1));
  byId("scales-note").hidden = inside.length === 0;
  svg.replaceChildren(
    ...axes(place, steps, width, height),
    ...inside.map((end) => svgElement("line", { class: "end", x1: place.x(end), x2: place.x(end), y1: TOP, y2: height - BOTTOM })),
    ...names.map((name, index) => line(steps, columns[name], place, index)).reverse(),
  );
}

/** Return where a step and a value are in the drawing. */
function placed(steps, values, width, height) {
  const low = Math.log10(values.reduce((least, value) => Math.min(least, value)));
  const high = Math.log10(values.reduce((most, value) => Math.max(most, value)));
  const room = high > low ? (high - low) * 0.05 : 0.5;
  const [first, last] = [steps[0], steps.at(-1)];
  const along = (value, from, to) => (to > from ? (value - from) / (to - from) : 0.5);
  return {
    low: low - room,
    high: high + room,
    x: (step) => LEFT + along(step, first, last) * (width - LEFT - RIGHT),
    y: (value) => height - BOTTOM - along(Math.log10(value), low - room, high + room) * (height - TOP - BOTTOM),
  };
}

function line(steps, values, place, index) {
  let path = "";
  let lifted = true;
  steps.forEach((step, row) => {
    const value = values[row];
    if (positive(value)) path += `${lifted ? "M" : "L"}${place.x(step).toFixed(1)} ${place.y(value).toFixed(1)}`;
    lifted = !positive(value);
  });
  return svgElement("path", { class: `series-${index % SERIES}`, d: path });
}

function axes(place, steps, width, height) {
  const lines = levels(place.low, place.high).flatMap((value) => [
    svgElement("line", { class: "rule", x1: LEFT, x2: width - RIGHT, y1: place.y(value), y2: place.y(value) }),
    svgElement("text", { x: LEFT - 6, y: place.y(value) + 4, "text-anchor": "end" }, shown(value)),
  ]);
  const foot = height - 5;
  return [
    ...lines,
    svgElement("text", { x: LEFT, y: foot }, `step ${steps[0]}`),
    svgElement("text", { x: width - RIGHT, y: foot, "text-anchor": "end" }, String(steps.at(-1))),
  ];
}

/** Return round values between two exponents of ten, six at most. */
function levels(low, high) {
  const factors = high - low < 1.5 ? [1, 2, 5] : [1];
  const stride = Math.max(1, Math.ceil((high - low) / 5));
  const values = [];
  for (let power = Math.floor(low); power <= high; power += stride) {
    for (const factor of factors) values.push(factor * 10 ** power);
  }
  return values.filter((value) => Math.log10(value) >= low && Math.log10(value) <= high);
}

function legendLine(name, place, value) {
  const mark = svgElement("line", { class: `series-${place % SERIES}`, x1: 0, x2: 24, y1: 5, y2: 5 });
  return element(
    "li",
    {},
    svgElement("svg", { viewBox: "0 0 24 10", "aria-hidden": "true" }, mark),
    element("span", {}, name),
    element("b", {}, shown(value)),
  );
}
