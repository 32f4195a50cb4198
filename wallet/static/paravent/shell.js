// The frame of every page: the "More" sheet closes by itself, counts are fetched late, codes can be copied.

for (const sheet of document.querySelectorAll("details[data-sheet]")) {
  document.addEventListener("click", (event) => {
    if (!sheet.contains(event.target)) sheet.open = false;
  });
  sheet.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !sheet.open) return;
    sheet.open = false;
    sheet.querySelector("summary").focus();
  });
}

// Leaving the page with a step back must not show an old balance out of the browser's own memory.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) window.location.reload();
});

const counts = document.querySelectorAll("[data-count-from]");
if (counts.length) {
  fetch(counts[0].dataset.countFrom, { headers: { Accept: "application/json" } })
    .then((answer) => (answer.ok ? answer.json() : { unread: 0 }))
    .then(({ unread }) => {
      for (const count of counts) {
        count.hidden = !unread;
        count.firstElementChild.textContent = unread > 99 ? "99+" : String(unread);
      }
    })
    .catch(() => {});
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    const from = document.getElementById(button.dataset.copy);
    const items = [...from.querySelectorAll("li")].map((item) => item.textContent.trim());
    await navigator.clipboard.writeText(items.length ? items.join("\n") : from.textContent.trim());
    button.textContent = button.dataset.copied;
  });
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// One press, one request: a second press of the same form is swallowed (the server would refuse or repeat it anyway).
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  const button = event.submitter;
  if (button) button.setAttribute("aria-busy", "true");
  setTimeout(() => {
    delete form.dataset.sent;
    if (button) button.removeAttribute("aria-busy");
  }, 4000);
});
