// Numbers as a reader likes them.

const MISSING = "–";

export const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

/** Return a number with three significant digits. */
export function shown(value) {
  if (!isNumber(value)) return MISSING;
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e5 || size < 1e-3)) {
    return value.toExponential(2).replace("e+", "e").replace("e-", "e−");
  }
  if (size >= 1000) return value.toLocaleString("en", { maximumFractionDigits: 0 });
  return String(Number(value.toPrecision(3)));
}

/** Return seconds as seconds, minutes or hours. */
export function shownSeconds(value) {
  if (!isNumber(value)) return MISSING;
  if (value < 60) return `${Math.round(value)} s`;
  const seconds = Math.round(value);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(value / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
