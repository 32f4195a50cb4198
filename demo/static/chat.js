"use strict";
// The page asks for the state of the thread and draws what has changed; nothing is made of HTML text.

const words = JSON.parse(document.getElementById("words").textContent);
const language = document.documentElement.lang;
const messages = document.getElementById("messages");
const received = document.getElementById("received");
let drawnMessages = "";
let drawnReceived = "";
let room = document.querySelector("[data-room][aria-current]")?.dataset.room || "";

function money(amount) {
  const format = new Intl.NumberFormat(language, { style: "currency", currency: amount.currency });
  return format.format(amount.value / 10 ** format.resolvedOptions().maximumFractionDigits);
}

function phrase(name, amount) {
  const friend = document.querySelector('[data-room=""]').dataset.title;
  return words[name].replace("{amount}", amount ? money(amount) : "").replace("{name}", friend);
}

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function status(name, amount, kind = "") {
  return element("span", { className: `status ${kind}`, textContent: phrase(name, amount) });
}

function below(message) {
  const { status: state, amount } = message;
  if (state === "paid") return [status("paid", amount, "paid")];
  if (state === "held") return [status("held", amount, "paid")];
  if (state === "refunded") return [status("refunded", amount)];
  if (["declined", "canceled", "expired"].includes(state)) return [status(state, amount, "bad")];
  if (state === "refused") return [status("refused", amount, "bad")];
  if (state === "unlinked") return [status("unlinked", amount)];
  if (!message.request) return [];
  if (message.payer === "guest") return [element("span", { className: "status", textContent: money(amount) }), element("a", { href: message.pay_url, textContent: words.guest_link })];
  if (!message.my_turn) return [status("waiting", amount)];
  if (state === "requires_approval" && message.approve_url) {
    return [element("a", { className: "pay", href: message.approve_url, textContent: phrase("approve", amount) })];
  }
  if (!linked) return [element("a", { className: "pay", href: message.pay_url, textContent: phrase("pay_on_wallet", amount) })];
  const button = element("button", { type: "button", textContent: phrase("pay", amount) });
  button.addEventListener("click", async () => {
    button.disabled = true;
    button.textContent = words.busy;
    await post(`/pay/${message.request}`, {});
  });
  return [button];
}

let linked = false;

function draw(state) {
  linked = Boolean(state.link);
  document.getElementById("link-card").hidden = linked;
  const handle = document.getElementById("handle");
  handle.hidden = !linked;
  handle.querySelector("code").textContent = state.link || "";

  const now = JSON.stringify([state.messages, state.link]);
  if (now !== drawnMessages) {
    drawnMessages = now;
    messages.replaceChildren(...state.messages.map((message) => {
      const after = below(message);
      const bubble = element("li", { className: message.is_share ? "bubble share" : message.mine ? "bubble mine" : "bubble" }, element("p", { textContent: message.text }));
      if (after.length) bubble.append(element("div", { className: "after" }, ...after));
      return bubble;
    }));
    messages.scrollTop = messages.scrollHeight;
  }
  const newest = String(state.received.length && state.received[0].id);
  if (newest !== drawnReceived) {
    drawnReceived = newest;
    document.getElementById("nothing").hidden = state.received.length > 0;
    received.replaceChildren(...state.received.map((one, index) => {
      const details = element("details", { open: index === 0 },
        element("summary", {}, element("span", { className: "code", textContent: one.status || "" }), element("span", { textContent: one.what })),
        element("pre", { textContent: one.body }));
      return element("li", {}, details);
    }));
  }
}

async function look() {
  try {
    const asked = room;
    const answer = await fetch(`/state?room=${room}`);
    if (answer.status === 401) { location.reload(); return; }
    const state = await answer.json();
    if (asked === room) draw(state);
  } catch { /* The chat is restarting: the next look finds it. */ }
}

async function post(path, body) {
  const failed = document.getElementById("failed");
  try {
    const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    failed.hidden = answer.ok;
  } catch { failed.hidden = false; }
  drawnMessages = "";
  await look();
}

document.getElementById("write").addEventListener("submit", async (event) => {
  event.preventDefault();
  const field = document.getElementById("text");
  const text = field.value.trim();
  if (!text) return;
  field.value = "";
  await post("/say", { text, room });
});

for (const button of document.querySelectorAll("[data-say]")) {
  button.addEventListener("click", () => post("/say", { text: button.textContent, room }));
}

for (const tab of document.querySelectorAll("[role=tab]")) {
  tab.addEventListener("click", () => {
    for (const other of document.querySelectorAll("[role=tab]")) other.setAttribute("aria-selected", String(other === tab));
    document.querySelector(".rooms").dataset.shown = tab.getAttribute("aria-controls");
  });
}

for (const button of document.querySelectorAll("[data-room]")) {
  button.addEventListener("click", () => {
    room = button.dataset.room;
    for (const other of document.querySelectorAll("[data-room]")) {
      if (other === button) other.setAttribute("aria-current", "true");
      else other.removeAttribute("aria-current");
    }
    for (const ways of document.querySelectorAll("[data-try]")) ways.hidden = ways.dataset.try !== room;
    document.getElementById("thread-name").textContent = button.dataset.title;
    drawnMessages = "";
    look();
  });
}

look();
setInterval(look, 1500);
