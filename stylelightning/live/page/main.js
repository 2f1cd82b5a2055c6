// Asks the server for what is new, about once a second, as long as the page is looked at.

import { drawCurve } from "./curve.js";
import { byId, say } from "./dom.js";
import { shownSeconds } from "./numbers.js";
import { askForPicture, shownStep, startChoice } from "./picture.js";
import { drawPoints, shownPoint } from "./points.js";
import { drawStop, startStop } from "./stop.js";

const RETRY = 2000; // milliseconds
const LEAST = 50; // after an answer without news; the server holds those back
const STATUS = {
  starting: "Starting",
  running: "Running",
  stopping: "Stopping after this step",
  done: "Done",
  stopped: "Stopped",
  failed: "Failed",
};
const ENDED = ["done", "stopped", "failed"];

let state = null;
let asking = new AbortController(); // of what is under way, for when the page is hidden

const ended = () => state !== null && ENDED.includes(state.status);

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function visible() {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
}

async function askForState(signal) {
  const seen = encodeURIComponent(state?.mark ?? "");
  const response = await fetch(`/state.json?seen=${seen}`, { signal, cache: "no-store" });
  if (!response.ok) throw new Error(response.statusText);
  const before = state?.mark;
  state = await response.json();
  draw();
  return state.mark !== before;
}

function askForNewest(signal) {
  const point = shownPoint();
  return askForPicture(point, state?.points[point]?.name ?? "", signal);
}

/** Ask again and again, until there is no more to come. */
async function follow(ask, enough) {
  while (!enough()) {
    await visible();
    const last = ended();
    const { signal } = asking;
    try {
      const isNew = await ask(signal);
      if (!isNew) await wait(LEAST);
      say("lost", "");
    } catch {
      if (signal.aborted) continue;
      lose();
      if (!last) await wait(RETRY);
    }
    if (last) return;
  }
}

/** Say that nobody answers; the last picture stays. */
function lose() {
  if (ended()) return;
  say("lost", "The connection is lost: the run has ended, or its machine can't be reached. The picture is the last one that came.");
  byId("status").textContent = "Connection lost";
  byId("status").dataset.status = "lost";
  byId("stopping").hidden = true;
}

function draw() {
  const { run } = state;
  say("title", state.title);
  byId("status").textContent = STATUS[state.status];
  byId("status").dataset.status = state.status;
  document.title = `${STATUS[state.status]}${run?.last_step ? ` ${run.step}/${run.last_step}` : ""}, ${state.title || "stylelightning"}`;
  say("ended", endOf(state));
  say("run-name", run && state.points.length > 0 ? state.points[state.newest].name : "");
  drawProgress(run);
  drawCurve(run?.curve ?? {}, run?.ends ?? []);
  drawPoints(state);
  drawStop(state);
}

function endOf({ run, result }) {
  if (!ended()) return "";
  const file = result ?? run?.result;
  const what = state.points.length > 0 ? "sweep" : "run";
  return `The ${what} has ended, and this page's server with it.${file ? ` What it made is in ${file}` : ""}`;
}

function drawProgress(run) {
  byId("progress").hidden = !run?.last_step;
  if (!run?.last_step) return;
  byId("step").textContent = `Step ${run.step}`;
  byId("last-step").textContent = `of ${run.last_step}`;
  byId("bar").value = run.step / run.last_step;
  byId("left").textContent = ended() ? "–" : shownSeconds(run.seconds_left);
  byId("seconds").textContent = shownSeconds(run.seconds);
  byId("scale").textContent = `${run.scale} of ${run.scales}`;
  byId("size").textContent = `${run.width} × ${run.height} px`;
}

function interrupt() {
  asking.abort();
  asking = new AbortController();
}

startChoice();
startStop();
document.addEventListener("visibilitychange", () => document.hidden && interrupt());
document.addEventListener("chosen", () => {
  draw();
  interrupt();
});
addEventListener("resize", () => state && draw());
follow(askForState, ended);
follow(askForNewest, () => ended() && (state.points.length > 0 || shownStep() >= (state.run.step ?? 0)));
