// A card number leaves the page by itself: after its seconds, when the page is put away, and when it comes back from
// the browser's memory. Without this script the server's Refresh header does the same.

const box = document.querySelector("[data-vanish]");

function vanish() {
  for (const secret of box.querySelectorAll(".secret")) {
    secret.textContent = "••••";
  }
  location.replace(box.dataset.away);
}

if (box) {
  const seconds = Number(box.dataset.vanish);
  const started = performance.now();
  const left = box.querySelector("[data-vanish-left]");
  const timer = setInterval(() => {
    const remaining = seconds - (performance.now() - started) / 1000;
    left.value = Math.max(0, remaining);
    if (remaining <= 0) {
      clearInterval(timer);
      vanish();
    }
  }, 250);
  window.addEventListener("pageshow", (event) => event.persisted && vanish());
}
