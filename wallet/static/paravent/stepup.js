// Forms that are sent only after a passkey said yes: <form data-stepup data-stepup-binding='{"amount": 1250, …}'>.
// This is for the person's comfort: the server checks the proof itself when the form arrives.

import { busy, stepUp } from "./passkey.js";

for (const form of document.querySelectorAll("form[data-stepup]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.confirmed) return;
    event.preventDefault();
    if (form.getAttribute("aria-busy") === "true") return;
    const button = event.submitter;
    busy(form, button, async () => {
      await stepUp(form, form.dataset.stepupBinding ? JSON.parse(form.dataset.stepupBinding) : null);
      form.dataset.confirmed = "yes";
      form.requestSubmit(button);
      // Back on this page by the browser's own memory: ask again.
      setTimeout(() => {
        delete form.dataset.confirmed;
        form.removeAttribute("aria-busy");
        button?.removeAttribute("aria-busy");
      }, 5000);
    });
  });
}
