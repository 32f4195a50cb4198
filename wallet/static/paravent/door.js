// Forms that make or ask a passkey and then go on:
// <form data-passkey="make|get" data-begin="/…/begin" data-finish="/…/finish" data-next="/where/to">

import { busy, get, make, send, stepUp } from "./passkey.js";

async function begin(form) {
  const body = form.elements.password ? { password: form.elements.password.value } : {};
  try {
    return await send(form.dataset.begin, body, form);
  } catch (trouble) {
    if (trouble.slug !== "step-up-required") throw trouble;
    await stepUp(form);
    return send(form.dataset.begin, body, form);
  }
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (form.getAttribute("aria-busy") === "true") return;
    busy(form, event.submitter, async () => {
      const { publicKey, fresh } = await begin(form);
      if (fresh) return window.location.assign(form.dataset.next);
      const credential = await (form.dataset.passkey === "make" ? make : get)(publicKey);
      const { next } = await send(form.dataset.finish, { credential, next: form.dataset.next || "" }, form);
      window.location.assign(next);
    });
  });
}
