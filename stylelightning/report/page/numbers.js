// Numbers as a reader likes them.

const MISSING = "–";

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

/** Return a number with four significant digits. */
function shown(value) {
  if (!isNumber(value)) return MISSING;
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(2).replace("e+", "e").replace("-", "−");
  if (size >= 1000) return value.toLocaleString("en", { maximumFractionDigits: 0 });
  return String(Number(value.toPrecision(4))).replace("-", "−");
}

/** Return seconds as seconds, minutes or hours. */
function shownSeconds(value) {
  if (!isNumber(value)) return MISSING;
  if (value < 60) return `${Number(value.toPrecision(3))} s`;
  const minutes = Math.round(value / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Return round values that cover the way from one number to another. */
function ticks(low, high, count) {
  const raw = (high - low) / count;
  if (!(raw > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= raw);
  const first = Math.ceil(low / step - 1e-9);
  const values = [];
  for (let n = first; n * step <= high + step * 1e-9; n += 1) values.push(Number((n * step).toPrecision(12)));
  return values;
}

/** Return values for a logarithmic axis: powers of ten, and 2 and 5 times them if they are few. */
function logTicks(low, high, count) {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const stride = Math.max(1, Math.ceil((last - first) / count));
  const factors = last - first <= 3 ? [1, 2, 5] : [1];
  const values = [];
  for (let power = first; power <= last; power += stride) {
    for (const factor of factors) values.push(Number((factor * 10 ** power).toPrecision(3)));
  }
  const inside = values.filter((value) => value >= low && value <= high);
  return inside.length > 1 ? inside : ticks(low, high, count).filter((value) => value > 0);
}
