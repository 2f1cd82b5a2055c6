// The button that ends the run as Ctrl-C does.

import { byId } from "./dom.js";

const WHAT = {
  run: "The run ends when its present step is done. Its picture and a checkpoint are written, unless that was switched off, so that it can be gone on with.",
  sweep: "The runs under way end when their present steps are done, and no other begins. The same command goes on where it was.",
};

export function startStop() {
  const token = document.querySelector("meta[name=stop-token]").content;
  byId("stop").addEventListener("click", () => confirm(true));
  byId("confirm-cancel").addEventListener("click", () => confirm(false));
  byId("confirm-stop").addEventListener("click", async () => {
    confirm(false);
    await fetch("/stop", { method: "POST", body: token }).catch(() => {}); // the state says whether it came
  });
}

function confirm(asked) {
  byId("confirm").hidden = !asked;
  byId("stop").hidden = asked;
  byId(asked ? "confirm-cancel" : "stop").focus();
}

export function drawStop(state) {
  const sweep = state.points.length > 0;
  byId("stopping").hidden = !["starting", "running"].includes(state.status);
  byId("stop").textContent = sweep ? "Stop the sweep" : "Stop after this step";
  byId("confirm-text").textContent = WHAT[sweep ? "sweep" : "run"];
}
