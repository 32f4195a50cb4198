// A reply that gets lost says nothing about the payment: then this page says "unknown", looks again, and shows how it is.
// What is sent and what is checked is the form itself; without this script it is sent as any form is.

const form = document.querySelector("form[data-payment]");
const unknown = document.getElementById("payment-unknown");

async function lookAgain() {
  try {
    const page = await fetch(window.location.pathname, { cache: "no-store" });
    if (page.ok) window.location.assign(window.location.pathname);
    else setTimeout(lookAgain, 3000);
  } catch {
    setTimeout(lookAgain, 3000);
  }
}

form?.addEventListener("submit", async (event) => {
  // The passkey first: its script sends the form again.
  if (!form.dataset.confirmed) return;
  event.preventDefault();
  let answer;
  try {
    answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { Accept: "application/json" } });
  } catch {
    form.hidden = true;
    unknown.hidden = false;
    setTimeout(lookAgain, 3000);
    return;
  }
  const isDone = answer.ok && (answer.headers.get("Content-Type") || "").includes("json");
  if (isDone) window.location.assign((await answer.json()).next);
  // Refused, and nothing moved: sent once more as a page, which says why.
  else form.submit();
});
