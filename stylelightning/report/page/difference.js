// The difference picture of A and B, and its mean.

let differenceNumber = 0; // of the newest call: an older one that is late must not draw

async function showDifference(a, b) {
  differenceNumber += 1;
  const number = differenceNumber;
  const canvas = byId("difference");
  const factor = 2 ** Number(byId("factor").value);
  byId("factor-shown").value = `× ${factor}`;
  if (!a?.picture || !b?.picture) {
    canvas.width = canvas.height = 1;
    byId("difference-note").textContent = "Needs the pictures of both.";
    return;
  }
  const pictures = await Promise.all([loaded(a.picture.name), loaded(b.picture.name)]);
  if (number !== differenceNumber) return;
  const box = boxOf(a.picture, b.picture);
  const [one, other] = pictures.map((picture) => pixelsIn(box, picture));
  const { pixels, mean } = differenceOf(one.pixels, other.pixels, factor);
  Object.assign(canvas, box);
  canvas.getContext("2d", { willReadFrequently: true }).putImageData(new ImageData(pixels, box.width, box.height), 0, 0);
  byId("difference-note").textContent = differenceNote(mean, box, factor);
}

function differenceNote(mean, box, factor) {
  if (mean === null) return "The pictures do not overlap.";
  const part = (100 * mean) / 255;
  return `Mean absolute difference ${shown(mean)} of 255 levels (${shown(part)} %), of the compressed pictures at `
    + `${box.width} × ${box.height}. Shown: |A − B| × ${factor}, colour by colour; black is equal.`;
}

/** Return the pixels of a picture fitted into a box; around it they are transparent. */
function pixelsIn(box, picture) {
  const canvas = element("canvas", box);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const scale = Math.min(box.width / picture.naturalWidth, box.height / picture.naturalHeight);
  const [width, height] = [Math.round(picture.naturalWidth * scale), Math.round(picture.naturalHeight * scale)];
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, Math.round((box.width - width) / 2), Math.round((box.height - height) / 2), width, height);
  return { pixels: context.getImageData(0, 0, box.width, box.height).data };
}

/** Return the amplified difference of two pictures, and the mean of what it was, where both are. */
function differenceOf(one, other, factor) {
  const pixels = new Uint8ClampedArray(one.length);
  let sum = 0;
  let count = 0;
  for (let at = 0; at < one.length; at += 4) {
    if (one[at + 3] < 255 || other[at + 3] < 255) continue;
    for (let colour = at; colour < at + 3; colour += 1) {
      const difference = Math.abs(one[colour] - other[colour]);
      pixels[colour] = factor * difference;
      sum += difference;
    }
    pixels[at + 3] = 255;
    count += 3;
  }
  return { pixels, mean: count > 0 ? sum / count : null };
}
