// Lines in a frame with two axes.

const PLOT_MARGIN = { left: 62, right: 10, top: 10, bottom: 40 };

/**
 * Draw series, each {class, dash, points: [[x, y], ...]}, into an SVG, and return its scales.
 * A value that is no number, or not positive on a logarithmic axis, leaves a hole.
 */
function drawPlot(svg, series, { logarithmic, title }) {
  const { width, height } = svg.getBoundingClientRect();
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const fits = ([, y]) => isNumber(y) && (!logarithmic || y > 0);
  const points = series.flatMap((each) => each.points.filter(fits));
  if (points.length === 0 || width === 0) {
    svg.replaceChildren(svgElement("text", { x: width / 2, y: height / 2, "text-anchor": "middle" }, "Choose a run that has this term."));
    return null;
  }
  const scales = plotScales(points, width, height, logarithmic);
  const curves = series.map((each) => svgElement("path", {
    class: `curve ${each.class}`,
    d: curvePath(each.points, fits, scales),
    "stroke-dasharray": each.dash,
  }));
  svg.replaceChildren(plotAxes(scales, width, height, title), ...curves, svgElement("g", { class: "at-step" }));
  return scales;
}

function plotScales(points, width, height, logarithmic) {
  const [lowX, highX] = extent(points.map(([x]) => x));
  const [lowY, highY] = padded(extent(points.map(([, y]) => y)), logarithmic);
  const along = (value, low, high) => (high > low ? (value - low) / (high - low) : 0.5);
  const upwards = logarithmic
    ? (y) => along(Math.log10(y), Math.log10(lowY), Math.log10(highY))
    : (y) => along(y, lowY, highY);
  const { left, right, top, bottom } = PLOT_MARGIN;
  return {
    x: (value) => left + along(value, lowX, highX) * (width - left - right),
    y: (value) => height - bottom - upwards(value) * (height - top - bottom),
    step: (pixel) => lowX + ((pixel - left) / (width - left - right)) * (highX - lowX),
    xTicks: ticks(lowX, highX, Math.max(2, width / 110)).filter(Number.isInteger),
    yTicks: (logarithmic ? logTicks : ticks)(lowY, highY, Math.max(3, height / 60)),
  };
}

const extent = (values) => values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);

/** Return a range with some room at both ends; one that begins near zero begins there. */
function padded([low, high], logarithmic) {
  if (logarithmic) {
    const room = high > low ? (high / low) ** 0.04 : 1.5;
    return [low / room, high * room];
  }
  const room = high > low ? (high - low) * 0.04 : Math.abs(high) / 2 || 1;
  const nearZero = low >= 0 && low < (high - low) / 3;
  return [nearZero ? 0 : low - room, high + room];
}

function curvePath(points, fits, scales) {
  let path = "";
  let lifted = true;
  for (const point of points) {
    if (!fits(point)) {
      lifted = true;
      continue;
    }
    path += `${lifted ? "M" : "L"}${scales.x(point[0]).toFixed(1)} ${scales.y(point[1]).toFixed(1)}`;
    lifted = false;
  }
  return path;
}

function plotAxes(scales, width, height, title) {
  const { left, right, top, bottom } = PLOT_MARGIN;
  const foot = height - bottom;
  const group = svgElement("g");
  for (const value of scales.yTicks) {
    const y = scales.y(value);
    group.append(
      svgElement("line", { class: "rule", x1: left, x2: width - right, y1: y, y2: y }),
      svgElement("text", { x: left - 8, y: y + 4, "text-anchor": "end" }, shown(value)),
    );
  }
  for (const value of scales.xTicks) {
    group.append(svgElement("text", { x: scales.x(value), y: foot + 18, "text-anchor": "middle" }, String(value)));
  }
  group.append(
    svgElement("line", { class: "frame", x1: left, x2: width - right, y1: foot, y2: foot }),
    svgElement("text", { x: width - right, y: foot + 35, "text-anchor": "end" }, "step"),
    svgElement("text", { x: left, y: foot + 35 }, title),
    svgElement("line", { class: "frame", x1: left, x2: left, y1: top, y2: foot }),
  );
  return group;
}

/** Draw the line at a step and a dot on every curve. */
function drawAtStep(svg, scales, step, dots) {
  const x = scales.x(step);
  const height = svg.viewBox.baseVal.height;
  svg.querySelector(".at-step").replaceChildren(
    svgElement("line", { class: "at", x1: x, x2: x, y1: PLOT_MARGIN.top, y2: height - PLOT_MARGIN.bottom }),
    ...dots.map((dot) => svgElement("circle", { class: dot.class, cx: scales.x(dot.x), cy: scales.y(dot.y), r: 3.5 })),
  );
}
