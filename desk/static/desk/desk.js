// What pages do by themselves: look for news, keys, approved phrases, typing. Without it every form still works.
"use strict";

const LIVE_MS = 3000;
const TYPING_MS = 3000;
const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

// --- news: the server renders a part of the page again, this puts it in ---
for (const part of $$("[data-live]")) {
  let newest = Number(part.dataset.newest || 0);
  const look = async () => {
    if (document.hidden || part.contains(document.activeElement)) return;
    const url = new URL(part.dataset.live, location);
    if (part.dataset.state) url.searchParams.set("state", part.dataset.state);
    const answer = await fetch(url, { headers: { "X-Live": "1" }, redirect: "manual" }).catch(() => null);
    if (answer?.status === 401) return location.assign(document.body.dataset.signIn);
    if (answer?.status !== 200) return;
    const open = $$("details[open]", part).map((one) => $$("details", part).indexOf(one));
    part.innerHTML = await answer.text();
    for (const index of open) $$("details", part)[index]?.setAttribute("open", "");
    part.dataset.state = $("[data-state]", part)?.dataset.state ?? "";
    const now = Number($("[data-newest-now]", part)?.dataset.newestNow || 0);
    if (now > newest) ring();
    newest = Math.max(newest, now);
    const seen = $("[data-give-back] [name=seen]");
    if (seen) seen.value = $$("[data-number]", part).at(-1)?.dataset.number ?? seen.value;
  };
  setInterval(look, LIVE_MS);
}

// --- a sound for somebody who waits; browsers want a click before the first one ---
let audio = null;
const sound = $("[data-sound]");
function ring() {
  if (!audio) return;
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  tone.frequency.value = 660;
  volume.gain.setValueAtTime(0.15, audio.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.7);
  tone.connect(volume).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.7);
}
sound?.addEventListener("click", () => {
  audio = audio ? (audio.close(), null) : new AudioContext();
  sound.setAttribute("aria-pressed", String(Boolean(audio)));
  ring();
});

// --- reply: one token for each text, so that two clicks say it once; typing; phrases ---
const reply = $("[data-reply]");
if (reply) {
  const text = $("textarea", reply);
  const token = $("[name=token]", reply);
  token.value = crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), (n) => n.toString(16)).join("");
  let told = 0;
  text.addEventListener("input", () => {
    if (Date.now() - told < TYPING_MS) return;
    told = Date.now();
    const form = new FormData();
    form.set("csrfmiddlewaretoken", $("[name=csrfmiddlewaretoken]", reply).value);
    fetch(reply.dataset.typing, { method: "POST", body: form }).catch(() => {});
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) reply.requestSubmit();
  });
  reply.addEventListener("submit", () => setTimeout(() => ($("button.primary", reply).disabled = true)));
  for (const phrase of $$("[data-phrase]", reply)) {
    phrase.addEventListener("click", () => {
      text.value += (text.value ? "\n" : "") + phrase.textContent;
      text.focus();
    });
  }
}

// --- another plan: only the fields that the chosen kind has ---
const kind = $("#id_kind");
const ofKinds = $$("[data-of-kinds]");
if (kind && ofKinds.length) {
  const fit = () => {
    for (const field of ofKinds) field.closest("p").hidden = !field.dataset.ofKinds.split(" ").includes(kind.value);
  };
  kind.addEventListener("change", fit);
  fit();
}

for (const button of $$("[data-sure]")) {
  button.addEventListener("click", (event) => {
    if (!confirm(button.dataset.sure)) event.preventDefault();
  });
}
$("[data-print]")?.addEventListener("click", () => print());
for (const button of $$("[data-help]")) button.addEventListener("click", () => $("#help").showModal());

// --- keys ---
let row = -1;
function choose(step) {
  const rows = $$("tr[data-row]");
  if (!rows.length) return;
  row = Math.min(rows.length - 1, Math.max(0, row + step));
  rows.forEach((one, index) => one.classList.toggle("chosen", index === row));
  rows[row].scrollIntoView({ block: "nearest" });
}
let problem = -1;
function jump(step) {
  const problems = $$("[data-problem]");
  if (!problems.length) return;
  problem = (problem + step + problems.length) % problems.length;
  problems[problem].scrollIntoView({ block: "center" });
  problems[problem].focus();
}
$("[data-problem-next]")?.addEventListener("click", () => jump(1));
const KEYS = {
  "/": () => ($("#id_text") ?? location.assign("/conversations/"))?.focus?.(),
  "?": () => $("#help").showModal(),
  j: () => choose(1),
  k: () => choose(-1),
  Enter: () => $("tr.chosen a")?.click(),
  n: () => jump(1),
  p: () => jump(-1),
  r: () => $("#reply-text")?.focus(),
};
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, button, a, summary")) return;
  if (KEYS[event.key]) {
    event.preventDefault();
    KEYS[event.key]();
  }
});
