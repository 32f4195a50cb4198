// A number that the card network keeps. Its own script makes a nonce, our server gets a key for one look, and its frames
// show the number: neither this script nor our server can read them.

import { Trouble, busy, send, stepUp } from "../paravent/passkey.js";

const form = document.querySelector("form[data-there]");
const shown = document.querySelector("[data-shown]");
const { networkCard, key, api, away, seconds, failed } = form.dataset;
const PARTS = { issuingCardNumberDisplay: "number", issuingCardExpiryDisplay: "expiry", issuingCardCvcDisplay: "cvc" };

async function show() {
  if (!window.Stripe) throw new Trouble(failed);
  const stripe = window.Stripe(key);
  const made = await stripe.createEphemeralKeyNonce({ issuingCard: networkCard });
  if (!made.nonce) throw new Trouble(failed);
  const body = { nonce: made.nonce };
  if (form.elements.meant_for) body.for = form.elements.meant_for.value;
  const given = await send(api, body, form);
  const elements = stripe.elements();
  for (const [kind, part] of Object.entries(PARTS)) {
    elements
      .create(kind, { issuingCard: networkCard, nonce: given.nonce, ephemeralKeySecret: given.ephemeral_key })
      .mount(`#there-${part}`);
  }
  form.hidden = true;
  shown.hidden = false;
  hideAfter(Number(seconds));
}

function hideAfter(length) {
  const started = performance.now();
  const left = shown.querySelector("[data-left]");
  setInterval(() => {
    const remaining = length - (performance.now() - started) / 1000;
    left.value = Math.max(0, remaining);
    if (remaining <= 0) location.replace(away);
  }, 250);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (form.getAttribute("aria-busy") === "true") return;
  busy(form, event.submitter, async () => {
    await stepUp(form, null);
    await show();
  });
});
window.addEventListener("pageshow", (event) => event.persisted && location.replace(away));
